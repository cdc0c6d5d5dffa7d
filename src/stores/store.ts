/**
 * @file The contract of a vector store: rows with a key, a latent vector and plain columns; nearest rows by cosine distance.
 * In: rows. Out: hits, nearest first. `node/lance.ts` keeps them in a folder, `memory.ts` in arrays.
 */
import type { Scalar } from "../data/records.ts";

export interface StoreColumn {
  readonly name: string;
  readonly type: "text" | "number" | "boolean";
}

export interface StoreRow {
  readonly key: string;
  /** Not all zeros: such a vector has no direction to compare. */
  readonly vector: Float32Array;
  /** By name; null or absent where the row has no value. Names that the store does not have are left out. */
  readonly columns: Readonly<Record<string, Scalar | null>>;
}

export interface StoreHit {
  readonly key: string;
  /** 1 - cosine: 0 for the same direction, 2 for the opposite one. */
  readonly distance: number;
  readonly columns: Readonly<Record<string, Scalar | null>>;
}

export interface SearchOptions {
  readonly k: number;
  /** A condition on the columns as SQL writes it: `price < 50 AND colour = 'red'` (where.ts lists the forms). */
  readonly where?: string;
}

export interface StoreShape {
  readonly dimensions: number;
  readonly columns: readonly StoreColumn[];
}

export interface VectorStore extends StoreShape {
  /** Adds rows; a row whose key is there already takes its place. */
  add(rows: readonly StoreRow[]): Promise<void>;
  /** At most k rows, nearest first. @throws WhereError where the condition cannot be used */
  search(vector: Float32Array, options: SearchOptions): Promise<StoreHit[]>;
  count(): Promise<number>;
  close(): Promise<void>;
}

/** @throws Error naming both sizes */
export function checkVector(vector: Float32Array, dimensions: number): void {
  if (vector.length === dimensions && vector.every(Number.isFinite)) return;
  const received = vector.length === dimensions ? "some that are not" : String(vector.length);
  throw new Error(
    `Cannot use the vector: expected ${dimensions} finite numbers, received ${received}. Encode with the model that made the store.`,
  );
}
