/**
 * @file A path → a relation that DuckDB can scan. In: the path of a CSV, JSONL or Parquet file. Out: its columns as SQL
 * expressions (text, or the bytes of media) over one FROM clause. Refuses what is no such file, naming what it is instead.
 */
import { open, stat } from "node:fs/promises";
import { constants, createGunzip } from "node:zlib";
import { csvDialect } from "../csv.ts";
import { DataError, nameList } from "../data-error.ts";
import { type Database, sqlName, sqlPath, sqlText } from "./duckdb.ts";
import { explainRead } from "./explain-read.ts";

export interface SourceColumn {
  readonly name: string;
  /** SQL for the cell's text; for media with bytes, the file's name where the source has one. */
  readonly text: string;
  /** SQL for the file's content, where the column can hold it. */
  readonly bytes?: string;
}

export interface Source {
  readonly path: string;
  readonly columns: readonly SourceColumn[];
  /** What stands after FROM. */
  readonly from: string;
}

const headLength = 256 * 1024;
const longestLine = 16 * 1024 * 1024;

export async function openSource(database: Database, path: string, header: boolean): Promise<Source> {
  const head = await readHead(path);
  const bare = path.toLowerCase().replace(/\.gz$/, "");
  const isParquet = Buffer.from(head.bytes.subarray(0, 4)).toString("latin1") === "PAR1";
  if (!isParquet) refuseUnlessText(path, head);
  const source = isParquet ? await openParquet(database, path) : await openByText(database, path, bare, head, header);
  refuseRepeats(
    path,
    source.columns.map(({ name }) => name),
  );
  return source;
}

interface Head {
  readonly bytes: Uint8Array;
  readonly whole: boolean;
  readonly gzip: boolean;
}

async function readHead(path: string): Promise<Head> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" || cause.code === "ENOTDIR" ? "there is no such file" : cause.message;
    throw new DataError(`Cannot read ${path}: ${why}. Give the path of a CSV, JSONL or Parquet file.`, cause);
  });
  if (found.isDirectory()) {
    throw new DataError(
      `Cannot read ${path}: expected a file, found a folder. Give a CSV, JSONL or Parquet file in it.`,
    );
  }
  const raw = Buffer.alloc(headLength);
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw new DataError(`Cannot read ${path}: ${cause.message}. Check the file's permissions.`, cause);
  });
  const { bytesRead } = await file.read(raw, 0, headLength, 0).finally(() => file.close());
  if (bytesRead === 0) throw new DataError(`Cannot read ${path}: the file is empty. Expected a header and rows.`);
  const bytes = raw.subarray(0, bytesRead);
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const whole = bytesRead < headLength;
  return { bytes: gzip ? await inflateHead(path, bytes) : bytes, whole: whole && !gzip, gzip };
}

async function inflateHead(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  // A partial flush gives what a cut stream holds; only a broken one throws.
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  gunzip.end(bytes);
  const parts: Uint8Array[] = [];
  try {
    for await (const part of gunzip) parts.push(part as Uint8Array);
  } catch (cause) {
    throw new DataError(
      `Cannot read ${path}: it is marked as gzip but cannot be unpacked. Write the file again.`,
      cause,
    );
  }
  const text = Buffer.concat(parts);
  if (text.length === 0) throw new DataError(`Cannot read ${path}: the file is empty. Expected a header and rows.`);
  return text;
}

function refuseUnlessText(path: string, { bytes }: Head): void {
  const ascii = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  const refuse = (what: string, remedy: string) => {
    throw new DataError(`Cannot read ${path}: expected CSV, JSONL or Parquet, found ${what}. ${remedy}`);
  };
  if (ascii.startsWith("PK")) refuse("a zip or spreadsheet file", "Export the sheet as CSV, or unpack the archive.");
  if (/\.parquet$/i.test(path)) refuse("a file without Parquet's mark", "Write the file again.");
  if (ascii.startsWith("\xff\xfe") || ascii.startsWith("\xfe\xff")) refuse("UTF-16 text", "Save the file as UTF-8.");
  if (bytes.includes(0)) refuse("binary content", "Give a text file, or name the right one.");
  const text = new TextDecoder("utf-8", { fatal: true });
  try {
    text.decode(bytes, { stream: true });
  } catch {
    const controls = bytes.reduce((count, byte) => count + (byte < 9 || (byte > 13 && byte < 32) ? 1 : 0), 0);
    if (controls > bytes.length / 100) refuse("binary content", "Give a text file, or name the right one.");
    refuse("text that is not UTF-8", "Save the file as UTF-8, for example with `iconv -f latin1 -t utf8`.");
  }
}

async function openByText(
  database: Database,
  path: string,
  bare: string,
  head: Head,
  header: boolean,
): Promise<Source> {
  const text = new TextDecoder("utf-8").decode(head.bytes, { stream: true });
  const isJson =
    /\.(jsonl|ndjson|json)$/.test(bare) || (!/\.(csv|tsv)$/.test(bare) && text.trimStart().startsWith("{"));
  const compression = head.gzip ? "gzip" : "uncompressed";
  return isJson
    ? openJson(database, path, compression, bare.endsWith(".json") ? "auto" : "newline_delimited")
    : openCsv(path, text, head.whole, compression, header);
}

function openCsv(path: string, text: string, whole: boolean, compression: string, header: boolean): Source {
  const { delimiter, first, blankLines, mixedLines } = csvDialect(text, whole);
  if (first.length === 0)
    throw new DataError(`Cannot read ${path}: no line of it holds anything. Expected a header and rows.`);
  const types = first.map((_, i) => `'c${i}': 'VARCHAR'`).join(", ");
  const options = [
    `header=${header}, skip=${blankLines}, delim=${sqlText(delimiter)}, quote='"', escape='"', auto_detect=false`,
    `null_padding=true, parallel=false, strict_mode=${!mixedLines}, max_line_size=${longestLine}`,
    `compression=${sqlText(compression)}, columns={${types}}`,
  ];
  return {
    path,
    columns: first.map((name, i) => ({
      name: (header && name.trim()) || `column${i + 1}`,
      text: trimmed(`c${i}`, first.length),
    })),
    from: `read_csv(${sqlPath(path)}, ${options.join(", ")})`,
  };
}

async function openJson(database: Database, path: string, compression: string, format: string): Promise<Source> {
  const reader = `${sqlPath(path)}, format='${format}', compression='${compression}', maximum_object_size=${longestLine}`;
  const keys = await database
    .query(
      `SELECT key FROM (SELECT row, unnest(json_keys(json)) AS key, generate_subscripts(json_keys(json), 1) AS place FROM
       (SELECT row_number() OVER () AS row, json FROM read_json_objects(${reader}))) GROUP BY key ORDER BY min(row), min(place)`,
    )
    .catch((cause: unknown) => {
      throw explainRead(path, cause);
    });
  const names = keys.map(([key]) => String(key));
  if (names.length === 0)
    throw new DataError(`Cannot read ${path}: expected one JSON object a line, found none with a field.`);
  const types = names.map((name) => `${sqlText(name)}: 'VARCHAR'`).join(", ");
  return {
    path,
    columns: names.map((name) => ({ name, text: trimmed(sqlName(name), names.length) })),
    from: `read_json(${reader}, columns={${types}})`,
  };
}

async function openParquet(database: Database, path: string): Promise<Source> {
  const from = `read_parquet(${sqlPath(path)})`;
  const [described, schema] = await Promise.all([
    database.query(`DESCRIBE SELECT * FROM ${from}`),
    database.query(`SELECT name, num_children FROM parquet_schema(${sqlPath(path)})`),
  ]).catch((cause: unknown) => {
    throw explainRead(path, cause);
  });
  refuseRepeats(path, topLevelNames(schema.map(([name, children]) => [String(name), Number(children ?? 0)])));
  return {
    path,
    columns: described.map(([name, type]) => parquetColumn(String(name), String(type), described.length)),
    from,
  };
}

function parquetColumn(name: string, type: string, columns: number): SourceColumn {
  const column = sqlName(name);
  if (type === "BLOB") return { name, text: "NULL::VARCHAR", bytes: column };
  // As published data sets carry media: {bytes, path}, either of which may be null.
  if (/^STRUCT\(/.test(type) && /\bbytes"? BLOB/.test(type)) {
    return { name, text: /\bpath"? VARCHAR/.test(type) ? `${column}.path` : "NULL::VARCHAR", bytes: `${column}.bytes` };
  }
  return { name, text: trimmed(`CAST(${column} AS VARCHAR)`, columns) };
}

/** The schema lists a tree depth first; DuckDB itself renames repeated columns without a word. */
function topLevelNames(schema: readonly (readonly [string, number])[]): string[] {
  const names: string[] = [];
  let at = 1;
  const skip = (): void => {
    const children = schema[at++]![1];
    for (let i = 0; i < children; i++) skip();
  };
  while (at < schema.length) {
    names.push(schema[at]![0]);
    skip();
  }
  return names;
}

/** Every node of every expression costs DuckDB a buffer: of many columns only the plain form fits into memory. */
const fewColumns = 500;

/** Asked first whether there is anything to trim: trimming every cell takes longer than reading the file. */
const trimmed = (expression: string, columns: number): string => {
  if (columns > fewColumns) return `trim(${expression}, E' \\t\\r\\n')`;
  const ends = [" ", "\\t", "\\r", "\\n"].map((space) => `suffix(${expression}, E'${space}')`);
  return `CASE WHEN ${expression} < '!' OR ${ends.join(" OR ")} THEN trim(${expression}, E' \\t\\r\\n') ELSE ${expression} END`;
};

function refuseRepeats(path: string, names: readonly string[]): void {
  const repeated = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  if (repeated.length === 0) return;
  throw new DataError(
    `Cannot read ${path}: expected every column to have its own name, found ${nameList(repeated)} more than once. Rename all but one` +
      (/\.parquet$/i.test(path) ? "." : ", or use --no-header where the first line is no header."),
  );
}
