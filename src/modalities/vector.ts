/**
 * @file The vector modality: an embedding computed elsewhere. In: numbers of one length, as a cell's text or from a .npy file.
 * Out: `values` float32 [dimensions], and vectors back in their own units. vector-space.ts says how they are learnt.
 * The length is the commonest one of the training rows; any other, a number that is not finite, and under `cosine` a vector of
 * zeros are issues and missing.
 */
import * as z from "zod";
import type { Issue } from "../data/issues.ts";
import type { Values } from "../data/records.ts";
import { longestVector, readVector } from "../data/vectors.ts";
import { complete, type Encoded, type Modality, type ModalityKind, type ModalityState } from "./modality.ts";
import { readOptions, readState } from "./options.ts";
import { fitVectorScale, vectorLikelihood, vectorScale, vectorSpace } from "./vector-space.ts";

const options = z.strictObject({ likelihood: vectorLikelihood.optional() });
const vectorState = z.object({ kind: z.literal("vector"), name: z.string(), ...vectorScale });

/** A cell's numbers; null where missing, a reason where it holds something else. */
export function vectorOf(value: Values[string] | undefined): Float32Array | null | string {
  if (value === null || value === undefined) return null;
  const vector = value instanceof Float32Array ? value : typeof value === "string" ? readVector(value) : undefined;
  if (!vector) return "is no list of numbers";
  if (vector.length === 0) return "holds no number";
  if (vector.length > longestVector) return `holds ${vector.length} numbers, the limit is ${longestVector}`;
  const bad = vector.findIndex((x) => !Number.isFinite(x));
  return bad < 0 ? vector : `number ${bad + 1} of ${vector.length} is not finite`;
}

/** As of a number of a table. */
const bitsPerNumber = 4;

const isVector = (value: Float32Array | null | string): value is Float32Array => value instanceof Float32Array;

/** Null where the sample holds no vector. */
export function fitVector(name: string, sample: readonly Values[], given: unknown): Modality | null {
  const { likelihood } = readOptions(options, given, name);
  const found = sample.map((row) => vectorOf(row[name])).filter(isVector);
  const dimensions = commonestLength(found);
  if (dimensions === undefined) return null;
  const vectors = found.filter(({ length }) => length === dimensions);
  return openVector({ kind: "vector", name, ...fitVectorScale(vectors, likelihood) });
}

function commonestLength(vectors: readonly Float32Array[]): number | undefined {
  const counts = new Map<number, number>();
  for (const { length } of vectors) counts.set(length, (counts.get(length) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0];
}

export function openVector(stored: ModalityState): Modality {
  const state = readState(vectorState, stored, stored.name);
  const { name, dimensions } = state;
  const space = vectorSpace(state);
  const width = space.parameterShape[0]!;
  const rowOf = (parameters: Float32Array, row: number) => parameters.subarray(row * width, (row + 1) * width);
  return {
    name,
    columns: [name],
    state,
    media: { [name]: { media: "vector" } },
    arrays: { values: { shape: [dimensions], type: "float32" } },
    featureShape: [dimensions],
    parameterShape: space.parameterShape,
    gridAxes: 0,
    eventSize: bitsPerNumber * dimensions,
    features: ({ values }) => space.features(values!),
    logLikelihood: (parameters, { values }) => space.logLikelihood(parameters, values!),
    encode: (rows) =>
      encodeVectors(
        name,
        dimensions,
        rows,
        (vector) => space.toArray(vector) ?? "has length 0, so it has no direction",
      ),
    typical(parameters, rows) {
      const values = new Float32Array(rows * dimensions);
      for (let row = 0; row < rows; row++) values.set(space.predict(rowOf(parameters, row)), row * dimensions);
      return complete(rows, { values });
    },
    decode: (parameters, rows, random) =>
      Array.from({ length: rows }, (_, row) => ({
        [name]: space.fromArray(space.predict(rowOf(parameters, row), random)),
      })),
  };
}

/** @param toArray a vector as the array holds it, or what is wrong with it */
export function encodeVectors(
  name: string,
  dimensions: number,
  rows: readonly Values[],
  toArray: (vector: Float32Array) => Float32Array | string,
): Encoded {
  const values = new Float32Array(rows.length * dimensions);
  const present = new Uint8Array(rows.length);
  const issues: (Issue & { row: number })[] = [];
  rows.forEach((row, i) => {
    const vector = vectorOf(row[name]);
    if (vector === null) return;
    const array = !isVector(vector)
      ? vector
      : vector.length === dimensions
        ? toArray(vector)
        : `holds ${vector.length} numbers, the model expects ${dimensions}`;
    if (!isVector(array)) {
      issues.push({ code: "vector-unusable", column: name, row: i, detail: array });
      return;
    }
    values.set(array, i * dimensions);
    present[i] = 1;
  });
  return { rows: rows.length, arrays: { values }, present, issues };
}

export const vectorKind: ModalityKind = {
  plan: () => ({ media: "vector" }),
  fit: ({ name, sample, options: given }) => fitVector(name, sample, given),
  open: openVector,
};
