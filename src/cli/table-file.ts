/** @file A table → a Parquet, CSV or JSONL file, through DuckDB. In: its rows, part by part. Out: the file, whole or not at all. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBDataChunk, DuckDBInstance, FLOAT, VARCHAR } from "@duckdb/node-api";
import { replaceFile } from "../artifact/node/write-file.ts";
import { sqlName, sqlText } from "../data/node/duckdb.ts";

export type TableFormat = "parquet" | "csv" | "jsonl";

export interface TableColumn {
  readonly name: string;
  readonly type: "VARCHAR" | "FLOAT";
}

/** Rows of the table: for each column its values. */
export type TablePart = readonly (readonly (string | number)[])[];

const clauses: Readonly<Record<TableFormat, string>> = {
  parquet: "FORMAT parquet, COMPRESSION zstd",
  csv: "FORMAT csv, HEADER",
  jsonl: "FORMAT json",
};
/** DuckDB's own size of a chunk. */
const rowsAtOnce = 2048;

/** @param parts rows one after the other: they are held on disk until all are there */
export async function writeTable(
  path: string,
  format: TableFormat,
  columns: readonly TableColumn[],
  parts: AsyncIterable<TablePart>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "polyvae-table-"));
  const instance = await DuckDBInstance.create(join(folder, "rows.duckdb"), { memory_limit: "512MB" });
  const connection = await instance.connect();
  try {
    const declared = columns.map(({ name, type }) => `${sqlName(name)} ${type}`).join(", ");
    await connection.run(`CREATE TABLE rows (${declared})`);
    const appender = await connection.createAppender("rows");
    const types = columns.map(({ type }) => (type === "FLOAT" ? FLOAT : VARCHAR));
    for await (const part of parts) {
      const count = part[0]?.length ?? 0;
      for (let start = 0; start < count; start += rowsAtOnce) {
        const chunk = DuckDBDataChunk.create(types, Math.min(rowsAtOnce, count - start));
        chunk.setColumns(part.map((values) => values.slice(start, start + rowsAtOnce)));
        appender.appendDataChunk(chunk);
      }
    }
    appender.closeSync();
    await replaceFile(path, async (temporary) => {
      await connection.run(`COPY rows TO ${sqlText(temporary)} (${clauses[format]})`);
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
}
