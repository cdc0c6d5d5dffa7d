/**
 * @file A JSON file → a table. In: its content and encoding. Out: columns as SQL over a copy on disk. Objects are rows, one a line,
 * one after another or in a list; or the file is one object of columns. What is broken becomes an issue, the rest goes on.
 */
import { DataError } from "../data-error.ts";
import { decodeText, type Encoding } from "../encoding.ts";
import { cellText, flatten, type Json, JsonFault, type JsonPiece, jsonSplitter, parseJson } from "../json.ts";
import { rowsOfDocument } from "../json-document.ts";
import { type Content, readBytes } from "./content.ts";
import type { Database } from "./duckdb.ts";
import type { Table } from "./file-source.ts";
import { textColumn } from "./source.ts";
import { sourceIssues } from "./source-issues.ts";
import { tableWriter } from "./table-writer.ts";

/** Characters of one value at most: a document of columns stands whole in memory. */
const longestValue = 256 * 1024 * 1024;
const mostColumns = 20_000;

/** By its first characters; a file called .csv must prove it with a whole value on its first line. */
export async function isJson(content: Content, encoding: Encoding): Promise<boolean> {
  let text = "";
  async function* once() {
    yield await Promise.resolve(content.head.subarray(0, 64 * 1024));
  }
  for await (const piece of decodeText(once(), encoding, { lines: 0, firstLine: 0 })) text += piece;
  const start = text.replace(/^\ufeff/, "").trimStart();
  if (!/^(\{\s*["}]|\[\s*([[{"\]\d-]|null|true|false))/.test(start)) return false;
  const bare = content.path.toLowerCase().replace(/\.(gz|zst)$/, "");
  if (/\.(jsonl|ndjson|json|geojson)$/.test(bare)) return true;
  const [first] = start.split(/\r?\n/);
  if (/^[[{]$/.test(first!.trim())) return true;
  try {
    parseJson(first!.trim().replace(/,$/, ""));
    return true;
  } catch {
    // One long line, of which the head is a part.
    return first!.length === start.length && !/\.(csv|tsv|txt)$/.test(bare);
  }
}

export async function openJson(database: Database, content: Content, encoding: Encoding): Promise<Table> {
  const { path, compression } = content;
  const issues = sourceIssues();
  const table = tableWriter(database);
  const places = new Map<string, number>();
  const onlyNull = new Set<string>();
  const putRow = async (row: ReadonlyMap<string, Json>) => {
    const cells: string[] = [];
    flatten(row, (name, text) => {
      let place = places.get(name);
      if (place === undefined) {
        places.set(name, (place = places.size));
        onlyNull.add(name);
      }
      if (text !== null) onlyNull.delete(name);
      if (cells[place]) throw new JsonFault(`duplicate key "${name}"`);
      while (cells.length < place) cells.push("");
      cells[place] = (text ?? "").replaceAll("\0", "\ufffd");
    });
    if (places.size > mostColumns)
      throw new DataError(
        `Cannot read ${path}: its objects have more than ${mostColumns} different keys. Make one key hold them as a list.`,
      );
    await table.append(cells);
  };
  const splitter = lineByLine(content) ? lineSplitter() : jsonSplitter();
  /** The first value waits until a second one shows that it is a row. */
  let first: JsonPiece | undefined;
  let header: string[] | undefined;
  let count = 0;
  const takeValue = async (value: Json) => {
    if (value instanceof Map) return putRow(value as ReadonlyMap<string, Json>);
    if (!Array.isArray(value)) return putRow(new Map([["value", value]]));
    const items = value as readonly Json[];
    // A list of lists: the first holds the names.
    if (header === undefined) header = items.map((item, i) => cellText(item) || `column${i + 1}`);
    else return putRow(new Map(items.map((item, i) => [header![i] ?? `column${i + 1}`, item])));
  };
  const take = async ({ text, line }: JsonPiece) => {
    count++;
    try {
      await takeValue(parseJson(text));
    } catch (cause) {
      if (!(cause instanceof JsonFault)) throw cause;
      // A brace that is missing joins what follows: whole objects on lines of their own are rows all the same.
      for (const row of text.includes("\n") ? objectsOnLines(text) : []) await putRow(row);
      issues.add({
        code: "line-skipped",
        at: `line ${line}`,
        detail: `expected a JSON object, but ${cause.message}; left out`,
      });
    }
  };
  const takeAll = async (pieces: readonly JsonPiece[]) => {
    for (const piece of pieces) {
      if (first === undefined && count === 0) first = piece;
      else {
        if (first !== undefined) await take(first);
        first = undefined;
        await take(piece);
      }
    }
    if (splitter.held > longestValue)
      throw new DataError(
        `Cannot read ${path}: one value in it is longer than ${longestValue} characters. Save it as JSONL, a row a line.`,
      );
  };
  for await (const text of decodeText(readBytes(path, compression), encoding, { lines: 0, firstLine: 0 }))
    await takeAll(splitter.push(text.replace(/^\ufeff/, "")));
  await takeAll(splitter.end());
  if (first !== undefined) {
    const rows = /\.(jsonl|ndjson)(\.gz|\.zst)?$/i.test(path) ? undefined : documentRows(first);
    if (rows === undefined) await take(first);
    else for (const row of rows) await putRow(row);
  }
  const skipped = issues.list().find(({ code }) => code === "line-skipped");
  if (places.size === 0) {
    const why = skipped ? `; ${skipped.at}: ${skipped.detail}` : "";
    throw new DataError(`Cannot read ${path}: expected JSON objects with fields, found none${why}.`);
  }
  // An object that a row lacks: its fields are the columns.
  const isParted = (name: string) => [...places.keys()].some((other) => other.startsWith(`${name}.`));
  const columns = [...places]
    .filter(([name]) => !(onlyNull.has(name) && isParted(name)))
    .map(([name, place]) => textColumn(name, `c${place}`));
  return { columns, from: await table.finish(places.size), issues: issues.list() };
}

function objectsOnLines(text: string): ReadonlyMap<string, Json>[] {
  return text.split("\n").flatMap((line) => {
    try {
      const value = line.trim().startsWith("{") ? parseJson(line.trim().replace(/,$/, "")) : undefined;
      return value instanceof Map ? [value as ReadonlyMap<string, Json>] : [];
    } catch {
      return [];
    }
  });
}

function documentRows({ text }: JsonPiece): ReadonlyMap<string, Json>[] | undefined {
  try {
    return rowsOfDocument(parseJson(text));
  } catch (cause) {
    if (cause instanceof JsonFault) return undefined;
    throw cause;
  }
}

/** The first line is a whole object: then a broken line costs only itself. */
function lineByLine({ head, path }: Content): boolean {
  if (/\.(jsonl|ndjson)(\.gz|\.zst)?$/i.test(path)) return true;
  const [first] = new TextDecoder()
    .decode(head)
    .replace(/^\ufeff/, "")
    .trimStart()
    .split("\n");
  try {
    return first!.startsWith("{") && parseJson(first!) instanceof Map;
  } catch {
    return false;
  }
}

function lineSplitter(): ReturnType<typeof jsonSplitter> {
  let rest: string[] = [];
  let held = 0;
  let line = 0;
  const take = (text: string): JsonPiece[] => {
    line++;
    const trimmed = text.trim().replace(/,$/, "");
    return trimmed === "" ? [] : [{ text: trimmed, line }];
  };
  return {
    get held() {
      return held;
    },
    push: (text) => {
      const lines = text.split("\n");
      const last = lines.pop()!;
      const whole = lines.flatMap((each, i) => {
        const found = take(i === 0 ? [...rest, each].join("") : each);
        if (i === 0) [rest, held] = [[], 0];
        return found;
      });
      rest.push(last);
      held += last.length;
      return whole;
    },
    end: () => take(rest.join("")),
  };
}
