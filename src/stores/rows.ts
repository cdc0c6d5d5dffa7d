/**
 * @file Encoded data → what a store holds. In: a data set's columns, rows and their latents. Out: StoreColumns and StoreRows.
 */
import type { Dataset } from "../data/dataset.ts";
import type { Cell, ColumnKind, Row, Scalar } from "../data/records.ts";
import type { Latents } from "../models/trained-model.ts";
import type { StoreColumn, StoreRow } from "./store.ts";

const numeric: ReadonlySet<ColumnKind> = new Set(["real", "positive", "count", "ordinal"]);

/** Every column that holds something, also those the model does not learn: conditions and results may want them. */
export const storeColumns = ({ columns }: Pick<Dataset, "columns">): StoreColumn[] =>
  columns
    .filter(({ kind }) => kind !== "empty")
    .map(({ name, kind }) => ({ name, type: numeric.has(kind) ? "number" : kind === "boolean" ? "boolean" : "text" }));

/** Rows of which nothing is known have no place in the space and are left out. */
export function storeRows(
  rows: readonly Pick<Row, "key" | "cells">[],
  { mean, known }: Latents,
  latent: number,
): StoreRow[] {
  return rows.flatMap(({ key, cells }, row) => {
    const vector = mean.slice(row * latent, (row + 1) * latent);
    if (known[row] !== 1 || vector.every((value) => value === 0)) return [];
    return [
      { key, vector, columns: Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, plain(cell)])) },
    ];
  });
}

/** Media as their paths. */
const plain = (cell: Cell): Scalar | null => (typeof cell === "object" ? (cell?.path ?? null) : cell);
