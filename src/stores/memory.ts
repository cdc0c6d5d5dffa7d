/** @file A vector store in arrays: exact, for thousands of rows, also in a browser. In: rows. Out: a VectorStore that lives as long as the process. */
import type { Scalar } from "../data/records.ts";
import { nearest } from "../uses/search.ts";
import { checkVector, type StoreHit, type StoreRow, type StoreShape, type VectorStore } from "./store.ts";
import { holds, parseWhere } from "./where.ts";

export function memoryStore({ dimensions, columns }: StoreShape): VectorStore {
  const rows = new Map<string, StoreRow>();
  const kept = ({ key, vector, columns: cells }: StoreRow): StoreRow => ({
    key,
    vector: vector.slice(),
    columns: Object.fromEntries(columns.map(({ name }): [string, Scalar | null] => [name, cells[name] ?? null])),
  });
  return {
    dimensions,
    columns,
    add: async (added) => {
      for (const row of added) checkVector(row.vector, dimensions);
      for (const row of added) rows.set(row.key, kept(row));
    },
    search: async (vector, { k, where }): Promise<StoreHit[]> => {
      checkVector(vector, dimensions);
      const condition = where === undefined ? undefined : parseWhere(where, columns);
      const found = [...rows.values()].filter((row) => !condition || holds(condition, row.columns) === true);
      const candidates = new Float32Array(found.length * dimensions);
      found.forEach((row, i) => {
        candidates.set(row.vector, i * dimensions);
      });
      return nearest(vector, candidates, dimensions, k)[0]!.map(({ index, similarity }) => {
        const { key, columns: cells } = found[index]!;
        return { key, distance: 1 - similarity, columns: cells };
      });
    },
    count: async () => rows.size,
    close: async () => rows.clear(),
  };
}
