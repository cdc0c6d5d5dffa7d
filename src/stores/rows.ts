/**
 * @file Encoded data → what a store holds. In: a data set's columns, keys, cells and latents. Out: StoreColumns and StoreRows.
 */
import type { Dataset } from "../data/dataset.ts";
import type { ColumnKind, Scalar } from "../data/records.ts";
import type { Latents } from "../models/trained-model.ts";
import type { StoreColumn, StoreRow } from "./store.ts";

const numeric: ReadonlySet<ColumnKind> = new Set(["real", "positive", "count", "ordinal"]);

/** Every column that holds something, also those the model does not learn: conditions and results may want them. */
export const storeColumns = ({ columns }: Pick<Dataset, "columns">): StoreColumn[] =>
  columns
    .filter(({ kind }) => kind !== "empty")
    .map(({ name, kind }) => ({ name, type: numeric.has(kind) ? "number" : kind === "boolean" ? "boolean" : "text" }));

export interface KeyedCells {
  readonly keys: readonly string[];
  /** column → one cell a row */
  readonly cells: Readonly<Record<string, readonly (Scalar | null)[]>>;
}

/** Rows of which nothing is known have no place in the space and are left out. */
export function storeRows({ keys, cells }: KeyedCells, { mean, known }: Latents, latent: number): StoreRow[] {
  const columns = Object.entries(cells);
  return keys.flatMap((key, row) => {
    const vector = mean.subarray(row * latent, (row + 1) * latent);
    if (known[row] !== 1 || vector.every((value) => value === 0)) return [];
    return [{ key, vector, columns: Object.fromEntries(columns.map(([name, values]) => [name, values[row] ?? null])) }];
  });
}
