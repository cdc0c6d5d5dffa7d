/**
 * @file Mixture of discretised logistics over the levels 0..255 (Salimans 2017, 1701.05517, eq. 2), on plain numbers and in the graph.
 * In: a level, and 3·K raw numbers: logits of the weights, means, log scales, each before it is moved and bounded here.
 * Out: log probability, mean, mode, draws, the last three as levels / 255.
 */
import { type LogisticMixture, logDiscretisedLogisticMixture } from "../../engine/distributions.ts";
import { add, constant, reshape } from "../../engine/ops.ts";
import type { Random } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { softBound, softBoundAt, softplusAt } from "./likelihood.ts";

const lastLevel = 255;
/** On the scale where level 0 is at -1 and 255 at 1: a hundredth of a level to several times the range. */
const scaleBounds = { low: -10, high: 2 } as const;
/** A network that says nothing yet means a scale of e^-1.5, some 30 levels. */
const startLogScale = -1.5;

/** Means of an untrained network lie evenly over the levels: equal components would learn the same. */
const startMeans = (components: number): number[] =>
  Array.from({ length: components }, (_, k) => (2 * k + 1 - components) / components);

/** log P(level), [..., channels]. @param raw logits, means and log scales, each [..., channels · components] */
export function logLogisticLevels(levels: Tensor, raw: readonly Tensor[], components: number): Tensor {
  const [logits, means, logScales] = raw.map((part) => reshape(part, [...levels.shape, components]));
  const mixture: LogisticMixture = {
    logits: logits!,
    means: add(means!, constant(startMeans(components), [components])),
    logScales: softBound(add(logScales!, startLogScale), scaleBounds.low, scaleBounds.high),
  };
  return logDiscretisedLogisticMixture(levels, mixture, lastLevel + 1);
}

interface Component {
  readonly weight: number;
  readonly mean: number;
  readonly scale: number;
}

function componentsOf(raw: ArrayLike<number>): Component[] {
  const count = raw.length / 3;
  const start = startMeans(count);
  const most = Math.max(...Array.from({ length: count }, (_, k) => raw[k]!));
  const weights = Array.from({ length: count }, (_, k) => Math.exp(raw[k]! - most));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight, k) => ({
    weight: weight / total,
    mean: raw[count + k]! + start[k]!,
    scale: Math.exp(softBoundAt(raw[2 * count + k]! + startLogScale, scaleBounds.low, scaleBounds.high)),
  }));
}

/** log P(level) on numbers, with the difference of the two sigmoids written as a product: no digits are lost. */
export function logLogisticLevelAt(level: number, raw: ArrayLike<number>): number {
  const logs = componentsOf(raw).map(({ weight, mean, scale }) => Math.log(weight) + logLevel(level, mean, scale));
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, x) => sum + Math.exp(x - most), 0));
}

function logLevel(level: number, mean: number, scale: number): number {
  const centred = (2 * level) / lastLevel - 1 - mean;
  const [upper, lower] = [(centred + 1 / lastLevel) / scale, (centred - 1 / lastLevel) / scale];
  if (level === 0) return -softplusAt(-upper);
  if (level === lastLevel) return -softplusAt(lower);
  return -softplusAt(-upper) - softplusAt(lower) + Math.log(-Math.expm1(lower - upper));
}

/** E of the logistic clipped to the range, in closed form: -1 + s·(softplus((μ + 1) / s) - softplus((μ - 1) / s)). */
export function logisticMean(raw: ArrayLike<number>): number {
  const mean = componentsOf(raw).reduce(
    (sum, { weight, mean: at, scale }) =>
      sum + weight * (scale * (softplusAt((at + 1) / scale) - softplusAt((at - 1) / scale)) - 1),
    0,
  );
  return (mean + 1) / 2;
}

/** The most probable of the levels nearest to the components' means and of both ends: all 256 would be asked in vain. */
export function logisticMode(raw: ArrayLike<number>): number {
  const near = componentsOf(raw).map(({ mean }) => toLevel(mean));
  const candidates = [...new Set([...near, 0, lastLevel])];
  const densities = candidates.map((level) => logLogisticLevelAt(level, raw));
  return candidates[densities.indexOf(Math.max(...densities))]! / lastLevel;
}

export function sampleLogisticLevel(raw: ArrayLike<number>, random: Random): number {
  const components = componentsOf(raw);
  let left = random.uniform();
  const chosen = components.find(({ weight }) => (left -= weight) < 0) ?? components.at(-1)!;
  const share = Math.min(Math.max(random.uniform(), 1e-9), 1 - 1e-9);
  return toLevel(chosen.mean + chosen.scale * Math.log(share / (1 - share))) / lastLevel;
}

const toLevel = (x: number): number => Math.round((lastLevel * (Math.min(Math.max(x, -1), 1) + 1)) / 2);

/** Raw numbers of one component that means this level, as narrow as may be: for tests and for a start. */
export const sharpLogistic = (level: number, components: number): number[] => {
  const start = startMeans(components);
  const mean = (2 * level) / lastLevel - 1;
  return [...start.map(() => 0), ...start.map((from) => mean - from), ...start.map(() => -4)];
};
