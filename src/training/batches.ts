/**
 * @file Rows → feeds of the training graph, batch by batch. In: batches of encoded rows.
 * Out: Feeds that hold the batch's own arrays (the runtime takes them over).
 */
import type { Random } from "../engine/random.ts";
import type { FeedArray, Feeds } from "../engine/runtime.ts";
import { batchRows, modalityFeeds } from "../modalities/batch.ts";
import type { Batch, Encoded, Modality, TypedArray } from "../modalities/modality.ts";
import { betaInput, identityInput } from "../models/vae.ts";

/** Rows in their order, `size` at a time. A last batch of one row joins the one before: alone it has no negatives. */
export function inBatches(rows: readonly number[], size: number): number[][] {
  const batches: number[][] = [];
  for (let start = 0; start < rows.length; start += size) batches.push(rows.slice(start, start + size));
  if (batches.length > 1 && batches.at(-1)!.length === 1) batches.at(-2)!.push(...batches.pop()!);
  return batches;
}

/** A batch's rows in at most `count` parts of nearly equal size; none is of one row. */
export function inParts(rows: readonly number[], count: number): number[][] {
  const parts = Math.max(1, Math.min(count, Math.floor(rows.length / 2)));
  const border = (part: number) => Math.floor((part * rows.length) / parts);
  return Array.from({ length: parts }, (_, part) => rows.slice(border(part), border(part + 1)));
}

export interface FeedOptions {
  /** Weight of the divergences in this step. */
  readonly beta: number;
  /** Changes the items at random, where a modality knows how; absent, they stay as they are. */
  readonly augmentation?: Random | undefined;
}

/** Inputs of the training graph for the rows of a batch. */
export function feedsOf(batch: Batch, modalities: readonly Modality[], { beta, augmentation }: FeedOptions): Feeds {
  const arrays: Record<string, FeedArray> = { [betaInput]: Float32Array.of(beta) };
  for (const modality of modalities) {
    const encoded = batch[modality.name]!;
    const identity = identityNumbers(encoded);
    const changed = augmentation && modality.augment?.(encoded.arrays, encoded.rows, augmentation);
    Object.assign(arrays, modalityFeeds(modality, changed ? { ...encoded, arrays: changed } : encoded));
    arrays[identityInput(modality.name)] = identity;
  }
  return { batch: batchRows(batch), arrays };
}

/** Rows of a batch in which each modality has a value. */
export const presentCounts = (batch: Batch): Record<string, number> =>
  Object.fromEntries(
    Object.entries(batch).map(([name, { present }]) => [name, present.reduce((count, one) => count + one, 0)]),
  );

/**
 * What InfoNCE must know of a batch: which values are equal. Numbers rows by content: 0, 1, 2, … in order of first sight; a row
 * without a value equals no other: −1, −2, …
 */
export function identityNumbers({ rows, arrays, present }: Encoded): Float32Array {
  const numbers = new Map<string, number>();
  const items = Object.values(arrays).map((array) => {
    const words = wordsOf(array, rows);
    return { words, width: words.length / Math.max(1, rows) };
  });
  return Float32Array.from({ length: rows }, (_, row) => {
    if (present[row] !== 1) return -1 - row;
    const key = items.map(({ words, width }) => digest(words, row * width, width)).join(" ");
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
}

/** Whole words where rows consist of them: a quarter of the work. */
function wordsOf({ buffer, byteOffset, byteLength }: TypedArray, rows: number): Uint32Array | Uint8Array {
  const isWhole = byteOffset % 4 === 0 && byteLength % (4 * Math.max(1, rows)) === 0;
  return isWhole ? new Uint32Array(buffer, byteOffset, byteLength / 4) : new Uint8Array(buffer, byteOffset, byteLength);
}

/** Two 32-bit hashes of different kinds: a collision among the rows of a batch has a chance near 1e-15. */
function digest(words: Uint32Array | Uint8Array, start: number, length: number): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = start; i < start + length; i++) {
    a = Math.imul(a ^ words[i]!, 0x01000193);
    b = Math.imul(b ^ words[i]!, 0x85ebca6b) ^ (b >>> 13);
  }
  return `${a >>> 0}:${b >>> 0}`;
}
