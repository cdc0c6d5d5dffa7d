/**
 * @file A CSV file → a table. In: its content and encoding. Out: columns as SQL over the file itself where it is regular; else over
 * a copy in which every line that can be read stands, with an issue for each that cannot.
 */
import { type CsvRecord, csvReader } from "../csv.ts";
import { type CsvDialect, csvDialect } from "../csv-dialect.ts";
import { DataError } from "../data-error.ts";
import type { Reading } from "../dataset.ts";
import { type DecodeNotes, decodeText, type Encoding } from "../encoding.ts";
import { type Compression, type Content, readBytes } from "./content.ts";
import { scanRegular } from "./csv-scan.ts";
import { type Database, sqlPath, sqlText } from "./duckdb.ts";
import type { Table } from "./file-source.ts";
import { type SourceColumn, textColumn } from "./source.ts";
import { type SourceIssues, sourceIssues } from "./source-issues.ts";
import { lineSize, longestRow, tableWriter } from "./table-writer.ts";

/** DuckDB keeps a buffer for every node of every expression: the cells of files with more columns are trimmed while they are copied. */
const mostTrimmed = 500;

type CsvPlan = Pick<Reading, "header" | "delimiter">;

export async function openCsv(database: Database, content: Content, encoding: Encoding, plan: CsvPlan): Promise<Table> {
  const { path, compression } = content;
  const head = await headText(content, encoding);
  const dialect = csvDialect(head, content.whole, plan.delimiter);
  const { form, first } = dialect;
  if (first.length === 0)
    throw new DataError(`Cannot read ${path}: no line of it holds anything. Expected a header and rows.`);
  const layout = layoutOf(dialect, plan.header);
  const isWide = layout.names.length > mostTrimmed;
  const columns = layout.names.map((name, i) =>
    isWide ? { name, raw: `c${i}`, text: `c${i}` } : textColumn(name, `c${i}`),
  );
  // DuckDB takes the line break in a quoted cell of the first line for that of the lines.
  const breaksInFirst = first.some((cell) => cell.includes("\n"));
  const isPlain =
    !isWide && !breaksInFirst && encoding === "utf-8" && layout.names.length === first.length && !form.returns;
  if (isPlain && form.delimiter.length === 1 && form.delimiter !== "\0" && form.delimiter < "\x7f") {
    const [delimiter, quote] = [form.delimiter.charCodeAt(0), form.quote.charCodeAt(0)];
    const scan = { delimiter, quote, width: first.length, longest: longestRow };
    const longest = await scanRegular(readBytes(path, compression), scan);
    if (longest !== undefined) {
      const from = regular(content, dialect, plan, await lineSize(database, longest));
      return { columns, from, issues: [] };
    }
  }
  return copied(database, content, encoding, { dialect, layout, columns, plan });
}

async function headText({ head, whole }: Content, encoding: Encoding): Promise<string> {
  const bytes = whole || encoding !== "utf-8" ? head : head.subarray(0, head.lastIndexOf(10) + 1 || head.length);
  let text = "";
  async function* once() {
    yield await Promise.resolve(bytes);
  }
  for await (const piece of decodeText(once(), encoding, { lines: 0, firstLine: 0 })) text += piece;
  return text.replace(/^\ufeff/, "");
}

interface Layout {
  readonly names: readonly string[];
  /** What the names do not say about the lines. */
  readonly remark?: string;
}

/** Lines wider than the header: one more cell is a name of the row, as R writes it; more are columns without a name. */
function layoutOf({ first, width, trailing }: CsvDialect, header: boolean): Layout {
  const numbered = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `column${from + i + 1}`);
  if (!header) return { names: numbered(0, Math.max(first.length, trailing ? 0 : width)) };
  const names = first.map((name, i) => name.trim() || `column${i + 1}`);
  if (width <= first.length || trailing) return { names };
  const remark = `the header names ${first.length} columns, most lines hold ${width} cells`;
  if (width === first.length + 1 && !names.includes("row"))
    return { names: ["row", ...names], remark: `${remark}; the first is called "row"` };
  return { names: [...names, ...numbered(first.length, width)], remark: `${remark}; the others are numbered` };
}

const duckCompression: Record<Compression, string> = { none: "uncompressed", gzip: "gzip", zstd: "zstd" };

function regular(
  { path, compression }: Content,
  { form, first }: CsvDialect,
  { header }: CsvPlan,
  size: string,
): string {
  const types = first.map((_, i) => `'c${i}': 'VARCHAR'`).join(", ");
  const quote = sqlText(form.quote);
  return (
    `read_csv(${sqlPath(path)}, header=${header}, delim=${sqlText(form.delimiter)}, quote=${quote}, escape=${quote}, ` +
    `auto_detect=false, parallel=false, ${size}, compression='${duckCompression[compression]}', columns={${types}})`
  );
}

interface CopyPlan {
  readonly dialect: CsvDialect;
  readonly layout: Layout;
  readonly columns: readonly SourceColumn[];
  readonly plan: CsvPlan;
}

async function copied(
  database: Database,
  { path, compression }: Content,
  encoding: Encoding,
  { dialect, layout, columns, plan }: CopyPlan,
): Promise<Table> {
  const issues = sourceIssues();
  if (layout.remark !== undefined) issues.add({ code: "line-repaired", at: "line 1", detail: layout.remark });
  const notes: DecodeNotes = { lines: 0, firstLine: 0 };
  const table = tableWriter(database);
  const reader = csvReader(dialect.form);
  const { length: width } = layout.names;
  const isWide = width > mostTrimmed;
  let isHeader = plan.header;
  const keep = async (records: readonly CsvRecord[]) => {
    for (const record of records) {
      const cells = isHeader ? undefined : fitted(record, width, issues);
      isHeader = false;
      if (cells !== undefined) await table.append(isWide ? cells.map((cell) => cell.trim()) : cells);
    }
  };
  for await (const text of decodeText(readBytes(path, compression), encoding, notes)) await keep(reader.push(text));
  await keep(reader.end());
  const from = await table.finish(width);
  const all = issues.list();
  if (notes.lines > 0) {
    const which =
      notes.lines === 1 ? `line ${notes.firstLine} is` : `${notes.lines} lines, from line ${notes.firstLine}, are`;
    all.unshift({ code: "encoding-assumed", at: "text", detail: `${which} not UTF-8; read as Windows-1252 (Latin-1)` });
  }
  refuseNothing(
    path,
    table.rows,
    all.find(({ code }) => code === "line-skipped"),
  );
  return { columns, from, issues: all };
}

/** The cells of a record, or nothing where they do not fit. */
function fitted({ cells, line, fault }: CsvRecord, width: number, issues: SourceIssues): string[] | undefined {
  const at = `line ${line}`;
  const kept = cells.slice(0, width).map((cell) => cell.replaceAll("\0", "\ufffd"));
  const surplus = cells.length > width && cells.slice(width).some((cell) => cell.trim() !== "");
  const isLong = kept.reduce((sum, cell) => sum + cell.length, 0) > longestRow / 2;
  if (surplus || isLong) {
    const detail = isLong
      ? `longer than ${longestRow / 2} characters; left out`
      : `expected ${width} cells, found ${cells.length}; left out. Quote cells that contain the delimiter`;
    issues.add({ code: "line-skipped", at, detail });
    return undefined;
  }
  if (fault)
    issues.add({
      code: "line-repaired",
      at,
      detail: "a quote is opened and not closed, or not doubled; read as it stands",
    });
  else if (kept.length < width)
    issues.add({
      code: "line-repaired",
      at,
      detail: `expected ${width} cells, found ${kept.length}; the others are missing`,
    });
  return kept;
}

function refuseNothing(path: string, rows: number, skipped: { at: string; detail: string } | undefined): void {
  if (rows > 0 || skipped === undefined) return;
  throw new DataError(`Cannot read ${path}: no line can be read; ${skipped.at}: ${skipped.detail}.`);
}
