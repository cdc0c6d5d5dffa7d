/**
 * @file What a likelihood is: a log density for the graph beside the same density, mean, mode and draws on plain numbers.
 * In: nothing. Out: the contract, and the smooth bound that keeps learned scales from running away.
 */
import { add, softplus, sub } from "../../engine/ops.ts";
import type { Random } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";

/** Distribution of one number given `parameters` raw outputs of a network; any real raw output is valid. */
export interface ScalarLikelihood {
  /** How many raw outputs describe one number. */
  readonly parameters: number;
  /** log p(x), element by element, in nats. Every parameter tensor has x's shape. */
  logDensity(x: Tensor, parameters: readonly Tensor[]): Tensor;
  /** The same on numbers. */
  logDensityAt(x: number, parameters: ArrayLike<number>): number;
  mean(parameters: ArrayLike<number>): number;
  mode(parameters: ArrayLike<number>): number;
  deviation(parameters: ArrayLike<number>): number;
  /** Chance of the mark that stands for zero; mean, mode and deviation are then those of the other numbers. */
  zeroChance?(parameters: ArrayLike<number>): number;
  sample(parameters: ArrayLike<number>, random: Random): number;
}

/**
 * x held between two bounds that it nears smoothly, and left almost as it is well inside them (Chua et al. 2018,
 * 1805.12114, appendix A.1): unlike a clip it keeps a gradient everywhere, so a scale that hit its bound can come back.
 */
export function softBound(x: Tensor, low: number, high: number): Tensor {
  const below = sub(high, softplus(sub(high, x)));
  return add(low, softplus(add(below, -low)));
}

/** softBound on numbers. */
export function softBoundAt(x: number, low: number, high: number): number {
  const below = high - softplusAt(high - x);
  return low + softplusAt(below - low);
}

/** The raw value that softBound maps to x; x strictly between the bounds. */
export const softUnbound = (x: number, low: number, high: number): number => {
  const below = low + inverseSoftplus(x - low);
  return high - inverseSoftplus(high - below);
};

export const softplusAt = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** The x for which softplus(x) = y, y > 0. */
export const inverseSoftplus = (y: number): number => y + Math.log(-Math.expm1(-y));

export const sigmoidAt = (x: number): number => 1 / (1 + Math.exp(-x));
