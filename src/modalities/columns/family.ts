/**
 * @file Table columns of one likelihood family, handled side by side: a table of thirty columns costs the graph no more
 * nodes than one of three. In: targets [batch, Σ width] of the family. Out: features, log densities, draws, beliefs.
 */
import { add, constant, greater, linear, mul, slice, sub } from "../../engine/ops.ts";
import type { Random } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { bernoulli } from "../likelihoods/bernoulli.ts";
import { boundedLogits, drawIndex, logCategoricals, segmentMatrix, softmaxOf } from "../likelihoods/categorical.ts";
import { type ScalarLikelihood, sigmoidAt } from "../likelihoods/likelihood.ts";
import { expandMatrix, logOrdinals, ordinalProbabilities } from "../likelihoods/ordinal.ts";
import type { CategoryState, LabelsState, NumberState, OrderState, Target } from "./column.ts";

export interface Family<State> {
  /** How many numbers one cell is encoded as. */
  width(state: State): number;
  /** How many features one column gives. */
  featureWidth(state: State): number;
  /** How many raw parameters all columns of the family take together. */
  parameterWidth(states: readonly State[]): number;
  /** targets [batch, Σ width] → [batch, Σ featureWidth]. */
  features(targets: Tensor, states: readonly State[]): Tensor;
  /** log p of each cell in nats, [batch, columns]. */
  logDensity(targets: Tensor, parameters: Tensor, states: readonly State[]): Tensor;
  /** One row's parameters of the family → a draw of each column's target. */
  draw(parameters: Float32Array, states: readonly State[], random: Random): Target[];
  /** What they say of each column: mean and deviation (and chance of zero) of its target, or the chances of its classes. */
  belief(parameters: Float32Array, states: readonly State[]): Target[];
  /** Scale of one cell's information in bits, for balance against other modalities. */
  bits(state: State): number;
}

/**
 * Numbers with a law of their own. Parameters of columns side by side: first parameter of all columns, then the second; the
 * network's outputs are added to the columns' starts.
 */
export function scalarFamily<State extends NumberState>(
  likelihood: ScalarLikelihood,
  width: (state: State) => number,
  bits: (state: State) => number,
): Family<State> {
  const { parameters: count, zeroChance } = likelihood;
  const starts = (states: readonly State[], i: number) => states.map((state) => Math.fround(state.starts[i] ?? 0));
  const own = (parameters: Float32Array, states: readonly State[], column: number) =>
    Array.from({ length: count }, (_, i) => {
      const start = Math.fround(states[column]!.starts[i] ?? 0);
      return parameters[i * states.length + column]! + start;
    });
  return {
    width,
    featureWidth: (state) => Math.max(1, width(state) - 1),
    parameterWidth: (states) => count * states.length,
    features(targets, states) {
      const widths = states.map(width);
      return pick(targets, widths, (place, cell) => cell === 1 || place > 0);
    },
    logDensity(targets, parameters, states) {
      const n = states.length;
      const parts = Array.from({ length: count }, (_, i) => {
        const part = slice(parameters, 1, i * n, (i + 1) * n);
        const shifts = starts(states, i);
        return shifts.every((value) => value === 0) ? part : add(part, constant(shifts));
      });
      return likelihood.logDensity(
        pick(targets, states.map(width), (place) => place === 0),
        parts,
      );
    },
    draw: (parameters, states, random) =>
      states.map((_, column) => [likelihood.sample(own(parameters, states, column), random)]),
    belief: (parameters, states) =>
      states.map((_, column) => {
        const raw = own(parameters, states, column);
        const moments = [likelihood.mean(raw), likelihood.deviation(raw)];
        return zeroChance ? [...moments, zeroChance(raw)] : moments;
      }),
    bits,
  };
}

/** The places of each cell that are wanted, cells of these widths lying side by side. */
function pick(targets: Tensor, widths: readonly number[], isWanted: (place: number, cell: number) => boolean): Tensor {
  const wanted = widths.flatMap((width) => Array.from({ length: width }, (_, place) => isWanted(place, width)));
  const from = wanted.flatMap((isIn, i) => (isIn ? [i] : []));
  if (from.length === wanted.length) return targets;
  // A product with single ones is exact.
  const matrix = new Float32Array(wanted.length * from.length);
  from.forEach((row, column) => {
    matrix[row * from.length + column] = 1;
  });
  return linear(targets, constant(matrix, [wanted.length, from.length]));
}

export const categoryFamily: Family<CategoryState> = {
  width: () => 1,
  featureWidth: ({ levels }) => levels.length,
  parameterWidth: (states) => totalLevels(states),
  features: oneHotColumns,
  logDensity: (targets, parameters, states) =>
    logCategoricals(
      oneHotColumns(targets, states),
      parameters,
      states.map(({ levels }) => levels.length),
    ),
  draw: (parameters, states, random) =>
    categoryFamily.belief(parameters, states).map((chances) => [drawIndex(chances, random)]),
  belief(parameters, states) {
    let at = 0;
    return states.map(({ levels }) => [...softmaxOf(boundedLogits(parameters.subarray(at, (at += levels.length))))]);
  },
  bits: ({ levels }) => Math.log2(levels.length),
};

export const orderFamily: Family<OrderState> = {
  width: () => 1,
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
  draw: (parameters, states, random) =>
    orderFamily.belief(parameters, states).map((chances) => [drawIndex(chances, random)]),
  belief(parameters, states) {
    let at = states.length;
    return states.map(({ bases }, i) =>
      ordinalProbabilities(parameters[i]!, parameters.subarray(at, (at += bases.length)), bases),
    );
  },
  bits: ({ levels }) => Math.log2(levels.length),
};

/** Each label there or not, independently given the latent; the raw parameters are added to the logits of training's shares. */
export const labelsFamily: Family<LabelsState> = {
  width: ({ labels }) => labels.length,
  featureWidth: ({ labels }) => labels.length,
  parameterWidth: (states) => states.reduce((sum, { labels }) => sum + labels.length, 0),
  features: (targets) => targets,
  logDensity: (targets, parameters, states) =>
    linear(
      bernoulli.logDensity(targets, [add(parameters, constant(states.flatMap(labelLogits)))]),
      segmentMatrix(states.map(({ labels }) => labels.length)),
    ),
  draw: (parameters, states, random) =>
    labelsFamily
      .belief(parameters, states)
      .map((chances) => chances.map((chance) => (random.uniform() < chance ? 1 : 0))),
  belief(parameters, states) {
    let at = 0;
    return states.map((state) => labelLogits(state).map((logit) => sigmoidAt(parameters[at++]! + logit)));
  },
  // Entropy of each label's share.
  bits: ({ shares }) => shares.reduce((sum, p) => sum - p * Math.log2(p) - (1 - p) * Math.log2(1 - p), 0),
};

const labelLogits = ({ shares }: LabelsState): number[] => shares.map((p) => Math.fround(Math.log(p / (1 - p))));

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
