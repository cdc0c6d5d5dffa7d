/**
 * @file What a bench case is, and what several share. In: nothing. Out: the contract, perceptrons, densities, random arrays.
 * Parameters bear the names that the peer's modules give them, "/" for ".": so the parity test can tell which is which.
 */
import { dense, type Layer, sequential } from "../../src/engine/layers.ts";
import { mul, relu, slice, softplus, sub, sum } from "../../src/engine/ops.ts";
import { random } from "../../src/engine/random.ts";
import type { FeedArray } from "../../src/engine/runtime.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import type { Gaussian } from "../../src/models/gaussian.ts";

export interface BenchCase {
  /** The same in torch_cases.py. */
  readonly name: string;
  /** Sent to the peer, which builds its modules from them. */
  readonly sizes: Readonly<Record<string, number | readonly number[]>>;
  /** To be minimised, averaged over the batch. */
  readonly loss: Tensor;
  /** Fresh arrays on every call: a step takes them over. */
  feeds(batch: number): Record<string, FeedArray>;
}

/** Dense layers of these sizes with ReLU between them, none after the last. */
export const perceptron = (sizes: readonly number[]): Layer =>
  sequential(
    ...sizes.flatMap((units, i) => (i < sizes.length - 1 ? [dense(units), relu] : [dense(units, { gain: 1 })])),
  );

/** Mean and log-variance from the two halves of one layer, as the peers have them. */
export const gaussianOf = (heads: Tensor, latent: number): Gaussian => ({
  mean: slice(heads, 1, 0, latent),
  logVariance: slice(heads, 1, latent, 2 * latent),
});

/** log p(x|logits), [batch]: x·l − softplus(l), summed over all axes but the first. */
export const bernoulli = (logits: Tensor, x: Tensor): Tensor =>
  sum(
    sub(mul(x, logits), softplus(logits)),
    x.shape.slice(1).map((_, i) => i + 1),
  );

export const uniformArray = (size: number, name: string): Float32Array => {
  const rng = random(size, name);
  return Float32Array.from({ length: size }, rng.uniform);
};
