/**
 * @file Negative binomial for counts: a Poisson whose rate varies, so the variance may exceed the mean; its limit r → ∞ is
 * the Poisson. In: k = 0, 1, 2, … and two raw parameters. Out: log density, mean, mode, draws.
 *   log μ = bound(raw₀), log r = bound(raw₁); variance μ + μ²/r
 *   log p(k) = log Γ(k+r) - log Γ(r) - log Γ(k+1) + r·log(r/(r+μ)) + k·log(μ/(r+μ))
 */
import { logGamma } from "../../engine/functions.ts";
import { add, concat, exp, mul, slice, softplus, sub } from "../../engine/ops.ts";
import type { Random } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type ScalarLikelihood, softBound, softBoundAt, softplusAt } from "./likelihood.ts";
import { logGammaAt, sampleGamma, samplePoisson } from "./special.ts";

/** μ between 1e-4 and 1e6. */
export const logMeanBounds = { low: -9.2, high: 13.8 } as const;
/** r between 0.05 (very bursty) and 1,100 (all but a Poisson); float32 loses the difference of log Γ beyond. */
export const logSizeBounds = { low: -3, high: 7 } as const;

const logMean = (raw: number) => softBoundAt(raw, logMeanBounds.low, logMeanBounds.high);
const logSize = (raw: number) => softBoundAt(raw, logSizeBounds.low, logSizeBounds.high);

function logDensity(k: Tensor, [rawMean, rawSize]: readonly Tensor[]): Tensor {
  const size = softBound(rawSize!, logSizeBounds.low, logSizeBounds.high);
  const r = exp(size);
  // log μ - log r; log(r+μ) = log r + softplus of it
  const ratio = sub(softBound(rawMean!, logMeanBounds.low, logMeanBounds.high), size);
  const total = softplus(ratio);
  // One evaluation of log Γ for its three arguments keeps the graph short.
  const width = k.shape.at(-1) as number;
  const gammas = logGamma(concat([add(k, r), r, add(k, 1)], -1));
  const part = (i: number) => slice(gammas, -1, i * width, (i + 1) * width);
  const coefficient = sub(sub(part(0), part(1)), part(2));
  return add(coefficient, sub(mul(k, sub(ratio, total)), mul(r, total)));
}

function logDensityAt(k: number, { 0: rawMean, 1: rawSize }: ArrayLike<number>): number {
  const r = Math.exp(logSize(rawSize!));
  const ratio = logMean(rawMean!) - logSize(rawSize!);
  const total = softplusAt(ratio);
  return logGammaAt(k + r) - logGammaAt(r) - logGammaAt(k + 1) + k * (ratio - total) - r * total;
}

function sample({ 0: rawMean, 1: rawSize }: ArrayLike<number>, random: Random): number {
  const r = Math.exp(logSize(rawSize!));
  return samplePoisson((sampleGamma(r, random) * Math.exp(logMean(rawMean!))) / r, random);
}

export const negativeBinomial: ScalarLikelihood = {
  parameters: 2,
  logDensity,
  logDensityAt,
  mean: ({ 0: raw }) => Math.exp(logMean(raw!)),
  mode: ({ 0: rawMean, 1: rawSize }) => {
    const r = Math.exp(logSize(rawSize!));
    return r > 1 ? Math.floor((Math.exp(logMean(rawMean!)) * (r - 1)) / r) : 0;
  },
  deviation: ({ 0: rawMean, 1: rawSize }) => {
    const mu = Math.exp(logMean(rawMean!));
    return Math.sqrt(mu + mu ** 2 / Math.exp(logSize(rawSize!)));
  },
  sample,
};
