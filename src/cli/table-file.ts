/** @file A table → a Parquet, CSV or JSONL file, through DuckDB. In: columns of equal length. Out: the file, whole or not at all. */
import { DuckDBDataChunk, DuckDBInstance, FLOAT, VARCHAR } from "@duckdb/node-api";
import { replaceFile } from "../artifact/node/write-file.ts";
import { sqlName, sqlText } from "../data/node/duckdb.ts";

export type TableFormat = "parquet" | "csv" | "jsonl";

export interface TableColumn {
  readonly name: string;
  readonly type: "VARCHAR" | "FLOAT";
  readonly values: readonly (string | number)[];
}

const clauses: Readonly<Record<TableFormat, string>> = {
  parquet: "FORMAT parquet, COMPRESSION zstd",
  csv: "FORMAT csv, HEADER",
  jsonl: "FORMAT json",
};
/** DuckDB's own size of a chunk. */
const rowsAtOnce = 2048;

export async function writeTable(path: string, format: TableFormat, columns: readonly TableColumn[]): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const declared = columns.map(({ name, type }) => `${sqlName(name)} ${type}`).join(", ");
    await connection.run(`CREATE TABLE rows (${declared})`);
    const appender = await connection.createAppender("rows");
    const types = columns.map(({ type }) => (type === "FLOAT" ? FLOAT : VARCHAR));
    const count = columns[0]?.values.length ?? 0;
    for (let start = 0; start < count; start += rowsAtOnce) {
      const chunk = DuckDBDataChunk.create(types, Math.min(rowsAtOnce, count - start));
      chunk.setColumns(columns.map(({ values }) => values.slice(start, start + rowsAtOnce)));
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    await replaceFile(path, async (temporary) => {
      await connection.run(`COPY rows TO ${sqlText(temporary)} (${clauses[format]})`);
    });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
