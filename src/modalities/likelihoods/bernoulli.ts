/**
 * @file Bernoulli on a logit. In: x in [0, 1], one logit. Out: log density, mean, mode, draws.
 * For x strictly between 0 and 1 (grey pixels) it is the cross-entropy x·log p + (1 - x)·log(1 - p): the usual training
 * signal for 8-bit pictures, whose best p is x itself; a density in the strict sense only for x of 0 and 1.
 */
import { mul, softplus, sub } from "../../engine/ops.ts";
import { type ScalarLikelihood, sigmoidAt, softplusAt } from "./likelihood.ts";

export const bernoulli: ScalarLikelihood = {
  parameters: 1,
  // x·ℓ - log(1 + e^ℓ): no sigmoid, so no logarithm of 0
  logDensity: (x, [logit]) => sub(mul(x, logit!), softplus(logit!)),
  logDensityAt: (x, { 0: logit }) => x * logit! - softplusAt(logit!),
  mean: ({ 0: logit }) => sigmoidAt(logit!),
  mode: ({ 0: logit }) => (logit! > 0 ? 1 : 0),
  deviation: ({ 0: logit }) => Math.sqrt(sigmoidAt(logit!) * sigmoidAt(-logit!)),
  sample: ({ 0: logit }, random) => (random.uniform() < sigmoidAt(logit!) ? 1 : 0),
};
