/**
 * @file Table columns of one likelihood family, handled side by side: a table of thirty columns costs the graph no more
 * nodes than one of three. In: targets [batch, columns] of the family. Out: features, log densities, predictions.
 */
import { add, constant, greater, linear, log, mul, slice, sub } from "../../engine/ops.ts";
import type { Random } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { argMax, boundedLogits, drawIndex, logCategoricals, softmaxOf } from "../likelihoods/categorical.ts";
import { gaussian } from "../likelihoods/gaussian.ts";
import { type ScalarLikelihood, softUnbound } from "../likelihoods/likelihood.ts";
import { logMeanBounds, negativeBinomial } from "../likelihoods/negative-binomial.ts";
import { expandMatrix, logOrdinals, ordinalProbabilities } from "../likelihoods/ordinal.ts";
import type { CategoryState, CountState, GaussianState, OrderState, Prediction } from "./column.ts";
import { medianRank } from "./order.ts";

export interface Family<State> {
  /** How many features one column gives. */
  featureWidth(state: State): number;
  /** How many raw parameters all columns of the family take together. */
  parameterWidth(states: readonly State[]): number;
  /** targets [batch, columns] → [batch, Σ featureWidth]. */
  features(targets: Tensor, states: readonly State[]): Tensor;
  /** log p of each cell in nats, [batch, columns]. */
  logDensity(targets: Tensor, parameters: Tensor, states: readonly State[]): Tensor;
  /** One row's parameters of the family → what each column is: typical value, or a draw where `random` is given. */
  predict(parameters: Float32Array, states: readonly State[], random?: Random): Prediction[];
  /** Scale of one cell's information in bits, for balance against other modalities. */
  bits(state: State): number;
}

/** Parameters of columns side by side: first parameter of all columns, then the second; `start` is added to the first. */
function scalarFamily<State>(
  likelihood: ScalarLikelihood,
  start: (state: State) => number,
): Pick<Family<State>, "parameterWidth" | "logDensity" | "predict"> {
  const { parameters: count } = likelihood;
  return {
    parameterWidth: (states) => count * states.length,
    logDensity(targets, parameters, states) {
      const n = states.length;
      const parts = Array.from({ length: count }, (_, i) => slice(parameters, 1, i * n, (i + 1) * n));
      const starts = states.map(start);
      const [first, ...rest] = parts as [Tensor, ...Tensor[]];
      const shifted = starts.every((value) => value === 0) ? first : add(first, constant(starts));
      return likelihood.logDensity(targets, [shifted, ...rest]);
    },
    predict: (parameters, states, random) =>
      states.map((state, i) => {
        const own = Array.from({ length: count }, (_, p) => parameters[p * states.length + i]!);
        own[0]! += Math.fround(start(state));
        if (random) return { value: likelihood.sample(own, random), deviation: 0 };
        return { value: likelihood.mean(own), deviation: likelihood.deviation(own) };
      }),
  };
}

export const gaussianFamily: Family<GaussianState> = {
  ...scalarFamily<GaussianState>(gaussian, () => 0),
  featureWidth: () => 1,
  features: (targets) => targets,
  // A standardised number known to a tenth of its deviation.
  bits: () => 4,
};

export const countFamily: Family<CountState> = {
  // A raw parameter of 0 stands for the mean of training.
  ...scalarFamily<CountState>(negativeBinomial, ({ logMean }) =>
    softUnbound(logMean, logMeanBounds.low, logMeanBounds.high),
  ),
  featureWidth: () => 1,
  features: (targets, states) => {
    const center = constant(states.map((state) => state.center));
    const inverse = constant(states.map((state) => 1 / state.scale));
    return mul(sub(log(add(targets, 1)), center), inverse);
  },
  bits: ({ low, high }) => Math.min(4, Math.log2(high - low + 1)),
};

export const categoryFamily: Family<CategoryState> = {
  featureWidth: ({ levels }) => levels.length,
  parameterWidth: (states) => totalLevels(states),
  features: oneHotColumns,
  logDensity: (targets, parameters, states) =>
    logCategoricals(
      oneHotColumns(targets, states),
      parameters,
      states.map(({ levels }) => levels.length),
    ),
  predict(parameters, states, random) {
    let at = 0;
    return states.map(({ levels }) => {
      const probabilities = softmaxOf(boundedLogits(parameters.subarray(at, (at += levels.length))));
      return { value: random ? drawIndex(probabilities, random) : argMax(probabilities), deviation: 0 };
    });
  },
  bits: ({ levels }) => Math.log2(levels.length),
};

export const orderFamily: Family<OrderState> = {
  featureWidth: ({ levels }) => levels.length - 1,
  parameterWidth: (states) => totalLevels(states),
  // Thermometer: entry j is 1 where the level is above j, so that near levels have near features.
  features(targets, states) {
    const counts = states.map(({ levels }) => levels.length - 1);
    const steps = counts.flatMap((size) => Array.from({ length: size }, (_, j) => j + 0.5));
    return greater(linear(targets, expandMatrix(counts)), constant(steps));
  },
  logDensity: (targets, parameters, states) =>
    logOrdinals(
      targets,
      parameters,
      states.map(({ bases }) => bases),
    ),
  predict(parameters, states, random) {
    let at = states.length;
    return states.map(({ bases }, i) => {
      const raw = parameters.subarray(at, (at += bases.length));
      const probabilities = ordinalProbabilities(parameters[i]!, raw, bases);
      return { value: random ? drawIndex(probabilities, random) : medianRank(probabilities), deviation: 0 };
    });
  },
  bits: ({ levels }) => Math.log2(levels.length),
};

const totalLevels = (states: readonly { readonly levels: readonly unknown[] }[]) =>
  states.reduce((sum, { levels }) => sum + levels.length, 0);

/** Level numbers [batch, columns] → [batch, Σ levels] of 0 and 1. */
function oneHotColumns(targets: Tensor, states: readonly CategoryState[]): Tensor {
  const sizes = states.map(({ levels }) => levels.length);
  const numbers = sizes.flatMap((size) => Array.from({ length: size }, (_, j) => j));
  const distance = sub(linear(targets, expandMatrix(sizes)), constant(numbers));
  // Within half a unit: the numbers come out of a product.
  return mul(greater(distance, -0.5), greater(0.5, distance));
}
