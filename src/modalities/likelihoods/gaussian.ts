/**
 * @file Gaussian likelihoods: of a fixed deviation, and with a learned variance that is bounded.
 * In: x and raw parameters (mean; or mean and log variance). Out: log density, mean, mode, draws.
 */
import { logNormal } from "../../engine/distributions.ts";
import { constant } from "../../engine/ops.ts";
import { type ScalarLikelihood, softBound, softBoundAt } from "./likelihood.ts";

const logDensityAt = (x: number, mean: number, logVariance: number) =>
  -0.5 * ((x - mean) ** 2 / Math.exp(logVariance) + logVariance + Math.log(2 * Math.PI));

/** One parameter: the mean. */
export function fixedGaussian(deviation: number): ScalarLikelihood {
  const logVariance = 2 * Math.log(deviation);
  return {
    parameters: 1,
    logDensity: (x, [mean]) => logNormal(x, mean!, constant(logVariance)),
    logDensityAt: (x, { 0: mean }) => logDensityAt(x, mean!, logVariance),
    mean: ({ 0: mean }) => mean!,
    mode: ({ 0: mean }) => mean!,
    deviation: () => deviation,
    sample: ({ 0: mean }, random) => mean! + deviation * random.normal(),
  };
}

/**
 * Bounds of the log variance for standardised values: deviation 0.05 to 4.5. The lower one forbids the unbounded density
 * that repeated values would otherwise buy (a column of whole numbers is no continuum); the upper one is wider than the data.
 */
export const logVarianceBounds = { low: -6, high: 3 } as const;

const bounded = (raw: number) => softBoundAt(raw, logVarianceBounds.low, logVarianceBounds.high);

/** Two parameters: the mean, and the log variance before its bounds. */
export const gaussian: ScalarLikelihood = {
  parameters: 2,
  logDensity: (x, [mean, raw]) => logNormal(x, mean!, softBound(raw!, logVarianceBounds.low, logVarianceBounds.high)),
  logDensityAt: (x, { 0: mean, 1: raw }) => logDensityAt(x, mean!, bounded(raw!)),
  mean: ({ 0: mean }) => mean!,
  mode: ({ 0: mean }) => mean!,
  deviation: ({ 1: raw }) => Math.exp(0.5 * bounded(raw!)),
  sample: ({ 0: mean, 1: raw }, random) => mean! + Math.exp(0.5 * bounded(raw!)) * random.normal(),
};
