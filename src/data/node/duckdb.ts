/**
 * @file DuckDB as a reader: queries in, rows of values out, in bounded chunks. Never reaches for the network: extensions are
 * those that the package carries. Memory is capped, and what exceeds it spills to the system's temporary folder.
 */
import { DuckDBBlobValue, type DuckDBConnection, DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { temporaryFolder } from "./temporary.ts";

export type SqlValue = string | number | boolean | Uint8Array | null;

export interface Database {
  /** The whole result; for answers of a few rows. */
  query(sql: string): Promise<SqlValue[][]>;
  /** Chunks of at most 2048 rows, column by column, in source order; fewer of a wide table. Reading stops when the loop does. */
  stream(sql: string): AsyncGenerator<SqlValue[][]>;
  /** Raises the cap on memory: for rows of which 2048 at a time, or one line, take more than is common. */
  makeRoom(megabytes: number): Promise<void>;
  /** The path of a file that lives until the database is closed. */
  temporary(name: string): string;
  close(): void;
}

/** Enough for tables of some hundred columns; without a cap the texts of a large file would all stay in memory. */
const memoryMegabytes = 400;

export async function openDatabase(): Promise<Database> {
  const folder = temporaryFolder();
  let cap = memoryMegabytes;
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    memory_limit: `${cap}MB`,
    temp_directory: folder.file("spill"),
  });
  const query = async (sql: string): Promise<SqlValue[][]> => {
    const connection = await instance.connect();
    try {
      return (await connection.runAndReadAll(sql)).getRows().map((row) => row.map(plain));
    } finally {
      connection.closeSync();
    }
  };
  return {
    query,
    // A connection carries one stream at a time, so every stream has its own.
    stream: async function* (sql) {
      const connection = await instance.connect();
      try {
        // Chunks are counted without the bytes of their texts and files: by default hundreds of MB of pictures would wait.
        await connection.run("SET streaming_buffer_size = '32KB'");
        yield* chunks(connection, sql);
      } finally {
        connection.closeSync();
      }
    },
    makeRoom: async (megabytes) => {
      cap += Math.ceil(megabytes);
      await query(`SET memory_limit = '${cap}MB'`);
    },
    temporary: folder.file,
    close: () => {
      instance.closeSync();
      folder.remove();
    },
  };
}

/** Values given out together: 2048 rows of ten thousand columns would be gigabytes of strings. */
const cellsAtOnce = 500_000;

async function* chunks(connection: DuckDBConnection, sql: string): AsyncGenerator<SqlValue[][]> {
  const result = await connection.stream(sql);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const vectors = Array.from({ length: chunk.columnCount }, (_, i) => chunk.getColumnVector(i));
    const rows = Math.max(1, Math.floor(cellsAtOnce / vectors.length));
    for (let from = 0; from < chunk.rowCount; from += rows) {
      const length = Math.min(rows, chunk.rowCount - from);
      yield vectors.map((vector) => Array.from({ length }, (_, i) => plain(vector.getItem(from + i))));
    }
    // Values are copies by now: the chunk's own memory goes at once, not when the collector finds it.
    chunk.reset();
  }
}

function plain(value: DuckDBValue): SqlValue {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof DuckDBBlobValue) return value.bytes;
  return String(value);
}

/** Columns that one query looks at: every node of an expression keeps a buffer of 2048 values. */
export const columnsAtOnce = 100;

/** Columns as the queries take them. */
export const columnParts = <T>(columns: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(columns.length / columnsAtOnce) }, (_, i) =>
    columns.slice(i * columnsAtOnce, (i + 1) * columnsAtOnce),
  );

export const sqlText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const sqlList = (texts: readonly string[]): string => texts.map(sqlText).join(", ");
/** A path as DuckDB's readers take it: brackets, stars and question marks would be read as wildcards. */
export const sqlPath = (path: string): string => sqlText(path.replace(/[[*?]/g, "[$&]"));
