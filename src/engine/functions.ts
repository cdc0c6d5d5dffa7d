/**
 * @file Functions composed of the primitive operations; their derivatives follow by composition.
 * In: tensors. Out: tensors.
 */
import {
  abs,
  add,
  axisSize,
  cast,
  constant,
  div,
  equal,
  erf,
  exp,
  log,
  max,
  maximum,
  mul,
  neg,
  type Operand,
  reshape,
  sigmoid,
  softplus,
  stopGradient,
  sub,
  sum,
  take,
  topIndices,
} from "./ops.ts";
import { normaliseAxes, reducedShape, staticSize, type Tensor } from "./tensor.ts";

export const square = (x: Tensor): Tensor => mul(x, x);

/** At a tie the slope goes to the first. */
export const minimum = (a: Tensor, b: Operand): Tensor => neg(maximum(neg(a), typeof b === "number" ? -b : neg(b)));

/** x held within low..high; the gradient is 0 outside. */
export const clip = (x: Tensor, low: number, high: number): Tensor => minimum(maximum(x, low), high);

/** x Φ(x) with the exact normal distribution function Φ (Hendrycks & Gimpel 2016); ONNX Runtime knows this form as one kernel. */
export const gelu = (x: Tensor): Tensor => mul(mul(x, 0.5), add(erf(div(x, Math.SQRT2)), 1));

/** x sigmoid(x), also called swish (Elfwing 2018). */
export const silu = (x: Tensor): Tensor => mul(x, sigmoid(x));

/** x / (1 + |x|). */
export const softsign = (x: Tensor): Tensor => div(x, add(abs(x), 1));

/** log sigmoid(x), without overflow. */
export const logSigmoid = (x: Tensor): Tensor => neg(softplus(neg(x)));

/** Mean over `axes`, all by default. */
export function mean(x: Tensor, axes: readonly number[] = x.shape.map((_, i) => i), keep = false): Tensor {
  return div(sum(x, axes, keep), countAlong(x, axes));
}

/** How many elements `axes` span, as a scalar: the batch size is known only when the graph runs. */
export function countAlong(x: Tensor, axes: readonly number[]): Tensor {
  const over = normaliseAxes("countAlong", axes, x.shape);
  const fixed = staticSize(over.map((axis) => x.shape[axis]!));
  const counts = over.filter((axis) => x.shape[axis] === "batch").map((axis) => axisSize(x, axis));
  return counts.reduce<Tensor>((a, b) => mul(a, b), constant(fixed));
}

/** log Σ exp(x) over `axes`, without overflow; entries may be very negative, but not all of them minus infinity. */
export function logSumExp(x: Tensor, axes: readonly number[], keep = false): Tensor {
  const top = stopGradient(max(x, axes, true));
  const total = add(log(sum(exp(sub(x, top)), axes, true)), top);
  return keep ? total : reshape(total, reducedShape(x.shape, normaliseAxes("logSumExp", axes, x.shape), false));
}

/**
 * The `count` largest elements along the last axis, [..., n] → [..., count], largest first, and their int32 places. Of equal
 * ones the first is taken, and it alone gets the gradient.
 */
export function topK(x: Tensor, count: number): { readonly values: Tensor; readonly indices: Tensor } {
  const indices = topIndices(x, count);
  return { values: take(x, indices), indices };
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

/**
 * ψ(x) = d/dx log Γ(x) for x > 0, in float32 within 2e-6 of max(1, |ψ(x)|): its asymptotic series at x + 6 (Abramowitz & Stegun
 * 6.3.18), stepped down by the recurrence ψ(x) = ψ(x + 1) - 1/x. It is the derivative of `logGamma` written out.
 */
export function digamma(x: Tensor): Tensor {
  const steps = 6;
  const inverse = div(1, add(x, steps));
  const inverse2 = square(inverse);
  const tail = mul(inverse2, sub(1 / 12, mul(inverse2, sub(1 / 120, mul(inverse2, 1 / 252)))));
  const asymptotic = sub(sub(log(add(x, steps)), mul(inverse, 0.5)), tail);
  const fractions = Array.from({ length: steps }, (_, k) => div(1, add(x, k)));
  return fractions.reduce((value, step) => sub(value, step), asymptotic);
}
