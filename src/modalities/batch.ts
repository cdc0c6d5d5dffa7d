/**
 * @file Batches: arrays of all modalities for the same rows, and the names under which a graph is fed with them.
 * In: rows, or batches. Out: batches; inputs of a graph. Array `pixels` of modality `image` is fed as `image/pixels`, its
 * presence as `image/present` (float32 [batch], 1 where the row has the modality).
 */

import type { Values } from "../data/records.ts";
import { input } from "../engine/ops.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { ArraySpec, Batch, Encoded, Modality, TypedArray } from "./modality.ts";

export const encodeRows = (modalities: readonly Modality[], rows: readonly Values[]): Batch =>
  Object.fromEntries(modalities.map((modality) => [modality.name, modality.encode(rows)]));

/** Number of rows; 0 for a batch of no modality. */
export const batchRows = (batch: Batch): number => Object.values(batch)[0]?.rows ?? 0;

/** The rows at these indices, in their order; an index may recur. Issues stay with the whole. */
export function selectRows(batch: Batch, indices: Uint32Array | readonly number[]): Batch {
  const selected = Object.entries(batch).map(([name, { rows, arrays, present }]) => [
    name,
    {
      rows: indices.length,
      arrays: mapValues(arrays, (array) => gatherRows(array, array.length / Math.max(1, rows), indices)),
      present: gatherRows(present, 1, indices),
      issues: [],
    } satisfies Encoded,
  ]);
  return Object.fromEntries(selected) as Batch;
}

function gatherRows<T extends TypedArray>(array: T, width: number, indices: Uint32Array | readonly number[]): T {
  const result = allocateLike(array, indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i]! * width;
    if (start + width > array.length)
      throw new Error(
        `Cannot select row ${indices[i]!}: expected an index below ${width === 0 ? 0 : array.length / width}. Select from the batch that the indices were made for.`,
      );
    result.set(array.subarray(start, start + width), i * width);
  }
  return result;
}

const allocateLike = <T extends TypedArray>(array: T, length: number): T =>
  new (array.constructor as new (length: number) => T)(length);

const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A, name: string) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));

/** Batches of the same modalities as one, rows in order; rows of issues are counted through. */
export function joinBatches(batches: readonly Batch[]): Batch {
  const [first] = batches;
  if (!first || batches.length === 1) return first ?? {};
  return mapValues(first, (_, name) => joinEncoded(batches.map((batch) => batch[name]!)));
}

function joinEncoded(parts: readonly Encoded[]): Encoded {
  let before = 0;
  const issues = parts.flatMap(({ rows, issues: own }) => {
    const moved = own.map((issue) => ({ ...issue, row: issue.row + before }));
    before += rows;
    return moved;
  });
  return {
    rows: before,
    arrays: mapValues(parts[0]!.arrays, (_, name) => joinArrays(parts.map(({ arrays }) => arrays[name]!))),
    present: joinArrays(parts.map(({ present }) => present)),
    issues,
  };
}

function joinArrays<T extends TypedArray>(parts: readonly T[]): T {
  const result = allocateLike(
    parts[0]!,
    parts.reduce((length, part) => length + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

export const arrayInputName = (modality: string, array: string): string => `${modality}/${array}`;
export const presenceInputName = (modality: string): string => `${modality}/present`;

/** The inputs that `features` and `logLikelihood` read, by array. */
export const modalityInputs = (modality: Modality): Record<string, Tensor> =>
  mapValues(modality.arrays, ({ shape, type }: ArraySpec, array) =>
    input(arrayInputName(modality.name, array), ["batch", ...shape], type),
  );

/** [batch], 1 where the row has the modality. */
export const presenceInput = (modality: Modality): Tensor => input(presenceInputName(modality.name), ["batch"]);

/** What to feed for one modality: input name → values. The arrays are the batch's own: a run that takes them over needs a copy. */
export function modalityFeeds({ name }: Pick<Modality, "name">, encoded: Encoded): Record<string, TypedArray> {
  const arrays = Object.entries(encoded.arrays).map(
    ([array, values]) => [arrayInputName(name, array), values] as const,
  );
  return { ...Object.fromEntries(arrays), [presenceInputName(name)]: Float32Array.from(encoded.present) };
}

/** The same for several modalities, all of the batch by default. */
export function feedsOf(batch: Batch, modalities?: readonly Pick<Modality, "name">[]): Record<string, TypedArray> {
  const names = modalities?.map(({ name }) => name) ?? Object.keys(batch);
  const feeds = names.map((name) => {
    const encoded = batch[name];
    if (encoded) return modalityFeeds({ name }, encoded);
    throw new Error(
      `Cannot feed modality "${name}": the batch holds ${Object.keys(batch).join(", ") || "nothing"}. Encode its rows with this modality too.`,
    );
  });
  return Object.assign({}, ...feeds) as Record<string, TypedArray>;
}
