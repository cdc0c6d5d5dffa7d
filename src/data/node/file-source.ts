/**
 * @file One data file → a Source. In: a path. Out: the columns of the CSV, JSON, Parquet or Arrow table in it, plain or packed.
 */
import { dirname } from "node:path";
import { DataError, nameList } from "../data-error.ts";
import { detectEncoding } from "../encoding.ts";
import { readMediaHeader } from "../media-header.ts";
import { openArrow } from "./arrow-source.ts";
import { type Content, inspectContent } from "./content.ts";
import { openCsv } from "./csv-source.ts";
import type { Database } from "./duckdb.ts";
import { fingerprintFile } from "./fingerprint.ts";
import { isJson, openJson } from "./json-source.ts";
import { openParquet } from "./parquet-source.ts";
import type { Source, SourcePlan } from "./source.ts";

/** What a format gives; the rest of a Source follows from the path. */
export type Table = Pick<Source, "columns" | "from" | "issues">;

/** @throws DataError where it holds no table, or one whose columns share a name */
export async function openFile(database: Database, path: string, plan: SourcePlan): Promise<Source> {
  const content = await inspectContent(path);
  const table = await openTable(database, content, plan);
  refuseRepeats(
    path,
    table.columns.map(({ name }) => name),
  );
  return { path, folder: dirname(path), ...table, fingerprint: () => fingerprintFile(path) };
}

async function openTable(database: Database, content: Content, plan: SourcePlan): Promise<Table> {
  if (content.format === "parquet") return openParquet(database, content);
  if (content.format !== "text") return openArrow(database, content);
  const media = readMediaHeader(content.head);
  if (media && media.format !== "mp3") {
    throw new DataError(
      `Cannot read ${content.path}: expected a table, found a ${media.format} file. Give the folder that holds it, or a table that names it.`,
    );
  }
  const encoding = detectEncoding(content.head);
  if (encoding === undefined) {
    throw new DataError(
      `Cannot read ${content.path}: expected a table, found binary content. Give a text file, or name the right one.`,
    );
  }
  return (await isJson(content, encoding))
    ? openJson(database, content, encoding)
    : openCsv(database, content, encoding, plan);
}

function refuseRepeats(path: string, names: readonly string[]): void {
  const repeated = [...new Set(names.filter((name, i) => names.indexOf(name) !== i))];
  if (repeated.length === 0) return;
  throw new DataError(
    `Cannot read ${path}: expected every column to have its own name, found ${nameList(repeated)} more than once. Rename all but one` +
      (/\.(parquet|arrow|feather)$/i.test(path) ? "." : ", or use --no-header where the first line is no header."),
  );
}
