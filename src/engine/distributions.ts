/**
 * @file Log densities and reparameterised samples. In: values, parameters, and noise that the caller draws (`noise` in ops.ts).
 * Out: tensors, element by element unless said; log densities are in nats. Nothing bounds a scale here: keep log scales within
 * ±80, or exp leaves float32.
 */
import { clip, logSigmoid, logSumExp, square } from "./functions.ts";
import {
  abs,
  add,
  constant,
  div,
  equal,
  exp,
  log,
  logSoftmax,
  mul,
  neg,
  type Operand,
  reshape,
  sign,
  softmax,
  softplus,
  sub,
  sum,
  tanh,
} from "./ops.ts";
import { ShapeError, sameShape, type Tensor } from "./tensor.ts";

/** log N(x; mean, exp(logVariance)). */
export const logNormal = (x: Operand, mean: Operand, logVariance: Tensor): Tensor =>
  mul(add(add(mul(square(difference(x, mean)), exp(neg(logVariance))), logVariance), Math.log(2 * Math.PI)), -0.5);

/** log Laplace(x; mean, exp(logScale)) = -|x - mean| / scale - log 2 scale. */
export const logLaplace = (x: Operand, mean: Operand, logScale: Tensor): Tensor =>
  neg(add(add(mul(abs(difference(x, mean)), exp(neg(logScale))), logScale), Math.LN2));

/** log Logistic(x; mean, exp(logScale)) = -z - log scale - 2 log(1 + exp(-z)), z = (x - mean) / scale. */
export function logLogistic(x: Operand, mean: Operand, logScale: Tensor): Tensor {
  const z = mul(difference(x, mean), exp(neg(logScale)));
  return neg(add(add(z, logScale), mul(softplus(neg(z)), 2)));
}

/** log p of the class that `oneHot` marks: [..., classes], [..., classes] → [...]. Where it marks none, -log Σ e^ℓ. */
export const logCategorical = (oneHot: Tensor, logits: Tensor): Tensor =>
  sub(sum(mul(oneHot, logits), [-1]), logSumExp(logits, [-1]));

/** Parameters of a mixture of discretised logistics, each [..., components]. */
export interface LogisticMixture {
  /** Of the components' weights. */
  readonly logits: Tensor;
  /** On the scale where level 0 is at -1 and the last level at 1. */
  readonly means: Tensor;
  /** On the same scale. */
  readonly logScales: Tensor;
}

/**
 * Mixture of discretised logistics over whole levels 0..levels-1, such as 8-bit pixels (Salimans 2017, PixelCNN++, eq. 2):
 *   P(x) = Σₖ πₖ [σ((x + ½ - μₖ) / sₖ) - σ((x - ½ - μₖ) / sₖ)], with x - ½ = -∞ at level 0 and x + ½ = ∞ at the last.
 * The difference is never taken: with upper and lower ends a > b, σ(a) - σ(b) = σ(a) σ(-b) (1 - e^(b - a)).
 * @param x whole numbers as float32, [...] @returns [...]
 * @throws ShapeError when the parameters are not [..., components] of one shape, or when there are fewer than two levels
 */
export function logDiscretisedLogisticMixture(
  x: Tensor,
  { logits, means, logScales }: LogisticMixture,
  levels = 256,
): Tensor {
  const received = [x, logits, means, logScales].map(({ shape }) => shape);
  const fits = [means, logScales].every(({ shape }) => sameShape(shape, logits.shape));
  if (!fits || !sameShape(logits.shape.slice(0, -1), x.shape) || logits.shape.length === 0 || levels < 2) {
    throw new ShapeError(
      "logDiscretisedLogisticMixture",
      "x [...] of 2 levels or more, thrice [..., components]",
      received,
    );
  }
  const level = reshape(x, [...x.shape, 1]);
  const half = 1 / (levels - 1);
  const inverse = exp(neg(logScales));
  const centred = sub(sub(mul(level, 2 * half), 1), means);
  const [isFirst, isLast] = [equal(level, 0), equal(level, levels - 1)];
  const belowUpper = mul(logSigmoid(mul(add(centred, half), inverse)), sub(1, isLast));
  const aboveLower = mul(logSigmoid(mul(sub(half, centred), inverse)), sub(1, isFirst));
  // log(1 - e^-δ) by t = tanh(δ / 2), which is exact for small δ, where 1 - e^-δ is not.
  const t = tanh(mul(inverse, half));
  const width = sub(log(t), log(mul(add(t, 1), 0.5)));
  const inner = mul(width, sub(sub(1, isFirst), isLast));
  return logSumExp(add(logSoftmax(logits), add(add(belowUpper, aboveLower), inner)), [-1]);
}

/** Sample of N(mean, exp(logVariance)) from standard normal noise of the same shape (Kingma & Welling 2014, 2.4). */
export const sampleNormal = (mean: Tensor, logVariance: Tensor, epsilon: Tensor): Tensor =>
  add(mean, mul(exp(mul(logVariance, 0.5)), epsilon));

/** Sample of Laplace(mean, exp(logScale)) from uniform noise in [0, 1), by the inverse distribution function. */
export function sampleLaplace(mean: Tensor, logScale: Tensor, uniform: Tensor): Tensor {
  const centred = sub(inside(uniform), 0.5);
  return sub(mean, mul(exp(logScale), mul(sign(centred), log(sub(1, mul(abs(centred), 2))))));
}

/** Sample of Logistic(mean, exp(logScale)) from uniform noise in [0, 1), by the inverse distribution function. */
export function sampleLogistic(mean: Tensor, logScale: Tensor, uniform: Tensor): Tensor {
  const share = inside(uniform);
  return add(mean, mul(exp(logScale), sub(log(share), log(sub(1, share)))));
}

/**
 * Sample of the Gumbel-softmax or concrete distribution from uniform noise in [0, 1): softmax((logits + g) / temperature) along the
 * last axis, g = -log(-log u) (Jang 2017, eq. 2; Maddison 2017, eq. 10). Near temperature 0 it is one-hot.
 */
export const sampleGumbelSoftmax = (logits: Tensor, temperature: Operand, uniform: Tensor): Tensor =>
  softmax(div(sub(logits, log(neg(log(inside(uniform))))), temperature));

const difference = (x: Operand, mean: Operand): Tensor =>
  typeof x === "number" && typeof mean === "number" ? constant(x - mean) : sub(x, mean);

/** Uniform noise off 0, and off 1 to which float32 rounds it at times: both have infinite logarithms. */
const inside = (uniform: Tensor): Tensor => clip(uniform, 2 ** -24, 1 - 2 ** -24);
