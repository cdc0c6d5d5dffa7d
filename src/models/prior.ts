/**
 * @file The prior for generation: a Gaussian mixture fitted to the latents of the training rows (diagonal covariances).
 * In: latents [rows, latent]. Out: a mixture that can be sampled and scored. Plain arrays, no graph.
 */
import { type Random, random } from "../engine/random.ts";

export interface Mixture {
  readonly latent: number;
  /** [components], sum 1 */
  readonly weights: Float32Array;
  /** [components, latent] */
  readonly means: Float32Array;
  /** [components, latent] */
  readonly variances: Float32Array;
}

/** N(0, I), as a mixture of one. */
export const standardNormal = (latent: number): Mixture => ({
  latent,
  weights: Float32Array.of(1),
  means: new Float32Array(latent),
  variances: new Float32Array(latent).fill(1),
});

/** One latent vector. */
export function sampleMixture({ latent, weights, means, variances }: Mixture, rng: Random): Float32Array {
  let left = rng.uniform();
  let component = 0;
  while (component < weights.length - 1 && (left -= weights[component]!) > 0) component++;
  const start = component * latent;
  return Float32Array.from(
    { length: latent },
    (_, d) => means[start + d]! + Math.sqrt(variances[start + d]!) * rng.normal(),
  );
}

/** log p(z) of one latent vector, in nats. */
export function mixtureLogDensity(mixture: Mixture, z: ArrayLike<number>): number {
  return logTotal(componentLogDensities(mixture, z, 0));
}

export interface MixtureOptions {
  readonly components: number;
  readonly seed: number;
  readonly iterations?: number;
}

/**
 * Expectation-maximisation (Dempster 1977), started from k-means++ centres (Arthur & Vassilvitskii 2007). Shares are judged by
 * the posteriors' means; their variances count where components are fitted. At most one component for 10 rows.
 * @param latents means [rows, latent] of the rows' posteriors, at least one row
 * @param spread variances [rows, latent]: the mixture is fitted to the aggregate posterior, not to its means alone
 */
export function fitMixture(
  latents: Float32Array,
  spread: Float32Array,
  latent: number,
  { components, seed, iterations = 50 }: MixtureOptions,
): Mixture {
  const rows = latents.length / latent;
  const count = Math.max(1, Math.min(components, Math.floor(rows / 10)));
  const rng = random(seed, "mixture");
  let mixture = start(latents, latent, count, rng);
  let before = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < iterations; i++) {
    const { next, logLikelihood } = improve(mixture, latents, spread);
    mixture = next;
    if (logLikelihood - before < 1e-4 * Math.abs(logLikelihood)) break;
    before = logLikelihood;
  }
  return mixture;
}

function start(latents: Float32Array, latent: number, count: number, rng: Random): Mixture {
  const rows = latents.length / latent;
  const centres: number[] = [rng.below(rows)];
  const nearest = new Float64Array(rows).fill(Number.POSITIVE_INFINITY);
  while (centres.length < count) {
    const last = centres.at(-1)!;
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      nearest[i] = Math.min(nearest[i]!, squaredDistance(latents, i, last, latent));
      sum += nearest[i]!;
    }
    let left = rng.uniform() * sum;
    let chosen = 0;
    while (chosen < rows - 1 && (left -= nearest[chosen]!) > 0) chosen++;
    centres.push(chosen);
  }
  const means = new Float32Array(count * latent);
  centres.forEach((row, c) => {
    means.set(latents.subarray(row * latent, (row + 1) * latent), c * latent);
  });
  return {
    latent,
    weights: new Float32Array(count).fill(1 / count),
    means,
    variances: new Float32Array(count * latent).fill(1),
  };
}

/** One step of expectation-maximisation. */
function improve(
  mixture: Mixture,
  latents: Float32Array,
  spread: Float32Array,
): { next: Mixture; logLikelihood: number } {
  const { latent } = mixture;
  const count = mixture.weights.length;
  const rows = latents.length / latent;
  const mass = new Float64Array(count);
  const sums = new Float64Array(count * latent);
  const squares = new Float64Array(count * latent);
  let logLikelihood = 0;
  for (let i = 0; i < rows; i++) {
    const densities = componentLogDensities(mixture, latents, i * latent);
    const all = logTotal(densities);
    logLikelihood += all / rows;
    for (let c = 0; c < count; c++) {
      const share = Math.exp(densities[c]! - all);
      if (share < 1e-8) continue;
      mass[c]! += share;
      for (let d = 0; d < latent; d++) {
        const value = latents[i * latent + d]!;
        sums[c * latent + d]! += share * value;
        squares[c * latent + d]! += share * (value * value + spread[i * latent + d]!);
      }
    }
  }
  // A component that lost its rows has no weight; this only keeps its numbers finite.
  const held = (c: number) => Math.max(mass[c]!, 1e-6);
  const means = Float32Array.from(sums, (sum, k) => sum / held(Math.floor(k / latent)));
  const variances = Float32Array.from(squares, (square, k) =>
    Math.max(square / held(Math.floor(k / latent)) - means[k]! ** 2, 1e-4),
  );
  return { next: { latent, weights: Float32Array.from(mass, (m) => m / rows), means, variances }, logLikelihood };
}

function componentLogDensities(
  { latent, weights, means, variances }: Mixture,
  z: ArrayLike<number>,
  offset: number,
): Float64Array {
  return Float64Array.from(weights, (weight, c) => {
    let exponent = latent * Math.log(2 * Math.PI);
    for (let d = 0; d < latent; d++) {
      const k = c * latent + d;
      exponent += Math.log(variances[k]!) + (z[offset + d]! - means[k]!) ** 2 / variances[k]!;
    }
    return Math.log(Math.max(weight, 1e-30)) - exponent / 2;
  });
}

function logTotal(logs: Float64Array): number {
  const top = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return top + Math.log(logs.reduce((sum, value) => sum + Math.exp(value - top), 0));
}

function squaredDistance(values: Float32Array, a: number, b: number, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += (values[a * width + d]! - values[b * width + d]!) ** 2;
  return sum;
}
