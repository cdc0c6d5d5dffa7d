/**
 * @file The cells of a data file as they stand in it, in the order in which a Dataset gives its rows. In: the path of the file.
 * Out: its columns, and each row as text. For writing a table back with only its gaps changed.
 */
import { openDatabase, sqlName } from "../data/node/duckdb.ts";
import { openSource } from "../data/node/source.ts";

export interface RawTable {
  readonly columns: readonly string[];
  readonly hasHeader: boolean;
  /** Columns whose cells hold the bytes of files: their names stand for them, nothing where they have none. */
  readonly ofBytes: readonly string[];
  rows(): AsyncGenerator<readonly string[], undefined>;
  close(): void;
}

export async function rawTable(path: string, header: boolean): Promise<RawTable> {
  const database = await openDatabase();
  const source = await openSource(database, path, header);
  const ofBytes = source.columns.filter(({ bytes }) => bytes !== undefined);
  const names = ofBytes.map(({ name, text }) => `${text} AS ${sqlName(name)}`).join(", ");
  const plain = ofBytes.length === 0 ? source.from : `(SELECT * REPLACE (${names}) FROM ${source.from})`;
  async function* rows(): AsyncGenerator<readonly string[], undefined> {
    // Nothing but the source's own columns, untrimmed, each as text.
    for await (const chunk of database.stream(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ${plain}`)) {
      const count = chunk[0]?.length ?? 0;
      for (let i = 0; i < count; i++) yield chunk.map((column) => (column[i] === null ? "" : String(column[i])));
    }
    return undefined;
  }
  return {
    columns: source.columns.map(({ name }) => name),
    hasHeader: header,
    ofBytes: ofBytes.map(({ name }) => name),
    rows,
    close: () => database.close(),
  };
}
