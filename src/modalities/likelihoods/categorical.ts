/**
 * @file Categorical events of different sizes side by side (table columns). In: one-hot targets and logits. Out: log
 * probabilities, mode, draws. Events of one size (positions of a text) have `logCategorical` in engine/distributions.ts.
 */
import { constant, exp, linear, log, mul, sub, tanh } from "../../engine/ops.ts";
import type { Random } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";

/**
 * Bound of the logits of table columns. exp(±15) and its sums are exact enough in float32, so no maximum need be
 * subtracted per event, and all columns are normalised by one product; probabilities stay above e^-30.
 */
const logitBound = 15;

/** A matrix [total, events] of 0 and 1 that sums the entries of each event; `sizes` are the events' classes. */
export function segmentMatrix(sizes: readonly number[]): Tensor {
  const total = sizes.reduce((a, b) => a + b, 0);
  const values = new Float32Array(total * sizes.length);
  let row = 0;
  sizes.forEach((size, event) => {
    for (const end = row + size; row < end; row++) values[row * sizes.length + event] = 1;
  });
  return constant(values, [total, sizes.length]);
}

/** Events of different sizes side by side: oneHot and raw logits [batch, Σ sizes] → log probabilities [batch, events]. */
export function logCategoricals(oneHot: Tensor, raw: Tensor, sizes: readonly number[]): Tensor {
  const logits = mul(tanh(mul(raw, 1 / logitBound)), logitBound);
  const segments = segmentMatrix(sizes);
  return sub(linear(mul(oneHot, logits), segments), log(linear(exp(logits), segments)));
}

/** The logits that `logCategoricals` makes of raw outputs, on numbers. */
export const boundedLogits = (raw: ArrayLike<number>): number[] =>
  Array.from(raw, (x) => logitBound * Math.tanh(x / logitBound));

export function softmaxOf(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const top = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = values.map((x) => Math.exp(x - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / total);
}

export function argMax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Index drawn with the given probabilities, which sum to 1. */
export function drawIndex(probabilities: ArrayLike<number>, random: Random): number {
  let left = random.uniform();
  for (let i = 0; i < probabilities.length; i++) if ((left -= probabilities[i]!) < 0) return i;
  // Rounding may leave a sliver: the likeliest takes it.
  return argMax(probabilities);
}
