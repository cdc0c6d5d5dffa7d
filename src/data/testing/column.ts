/** @file Columns for tests. In: name, kind, role. Out: a Column of no counts, as if nothing had been read yet. */
import type { Column, ColumnKind, ColumnRole } from "../records.ts";

export const column = (name: string, kind: ColumnKind, role: ColumnRole = "feature"): Column => ({
  name,
  kind,
  role,
  why: "",
  present: 0,
  missing: 0,
  distinct: 0,
  examples: [],
});
