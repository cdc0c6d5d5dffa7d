/**
 * @file The cells of a data file as they stand in it, in the order in which a Dataset gives its rows. In: the path of the file.
 * Out: its columns, and each row as text. For writing a table back with only its gaps changed.
 */
import type { Reading } from "../data/dataset.ts";
import { openDatabase } from "../data/node/duckdb.ts";
import { openSource } from "../data/node/open-source.ts";

export interface RawTable {
  readonly columns: readonly string[];
  readonly hasHeader: boolean;
  /** Columns whose cells hold the bytes of files: their names stand for them, nothing where they have none. */
  readonly ofBytes: readonly string[];
  rows(): AsyncGenerator<readonly string[], undefined>;
  close(): void;
}

export async function rawTable(path: string, reading: Reading): Promise<RawTable> {
  const database = await openDatabase();
  const known = new Set(Object.keys(reading.resolved));
  const source = await openSource(database, path, { ...reading, known });
  const ofBytes = source.columns.filter(({ bytes }) => bytes !== undefined);
  const cells = source.columns.map(({ raw }, i) => `${raw} AS c${i}`).join(", ");
  async function* rows(): AsyncGenerator<readonly string[], undefined> {
    for await (const chunk of database.stream(`SELECT ${cells} FROM ${source.from}`)) {
      const count = chunk[0]?.length ?? 0;
      for (let i = 0; i < count; i++) yield chunk.map((column) => (column[i] === null ? "" : String(column[i])));
    }
    return undefined;
  }
  return {
    columns: source.columns.map(({ name }) => name),
    hasHeader: reading.header,
    ofBytes: ofBytes.map(({ name }) => name),
    rows,
    close: () => database.close(),
  };
}
