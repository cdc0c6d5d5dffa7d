/** @file A map of the latent space on paper. In: latent means. Out: two coordinates a row, by UMAP, or by PCA for few rows. */
import { UMAP } from "umap-js";
import { random } from "../../engine/random.ts";

export interface Projection {
  readonly method: string;
  readonly points: readonly (readonly [number, number])[];
}

/** Fewer rows have no neighbourhoods to keep. */
const fewestForUmap = 30;
const neighbours = 15;

/** McInnes et al. 2018 (UMAP); the same seed gives the same map. @param parts means [rows, width], one after the other */
export function project(parts: readonly Float32Array[], width: number, seed: number): Projection {
  const rows = parts.flatMap((means) =>
    Array.from({ length: means.length / width }, (_, i) => Array.from(means.subarray(i * width, (i + 1) * width))),
  );
  if (width < 3) return { method: "as it is", points: rows.map((row) => [row[0]!, row[1] ?? 0]) };
  // Rows that coincide (one word, many times) would be their own neighbours only: one stands for all.
  const keys = rows.map((row) => row.map((value) => value.toFixed(4)).join());
  const places = new Map([...new Set(keys)].map((key, place) => [key, place]));
  const distinct = [...places.keys()].map((key) => rows[keys.indexOf(key)]!);
  const isSmall = distinct.length < fewestForUmap;
  const found = isSmall ? principal(distinct, width, seed) : neighbourly(distinct, seed);
  return { method: isSmall ? "PCA" : "UMAP", points: keys.map((key) => found[places.get(key)!]!) };
}

function neighbourly(rows: number[][], seed: number): [number, number][] {
  const { uniform } = random(seed, "map");
  const umap = new UMAP({ nNeighbors: neighbours, minDist: 0.15, spread: 1.1, nEpochs: 300, random: uniform });
  return umap.fit(rows).map(([x, y]) => [x!, y!]);
}

/** The two directions of greatest variance, by power iteration. */
function principal(rows: readonly number[][], width: number, seed: number): [number, number][] {
  const mean = Array.from({ length: width }, (_, d) => rows.reduce((sum, row) => sum + row[d]!, 0) / rows.length);
  const centred = rows.map((row) => row.map((value, d) => value - mean[d]!));
  const first = direction(centred, seed);
  const scores = centred.map((row) => dot(row, first));
  const rest = centred.map((row, i) => row.map((value, d) => value - scores[i]! * first[d]!));
  const second = direction(rest, seed + 1);
  return rest.map((row, i) => [scores[i]!, dot(row, second)]);
}

function direction(rows: readonly number[][], seed: number): number[] {
  const rng = random(seed, "principal direction");
  let vector = rows[0]?.map(() => rng.normal()) ?? [];
  for (let round = 0; round < 60; round++) {
    const next = vector.map(() => 0);
    for (const row of rows) {
      const share = dot(row, vector);
      row.forEach((value, d) => {
        next[d]! += share * value;
      });
    }
    const length = Math.sqrt(dot(next, next)) || 1;
    vector = next.map((value) => value / length);
  }
  return vector;
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, d) => sum + value * b[d]!, 0);
