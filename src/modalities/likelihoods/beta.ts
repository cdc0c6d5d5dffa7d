/**
 * @file Beta laws for fractions, by mean and precision (Ferrari & Cribari-Neto 2004), with or without chances of exactly 0 and 1
 * (Ospina & Ferrari 2010). In: x in 0..1 and raw parameters: logit of the mean μ, log precision φ; and log chances of 0 and of
 * 1 against the inside. Out: log density, mean, mode, draws.
 *   a = μφ, b = (1-μ)φ; log p(x) = log Γ(φ) - log Γ(a) - log Γ(b) + (a-1)·log x + (b-1)·log(1-x)
 */
import { clip, logGamma } from "../../engine/functions.ts";
import { add, concat, equal, exp, log, mul, select, sigmoid, slice, softplus, sub } from "../../engine/ops.ts";
import type { Random } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type ScalarLikelihood, sigmoidAt, softBound, softBoundAt, softplusAt, softUnbound } from "./likelihood.ts";
import { logGammaAt, sampleGamma } from "./special.ts";

/** The density is asked for no nearer to 0 and 1 than this: float32 tells 1 - 1e-6 from 1, and hardly more. */
export const edge = 1e-6;

/** μ between e^-9 and 1 - e^-9. */
const logitBounds = { low: -9, high: 9 } as const;
/** φ between 0.1 (all at the ends) and 665 (deviation 0.02 at the middle); float32 loses the difference of log Γ beyond. */
const logPrecisionBounds = { low: -2, high: 6.5 } as const;

const meanAt = (raw: number) => sigmoidAt(softBoundAt(raw, logitBounds.low, logitBounds.high));
const precisionAt = (raw: number) => Math.exp(softBoundAt(raw, logPrecisionBounds.low, logPrecisionBounds.high));

function shapesAt({ 0: rawMean, 1: rawPrecision }: ArrayLike<number>): [number, number] {
  const [mean, precision] = [meanAt(rawMean!), precisionAt(rawPrecision!)];
  return [mean * precision, (1 - mean) * precision];
}

function logDensity(x: Tensor, [rawMean, rawPrecision]: readonly Tensor[]): Tensor {
  const inner = clip(x, edge, 1 - edge);
  const logit = softBound(rawMean!, logitBounds.low, logitBounds.high);
  const precision = exp(softBound(rawPrecision!, logPrecisionBounds.low, logPrecisionBounds.high));
  const a = mul(sigmoid(logit), precision);
  // Not precision - a, which cancels.
  const b = mul(sigmoid(mul(logit, -1)), precision);
  // One evaluation of log Γ for its three arguments keeps the graph short.
  const width = x.shape.at(-1) as number;
  const gammas = logGamma(concat([precision, a, b], -1));
  const part = (i: number) => slice(gammas, -1, i * width, (i + 1) * width);
  const coefficient = sub(sub(part(0), part(1)), part(2));
  return add(coefficient, add(mul(sub(a, 1), log(inner)), mul(sub(b, 1), log(sub(1, inner)))));
}

function logDensityAt(x: number, parameters: ArrayLike<number>): number {
  const inner = Math.min(Math.max(x, edge), 1 - edge);
  const [a, b] = shapesAt(parameters);
  const coefficient = logGammaAt(a + b) - logGammaAt(a) - logGammaAt(b);
  return coefficient + (a - 1) * Math.log(inner) + (b - 1) * Math.log1p(-inner);
}

function sample(parameters: ArrayLike<number>, random: Random): number {
  const [a, b] = shapesAt(parameters);
  const [x, y] = [sampleGamma(a, random), sampleGamma(b, random)];
  // Both draws of tiny shapes may be 0 in float64: then the ends have the chances of their shapes.
  return x + y > 0 ? x / (x + y) : random.uniform() < a / (a + b) ? 1 : 0;
}

export const beta: ScalarLikelihood = {
  parameters: 2,
  logDensity,
  logDensityAt,
  mean: ({ 0: raw }) => meanAt(raw!),
  mode(parameters) {
    const [a, b] = shapesAt(parameters);
    return a > 1 && b > 1 ? (a - 1) / (a + b - 2) : a < b ? 0 : 1;
  },
  deviation(parameters) {
    const mean = meanAt(parameters[0]!);
    return Math.sqrt((mean * (1 - mean)) / (1 + precisionAt(parameters[1]!)));
  },
  sample,
};

/** Chances of inside, 0 and 1. */
function chancesAt({ 2: zero, 3: one }: ArrayLike<number>): [number, number, number] {
  const total = logTotalAt(zero!, one!);
  return [Math.exp(-total), Math.exp(zero! - total), Math.exp(one! - total)];
}

/** log(1 + e^zero + e^one) */
const logTotalAt = (zero: number, one: number) => softplusAt(zero + softplusAt(one - zero));

export const inflatedBeta: ScalarLikelihood = {
  parameters: 4,
  logDensity(x, [rawMean, rawPrecision, zero, one]) {
    const total = softplus(add(zero!, softplus(sub(one!, zero!))));
    const inner = logDensity(x, [rawMean!, rawPrecision!]);
    return sub(select(equal(x, 0), zero!, select(equal(x, 1), one!, inner)), total);
  },
  logDensityAt(x, parameters) {
    const total = logTotalAt(parameters[2]!, parameters[3]!);
    return (x === 0 ? parameters[2]! : x === 1 ? parameters[3]! : logDensityAt(x, parameters)) - total;
  },
  mean(parameters) {
    const [inside, , one] = chancesAt(parameters);
    return inside * beta.mean(parameters) + one;
  },
  mode(parameters) {
    const chances = chancesAt(parameters);
    const best = chances.indexOf(Math.max(...chances));
    return best === 0 ? beta.mode(parameters) : best - 1;
  },
  deviation(parameters) {
    const [inside, , one] = chancesAt(parameters);
    const mean = inside * beta.mean(parameters) + one;
    const second = inside * (beta.deviation(parameters) ** 2 + beta.mean(parameters) ** 2) + one;
    return Math.sqrt(Math.max(0, second - mean ** 2));
  },
  sample(parameters, random) {
    const [inside, zero] = chancesAt(parameters);
    const drawn = random.uniform();
    return drawn < inside ? sample(parameters, random) : drawn < inside + zero ? 0 : 1;
  },
};

/** Raw parameters at which a law is that of these fractions, by their moments. */
export function fractionStarts(family: "beta" | "inflated-beta", values: readonly number[]): number[] {
  const within = (x: number, { low, high }: { low: number; high: number }) =>
    softUnbound(Math.min(Math.max(x, low + 0.5), high - 0.5), low, high);
  const between = values.filter((x) => x > 0 && x < 1);
  const inner = between.length > 0 ? between : [0.5];
  const mean = Math.min(Math.max(inner.reduce((sum, x) => sum + x, 0) / inner.length, edge), 1 - edge);
  const variance = Math.max(inner.reduce((sum, x) => sum + (x - mean) ** 2, 0) / inner.length, 1e-9);
  const precision = Math.max((mean * (1 - mean)) / variance - 1, 1e-2);
  const starts = [
    within(Math.log(mean) - Math.log1p(-mean), logitBounds),
    within(Math.log(precision), logPrecisionBounds),
  ];
  if (family === "beta") return starts;
  // Half a cell of each, so that no chance is 0.
  const share = (edgeValue: number) =>
    Math.log((values.filter((x) => x === edgeValue).length + 0.5) / (between.length + 0.5));
  return [...starts, share(0), share(1)];
}
