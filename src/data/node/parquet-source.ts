/**
 * @file A Parquet file → a table. In: its content. Out: columns as SQL over the file: structs part into `a.b`, `{bytes, path}` are
 * media, lists of words are joined by `|`.
 */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { DataError, nameList } from "../data-error.ts";
import { type Content, readBytes } from "./content.ts";
import { type Database, sqlName, sqlPath } from "./duckdb.ts";
import { explainRead } from "./explain-read.ts";
import type { Table } from "./file-source.ts";
import { type SourceColumn, textColumn } from "./source.ts";

export async function openParquet(database: Database, content: Content): Promise<Table> {
  const { path } = content;
  const file = content.compression === "none" ? path : await unpacked(database, content);
  const from = `read_parquet(${sqlPath(file)})`;
  const [fields, schema] = await Promise.all([
    database.query(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${from})`),
    database.query(`SELECT name, num_children FROM parquet_schema(${sqlPath(file)})`),
  ]).catch((cause: unknown) => {
    throw explainRead(path, cause);
  });
  const names = topLevelNames(schema.map(([name, children]) => [String(name), Number(children ?? 0)]));
  const repeated = names.filter((name, i) => names.indexOf(name) !== i);
  if (repeated.length > 0)
    throw new DataError(
      `Cannot read ${path}: expected every column to have its own name, found ${nameList([...new Set(repeated)])} more than once. Rename all but one.`,
    );
  const columns = fields.flatMap(([name, type]) => typedColumns(String(name), sqlName(String(name)), String(type)));
  return { columns, from, issues: [] };
}

/** A file that must be read at any place, laid out whole. */
export async function unpacked(database: Database, { path, compression }: Content): Promise<string> {
  const file = database.temporary("unpacked");
  await pipeline(readBytes(path, compression), createWriteStream(file));
  return file;
}

/** Columns of a value of any SQL type. @param sql the expression of the value */
export function typedColumns(name: string, sql: string, type: string): SourceColumn[] {
  if (type === "BLOB") return [{ name, raw: "NULL::VARCHAR", text: "NULL::VARCHAR", bytes: sql }];
  const fields = structFields(type);
  if (fields === undefined) return [textColumn(name, cellSql(sql, type))];
  // As published data sets carry media: {bytes, path}, either of which may be null.
  const bytes = fields.find((field) => field.name === "bytes" && field.type === "BLOB");
  if (bytes !== undefined) {
    const path = fields.some((field) => field.name === "path" && field.type === "VARCHAR")
      ? `${sql}.path`
      : "NULL::VARCHAR";
    return [{ name, raw: path, text: path, bytes: `${sql}.bytes` }];
  }
  return fields.flatMap((field) => typedColumns(`${name}.${field.name}`, `${sql}.${sqlName(field.name)}`, field.type));
}

function cellSql(sql: string, type: string): string {
  const item = /^(.*)\[\d*\]$/s.exec(type)?.[1];
  if (item === "VARCHAR" || item?.startsWith("ENUM(") || item === "BOOLEAN") {
    // A word that holds the mark itself cannot be told from two: then the list stands as JSON.
    const words = `list_transform(list_filter(${sql}, lambda x: x IS NOT NULL), lambda x: CAST(x AS VARCHAR))`;
    const joined = `array_to_string(${words}, '|')`;
    return `CASE WHEN contains(array_to_string(${words}, ''), '|') THEN CAST(to_json(${sql}) AS VARCHAR) ELSE ${joined} END`;
  }
  if (item !== undefined && /[[(]/.test(item)) return `CAST(to_json(${sql}) AS VARCHAR)`;
  return `CAST(${sql} AS VARCHAR)`;
}

interface Field {
  readonly name: string;
  readonly type: string;
}

/** The fields of `STRUCT(a INTEGER, "b c" VARCHAR[])`; undefined of any other type. */
export function structFields(type: string): Field[] | undefined {
  if (!type.startsWith("STRUCT(") || !type.endsWith(")")) return undefined;
  const inner = type.slice("STRUCT(".length, -1);
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let from = 0;
  for (let at = 0; at < inner.length; at++) {
    const c = inner[at]!;
    if (quote !== "") quote = c === quote ? "" : quote;
    else if (c === '"' || c === "'") quote = c;
    else if (c === "(") depth++;
    else if (c === ")") depth--;
    else if (c === "," && depth === 0) {
      parts.push(inner.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(inner.slice(from));
  return parts.map((part) => {
    const found = /^\s*(?:"((?:[^"]|"")*)"|(\S+))\s+(.*)$/s.exec(part)!;
    return { name: found[1]?.replaceAll('""', '"') ?? found[2]!, type: found[3]! };
  });
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
