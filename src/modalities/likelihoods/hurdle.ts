/**
 * @file Hurdle (Cragg 1971): zero or not by a Bernoulli; what is not zero Gaussian on its standardised logarithm s, so log-normal.
 * In: s, or `zeroMark` for a zero, and three raw parameters: mean and log variance of s, logit of the chance of zero.
 * Out: log density; mean, mode and deviation of s where there is one; draws.
 *   log p(0) = log π, log p(s) = log(1-π) + log N(s; μ, σ²)
 */
import { logSigmoid } from "../../engine/functions.ts";
import { add, greater, neg, select } from "../../engine/ops.ts";
import { gaussian } from "./gaussian.ts";
import { type ScalarLikelihood, sigmoidAt, softplusAt } from "./likelihood.ts";

/** Stands for a zero among standardised logarithms; none of them is below -16. */
export const zeroMark = -32;
const between = zeroMark / 1.5;

export const hurdle: ScalarLikelihood = {
  parameters: 3,
  logDensity(s, [mean, rawVariance, logit]) {
    const isAbove = greater(s, between);
    // At a zero the Gaussian is asked for s = 0, so that its slopes stay small before they are left out.
    const size = gaussian.logDensity(select(isAbove, s, 0), [mean!, rawVariance!]);
    return select(isAbove, add(size, logSigmoid(neg(logit!))), logSigmoid(logit!));
  },
  logDensityAt(s, parameters) {
    const logit = parameters[2]!;
    return s > between ? gaussian.logDensityAt(s, parameters) - softplusAt(logit) : -softplusAt(-logit);
  },
  mean: gaussian.mean,
  mode: gaussian.mode,
  deviation: gaussian.deviation,
  zeroChance: ({ 2: logit }) => sigmoidAt(logit!),
  sample(parameters, random) {
    return random.uniform() < sigmoidAt(parameters[2]!) ? zeroMark : gaussian.sample(parameters, random);
  },
};
