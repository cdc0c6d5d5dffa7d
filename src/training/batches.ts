/**
 * @file Rows → feeds of the training graph, batch by batch. In: encoded rows, their numbers, a seed.
 * Out: Feeds whose arrays are fresh copies (the runtime takes them over).
 */
import { type Random, random, shuffle } from "../engine/random.ts";
import type { FeedArray, Feeds } from "../engine/runtime.ts";
import { modalityFeeds, selectRows } from "../modalities/batch.ts";
import type { Batch, Encoded, Modality } from "../modalities/modality.ts";
import { betaInput, identityInput } from "../models/vae.ts";

/** Encoded rows with what InfoNCE must know: which values are equal. */
export interface TrainingRows {
  readonly batch: Batch;
  /** modality → number of the row's value; equal values have equal numbers, missing ones a number of their own. */
  readonly identities: Readonly<Record<string, Float32Array>>;
}

export const trainingRows = (batch: Batch): TrainingRows => ({
  batch,
  identities: Object.fromEntries(Object.entries(batch).map(([name, encoded]) => [name, identityNumbers(encoded)])),
});

/** Rows in which at least one modality has a value. */
export function usableRows(batch: Batch, among: readonly number[]): number[] {
  const masks = Object.values(batch).map(({ present }) => present);
  return among.filter((row) => masks.some((mask) => mask[row] === 1));
}

/** The epoch's batches of row indices, shuffled by seed and epoch. */
export function epochBatches(rows: readonly number[], size: number, seed: number, epoch: number): number[][] {
  const order = [...rows];
  shuffle(order, random(seed, `epoch ${epoch}`));
  return inBatches(order, size);
}

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

/** Inputs of the training graph for the rows at `indices`; every array is a fresh copy. */
export function feedsOf(
  rows: TrainingRows,
  modalities: readonly Modality[],
  indices: readonly number[],
  { beta, augmentation }: FeedOptions,
): Feeds {
  const selected = selectRows(rows.batch, indices);
  const arrays: Record<string, FeedArray> = { [betaInput]: Float32Array.of(beta) };
  for (const modality of modalities) {
    const encoded = selected[modality.name]!;
    const identity = rows.identities[modality.name]!;
    const changed = augmentation && modality.augment?.(encoded.arrays, encoded.rows, augmentation);
    Object.assign(arrays, modalityFeeds(modality, changed ? { ...encoded, arrays: changed } : encoded));
    arrays[identityInput(modality.name)] = Float32Array.from(indices, (row) => identity[row]!);
  }
  return { batch: indices.length, arrays };
}

/** Numbers rows by content: 0, 1, 2, … in order of first sight. A row without a value equals no other: −1, −2, … */
function identityNumbers({ rows, arrays, present }: Encoded): Float32Array {
  const numbers = new Map<string, number>();
  const items = Object.values(arrays).map((array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    return { bytes, width: bytes.length / Math.max(1, rows) };
  });
  return Float32Array.from({ length: rows }, (_, row) => {
    if (present[row] !== 1) return -1 - row;
    const key = items.map(({ bytes, width }) => digest(bytes, row * width, width)).join(" ");
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
}

/** Two 32-bit hashes of different kinds: a collision among a million rows has a chance near 1e-7. */
function digest(bytes: Uint8Array, start: number, length: number): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = start; i < start + length; i++) {
    a = Math.imul(a ^ bytes[i]!, 0x01000193);
    b = Math.imul(b ^ bytes[i]!, 0x85ebca6b) ^ (b >>> 13);
  }
  return `${a >>> 0}:${b >>> 0}`;
}
