/**
 * @file Zero inflation: with chance π a count is 0, whatever its law says (Lambert 1992). In: a law of counts. Out: the law with
 * one raw parameter more, the last: the logit of π.
 *   log p(0) = log(π + (1-π)·p₀(0)), log p(k) = log(1-π) + log p₀(k) for k > 0
 */
import { logSigmoid } from "../../engine/functions.ts";
import { add, greater, neg, select, softplus, sub } from "../../engine/ops.ts";
import { type ScalarLikelihood, sigmoidAt, softplusAt } from "./likelihood.ts";

export function zeroInflated(law: ScalarLikelihood): ScalarLikelihood {
  const at = law.parameters;
  const ofLaw = (parameters: ArrayLike<number>) => Array.from(parameters).slice(0, at);
  const mean = (parameters: ArrayLike<number>) => sigmoidAt(-parameters[at]!) * law.mean(ofLaw(parameters));
  const logDensityAt = (k: number, parameters: ArrayLike<number>) => {
    const logit = parameters[at]!;
    const counted = law.logDensityAt(k, ofLaw(parameters)) - softplusAt(logit);
    if (k > 0) return counted;
    const extra = -softplusAt(-logit);
    return counted + softplusAt(extra - counted);
  };
  return {
    parameters: at + 1,
    logDensity(k, parameters) {
      const logit = parameters[at]!;
      const counted = add(law.logDensity(k, parameters.slice(0, at)), logSigmoid(neg(logit)));
      const atZero = add(counted, softplus(sub(logSigmoid(logit), counted)));
      return select(greater(k, 0.5), counted, atZero);
    },
    logDensityAt,
    mean,
    mode(parameters) {
      const other = Math.max(1, law.mode(ofLaw(parameters)));
      return logDensityAt(other, parameters) > logDensityAt(0, parameters) ? other : 0;
    },
    deviation(parameters) {
      const own = ofLaw(parameters);
      const second = sigmoidAt(-parameters[at]!) * (law.deviation(own) ** 2 + law.mean(own) ** 2);
      return Math.sqrt(Math.max(0, second - mean(parameters) ** 2));
    },
    sample(parameters, random) {
      const isExtra = random.uniform() < sigmoidAt(parameters[at]!);
      return isExtra ? 0 : law.sample(ofLaw(parameters), random);
    },
  };
}
