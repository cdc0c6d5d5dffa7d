/**
 * @file Ordered classes by cumulative logits. In: class numbers and raw parameters. Out: log probability, class probabilities.
 *   P(x ≤ j) = sigmoid(θⱼ - h), j = 0..K-2, with θ₀ = base₀ + raw₀ and θⱼ = θⱼ₋₁ + gap + softplus(baseⱼ + rawⱼ)
 * At raw 0 the classes have the probabilities seen in training. Raw parameters of several columns lie side by side:
 * the locations h of all columns, then their thresholds (K - 1 each). McCullagh 1980; as in HI-VAE (1807.03653, section 3).
 */
import { logSigmoid } from "../../engine/functions.ts";
import { add, constant, exp, greater, linear, log, mul, neg, slice, softplus, sub } from "../../engine/ops.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { segmentMatrix } from "./categorical.ts";
import { inverseSoftplus, sigmoidAt, softplusAt } from "./likelihood.ts";

/** Least distance of neighbouring thresholds: no class's probability can vanish. */
const gap = 0.01;

/** Bases of the thresholds such that raw parameters of 0 give these class frequencies. */
export function thresholdBases(frequencies: readonly number[]): number[] {
  const total = frequencies.reduce((a, b) => a + b, 0);
  const bases: number[] = [];
  let below = 0;
  let last = 0;
  for (const frequency of frequencies.slice(0, -1)) {
    below += (frequency + 0.5) / (total + 0.5 * frequencies.length);
    const threshold = Math.log(below / (1 - below));
    bases.push(bases.length === 0 ? threshold : inverseSoftplus(Math.max(threshold - last - gap, gap)));
    last = threshold;
  }
  return bases;
}

const thresholdCounts = (bases: readonly (readonly number[])[]) => bases.map((own) => own.length);

/** classes [batch, columns], raw [batch, columns + Σ(K-1)] → log probabilities [batch, columns]. */
export function logOrdinals(classes: Tensor, raw: Tensor, bases: readonly (readonly number[])[]): Tensor {
  const counts = thresholdCounts(bases);
  const segments = segmentMatrix(counts);
  const toThresholds = expandMatrix(counts);
  const columns = counts.length;
  const location = slice(raw, 1, 0, columns);
  const steps = add(slice(raw, 1, columns, raw.shape[1] as number), constant(bases.flat()));

  const first = constant(bases.flatMap((own) => own.map((_, j) => (j === 0 ? 1 : 0))));
  const widths = add(softplus(steps), gap);
  const increments = add(mul(first, steps), mul(sub(1, first), widths));
  const thresholds = sub(linear(increments, runningSumMatrix(counts)), linear(location, toThresholds));

  // The class lies between threshold class-1 and threshold class: P = sigmoid(upper)·sigmoid(-lower)·(1 - e^(lower-upper)).
  const number = constant(bases.flatMap((own) => own.map((_, j) => j)));
  const spread = linear(classes, toThresholds);
  const isUpper = isEqual(spread, number);
  const isLower = isEqual(sub(spread, 1), number);
  const tails = add(mul(isUpper, logSigmoid(thresholds)), mul(isLower, logSigmoid(neg(thresholds))));
  // Between two thresholds the distance is the upper one's width; the outer classes have no such factor.
  const inner = mul(mul(isUpper, sub(1, first)), log(sub(1, exp(neg(widths)))));
  return linear(add(tails, inner), segments);
}

/** 1 where whole numbers are equal; tolerant, since one side comes out of a product. */
const isEqual = (a: Tensor, b: Tensor): Tensor => mul(greater(a, sub(b, 0.5)), greater(add(b, 0.5), a));

/** [columns, total]: repeats each column's number for its own entries. */
export function expandMatrix(counts: readonly number[]): Tensor {
  const total = counts.reduce((a, b) => a + b, 0);
  const values = new Float32Array(counts.length * total);
  let at = 0;
  counts.forEach((count, column) => {
    for (const end = at + count; at < end; at++) values[column * total + at] = 1;
  });
  return constant(values, [counts.length, total]);
}

/** [total, total]: from each column's increments to their running sums. */
function runningSumMatrix(counts: readonly number[]): Tensor {
  const total = counts.reduce((a, b) => a + b, 0);
  const values = new Float32Array(total * total);
  let start = 0;
  for (const count of counts) {
    for (let from = start; from < start + count; from++)
      for (let to = from; to < start + count; to++) values[from * total + to] = 1;
    start += count;
  }
  return constant(values, [total, total]);
}

/** Class probabilities of one column from its own location and raw thresholds. */
export function ordinalProbabilities(location: number, raw: ArrayLike<number>, bases: readonly number[]): number[] {
  let threshold = 0;
  const cumulative = bases.map((base, j) => {
    const step = base + raw[j]!;
    threshold += j === 0 ? step : gap + softplusAt(step);
    return sigmoidAt(threshold - location);
  });
  return [...cumulative, 1].map((upper, j) => upper - (j === 0 ? 0 : cumulative[j - 1]!));
}
