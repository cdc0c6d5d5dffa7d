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
