/**
 * @file Functions composed of the primitive operations; their derivatives follow by composition.
 * In: tensors. Out: tensors.
 */
import {
  add,
  axisSize,
  cast,
  constant,
  div,
  equal,
  exp,
  log,
  max,
  maximum,
  mul,
  neg,
  type Operand,
  reshape,
  stopGradient,
  sub,
  sum,
} from "./ops.ts";
import { normaliseAxes, reducedShape, type Tensor } from "./tensor.ts";

export const square = (x: Tensor): Tensor => mul(x, x);

/** At a tie the slope goes to the first. */
export const minimum = (a: Tensor, b: Operand): Tensor => neg(maximum(neg(a), typeof b === "number" ? -b : neg(b)));

/** x held within low..high; the gradient is 0 outside. */
export const clip = (x: Tensor, low: number, high: number): Tensor => minimum(maximum(x, low), high);

/** Mean over `axes`, all by default. */
export function mean(x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i), keep = false): Tensor {
  const over = normaliseAxes("mean", axes, x.shape);
  const fixed = over.reduce(
    (count, axis) => count * (typeof x.shape[axis] === "number" ? (x.shape[axis] as number) : 1),
    1,
  );
  const counts = over.filter((axis) => x.shape[axis] === "batch").map((axis) => axisSize(x, axis));
  return div(
    sum(x, over, keep),
    counts.reduce<Tensor>((a, b) => mul(a, b), constant(fixed)),
  );
}

/** log Σ exp(x) over `axes`, without overflow; entries may be very negative, but not all of them minus infinity. */
export function logSumExp(x: Tensor, axes: readonly number[], keep = false): Tensor {
  const top = stopGradient(max(x, axes, true));
  const total = add(log(sum(exp(sub(x, top)), axes, true)), top);
  return keep ? total : reshape(total, reducedShape(x.shape, normaliseAxes("logSumExp", axes, x.shape), false));
}

/** int32 [...] → [..., depth] of 0 and 1; an index outside 0..depth-1 gives zeros. */
export const oneHot = (indices: Tensor, depth: number): Tensor =>
  equal(reshape(cast(indices), [...indices.shape, 1]), constant(Array.from({ length: depth }, (_, i) => i)));

/**
 * log Γ(x) for x > 0, in float32 within 4e-6 of max(1, |log Γ(x)|): Stirling's series at x + 6, stepped down by the recurrence
 * log Γ(x) = log Γ(x + 1) - log x.
 */
export function logGamma(x: Tensor): Tensor {
  const steps = 6;
  const shifted = add(x, steps);
  const inverse = div(1, shifted);
  const inverse2 = square(inverse);
  const series = mul(inverse, sub(1 / 12, mul(inverse2, sub(1 / 360, mul(inverse2, 1 / 1260)))));
  const stirling = add(add(sub(mul(sub(shifted, 0.5), log(shifted)), shifted), 0.5 * Math.log(2 * Math.PI)), series);
  const logs = Array.from({ length: steps }, (_, k) => log(add(x, k)));
  return logs.reduce((value, step) => sub(value, step), stirling);
}

/** Sample of N(mean, exp(logVariance)) from standard normal noise of the same shape (Kingma & Welling 2014, 2.4). */
export const sampleNormal = (mu: Tensor, logVariance: Tensor, epsilon: Tensor): Tensor =>
  add(mu, mul(exp(mul(logVariance, 0.5)), epsilon));

/** log N(x; mean, exp(logVariance)), element by element, in nats. */
export const logNormal = (x: Operand, mu: Operand, logVariance: Tensor): Tensor => {
  const error = typeof x === "number" && typeof mu === "number" ? constant(x - mu) : sub(x, mu);
  return mul(add(add(mul(square(error), exp(neg(logVariance))), logVariance), Math.log(2 * Math.PI)), -0.5);
};
