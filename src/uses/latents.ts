/**
 * @file Small operations on posteriors: draws, single rows, blocks. In: Latents. Out: latent vectors, row-major [rows, latent].
 */
import type { Random } from "../engine/random.ts";
import type { Latents } from "../models/trained-model.ts";

/** One draw from each row's posterior: z = μ + σ·ε. */
export function sampleLatents({ mean, variance }: Pick<Latents, "mean" | "variance">, rng: Random): Float32Array {
  return mean.map((value, i) => value + Math.sqrt(variance[i]!) * rng.normal());
}

/** The rows at these indices; an index may recur. */
export function selectLatents({ rows, mean, variance, known }: Latents, indices: readonly number[]): Latents {
  const width = mean.length / Math.max(1, rows);
  const pick = (values: Float32Array) => {
    const result = new Float32Array(indices.length * width);
    indices.forEach((row, i) => {
      result.set(values.subarray(row * width, (row + 1) * width), i * width);
    });
    return result;
  };
  return {
    rows: indices.length,
    mean: pick(mean),
    variance: pick(variance),
    known: Uint8Array.from(indices, (row) => known[row]!),
  };
}

/** Latents of several batches as one, rows in order. */
export function joinLatents(parts: readonly Latents[]): Latents {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const width = (parts[0]?.mean.length ?? 0) / Math.max(1, parts[0]?.rows ?? 0);
  const joined = {
    mean: new Float32Array(rows * width),
    variance: new Float32Array(rows * width),
    known: new Uint8Array(rows),
  };
  let at = 0;
  for (const part of parts) {
    joined.mean.set(part.mean, at * width);
    joined.variance.set(part.variance, at * width);
    joined.known.set(part.known, at);
    at += part.rows;
  }
  return { rows, ...joined };
}
