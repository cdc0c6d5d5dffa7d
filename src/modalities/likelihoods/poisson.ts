/**
 * @file Poisson for counts whose variance is their mean. In: k = 0, 1, 2, … and one raw parameter. Out: log density, mean, mode, draws.
 *   log μ = bound(raw₀); log p(k) = k·log μ - μ - log Γ(k+1)
 */
import { logGamma } from "../../engine/functions.ts";
import { add, exp, mul, sub } from "../../engine/ops.ts";
import { type ScalarLikelihood, softBound, softBoundAt } from "./likelihood.ts";
import { logMeanBounds } from "./negative-binomial.ts";
import { logGammaAt, samplePoisson } from "./special.ts";

const logMean = (raw: number) => softBoundAt(raw, logMeanBounds.low, logMeanBounds.high);

export const poisson: ScalarLikelihood = {
  parameters: 1,
  logDensity(k, [raw]) {
    const log = softBound(raw!, logMeanBounds.low, logMeanBounds.high);
    return sub(sub(mul(k, log), exp(log)), logGamma(add(k, 1)));
  },
  logDensityAt: (k, { 0: raw }) => k * logMean(raw!) - Math.exp(logMean(raw!)) - logGammaAt(k + 1),
  mean: ({ 0: raw }) => Math.exp(logMean(raw!)),
  mode: ({ 0: raw }) => Math.floor(Math.exp(logMean(raw!))),
  deviation: ({ 0: raw }) => Math.exp(0.5 * logMean(raw!)),
  sample: ({ 0: raw }, random) => samplePoisson(Math.exp(logMean(raw!)), random),
};
