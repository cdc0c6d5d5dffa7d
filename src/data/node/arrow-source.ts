/** @file stub */
import type { Content } from "./content.ts";
import type { Database } from "./duckdb.ts";
import type { Table } from "./file-source.ts";

export function openArrow(_database: Database, _content: Content): Promise<Table> {
  throw new Error("not yet");
}
