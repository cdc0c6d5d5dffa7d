/**
 * @file Values of 8 bits on a grid, as pictures and spectrograms hold them. In: uint8 arrays. Out: features of order one, the
 * likelihood of the values, and bytes back from its parameters: their mean, their mode or a draw.
 * Bernoulli on logits is the default for both: its cross-entropy weighs a grid of values in [0, 1] alike whatever it shows,
 * needs no scale to be chosen, and its mean stays in range. `gaussian` learns a variance, `logistic` a whole distribution over the
 * 256 levels. Raw parameters of one cell: sections (mean; log variance) of [channels], for the mixture of [channels, components].
 */
import * as z from "zod";
import { logNormal } from "../engine/distributions.ts";
import { mean as meanOf } from "../engine/functions.ts";
import { add, cast, constant, mul, slice, sub, sum } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";
import { bernoulli } from "./likelihoods/bernoulli.ts";
import { fixedGaussian } from "./likelihoods/gaussian.ts";
import { softBound, softBoundAt } from "./likelihoods/likelihood.ts";
import { logisticMean, logisticMode, logLogisticLevels, sampleLogisticLevel } from "./likelihoods/logistic-mixture.ts";

const likelihood = z.enum(["bernoulli", "gaussian", "logistic"]);
const variance = z.enum(["fixed", "channel", "pixel"]);
const answer = z.enum(["mean", "mode", "sample"]);
const components = z.int().min(1).max(10);

/** The options that pictures and spectrograms share. */
export const pixelOptions = {
  likelihood: likelihood.default("bernoulli"),
  /** Of the Gaussian: fixed, learned for every item and channel, or for every single value. */
  variance: variance.default("channel"),
  /** Of the Gaussian, in units of the full range: where it is fixed, and where learning starts. 0.1 is about what an autoencoder leaves unexplained on natural pictures. */
  deviation: z.number().min(0.005).max(2).default(0.1),
  /** Of the logistic mixture. */
  components: components.default(5),
  /** What is given back: `sample` draws every value by itself where draws are asked for, which shows as grain. */
  answer: answer.default("mean"),
};

/** Options later than the first version have what it did as default: models of that version open. */
export const pixelState = {
  likelihood,
  variance: variance.default("fixed"),
  deviation: z.number().positive(),
  components: components.default(5),
  answer: answer.default("mean"),
  /** Mean and deviation of x over training, by which features are standardised. */
  mean: z.number(),
  spread: z.number().positive(),
};

export interface PixelSettings {
  readonly likelihood: z.output<typeof likelihood>;
  readonly variance: z.output<typeof variance>;
  readonly deviation: number;
  readonly components: number;
  readonly answer: z.output<typeof answer>;
  readonly mean: number;
  readonly spread: number;
}

/** The options that the state keeps as they are. */
export const pixelChoices = (
  chosen: Omit<PixelSettings, "mean" | "spread">,
): Omit<PixelSettings, "mean" | "spread"> => ({
  likelihood: chosen.likelihood,
  variance: chosen.variance,
  deviation: chosen.deviation,
  components: chosen.components,
  answer: chosen.answer,
});

interface GridLikelihood {
  readonly sections: number;
  /** Numbers of each section for one value. */
  readonly each: number;
  /** log density of [..., channels] bytes as float32. @param raw sections, each [..., channels · each] */
  logDensity(bytes: Tensor, raw: readonly Tensor[]): Tensor;
  /** One value in 0..1 from its own numbers; the Gaussian's may lie beyond. */
  mean(own: ArrayLike<number>): number;
  mode(own: ArrayLike<number>): number;
  sample(own: ArrayLike<number>, random: Random): number;
}

/** Log variances of x in 0..1: a deviation of two and a half levels to one of the whole range. */
const varianceBounds = { low: 2 * Math.log(0.01), high: 0 } as const;
const inUnits = (bytes: Tensor): Tensor => mul(bytes, 1 / 255);

function gridLikelihood(settings: PixelSettings): GridLikelihood {
  const { deviation } = settings;
  if (settings.likelihood === "bernoulli") return { ...bernoulliGrid, sections: 1, each: 1 };
  if (settings.likelihood === "logistic") return logisticGrid(settings.components);
  return settings.variance === "fixed" ? fixedGrid(deviation) : gaussianGrid(deviation, settings.variance);
}

const bernoulliGrid: Omit<GridLikelihood, "sections" | "each"> = {
  ...bernoulli,
  logDensity: (bytes, raw) => bernoulli.logDensity(inUnits(bytes), raw),
};

function fixedGrid(deviation: number): GridLikelihood {
  const gaussian = fixedGaussian(deviation);
  const logDensity = (bytes: Tensor, raw: readonly Tensor[]) => gaussian.logDensity(inUnits(bytes), raw);
  return { ...gaussian, logDensity, sections: 1, each: 1 };
}

/** One variance for each item and channel is the mean of the raw numbers over its grid. */
function gaussianGrid(deviation: number, kind: "channel" | "pixel"): GridLikelihood {
  const { low, high } = varianceBounds;
  const start = 2 * Math.log(deviation);
  const mean = ({ 0: own }: ArrayLike<number>) => own!;
  return {
    sections: 2,
    each: 1,
    logDensity: (bytes, [means, raw]) => {
      const shared = kind === "channel" ? meanOf(raw!, gridAxes(raw!), true) : raw!;
      return logNormal(inUnits(bytes), means!, softBound(add(shared, start), low, high));
    },
    mean,
    mode: mean,
    sample: (own, random) => own[0]! + Math.exp(0.5 * softBoundAt(own[1]! + start, low, high)) * random.normal(),
  };
}

const gridAxes = ({ shape }: Tensor): number[] => shape.slice(1, -1).map((_, i) => i + 1);

const logisticGrid = (count: number): GridLikelihood => ({
  sections: 3,
  each: count,
  logDensity: (bytes, raw) => logLogisticLevels(bytes, raw, count),
  mean: logisticMean,
  mode: logisticMode,
  sample: sampleLogisticLevel,
});

/** Raw numbers that describe one value. */
export function parametersPerValue(settings: PixelSettings): number {
  const { sections, each } = gridLikelihood(settings);
  return sections * each;
}

export const pixelFeatures = (bytes: Tensor, { mean, spread }: PixelSettings): Tensor =>
  mul(sub(cast(bytes), constant(255 * mean)), constant(1 / (255 * spread)));

/**
 * Sum over all axes but the batch, in nats.
 * @param weights of the values, where not all of them count: a shape that stretches to that of the bytes
 */
export function pixelLogLikelihood(
  parameters: Tensor,
  bytes: Tensor,
  settings: PixelSettings,
  weights?: Tensor,
): Tensor {
  const { sections, logDensity } = gridLikelihood(settings);
  const last = parameters.shape.length - 1;
  const width = (parameters.shape[last] as number) / sections;
  const raw = Array.from({ length: sections }, (_, s) =>
    sections === 1 ? parameters : slice(parameters, last, s * width, (s + 1) * width),
  );
  const density = logDensity(cast(bytes), raw);
  return sum(
    weights ? mul(density, weights) : density,
    density.shape.flatMap((_, axis) => (axis === 0 ? [] : [axis])),
  );
}

/** What is given back, as bytes: draws only where they are both chosen and asked for. */
export function pixelAnswers(
  parameters: Float32Array,
  settings: PixelSettings,
  grid: { readonly rows: number; readonly channels: number },
  random?: Random,
): Uint8Array {
  const { sections, each, ...found } = gridLikelihood(settings);
  const draws = settings.answer === "sample" && random !== undefined;
  const pick = draws
    ? (own: ArrayLike<number>) => found.sample(own, random)
    : settings.answer === "mode"
      ? found.mode
      : found.mean;
  const raw = draws && settings.variance === "channel" ? withSharedVariance(parameters, settings, grid) : parameters;
  const { channels } = grid;
  const bytes = new Uint8Array(parameters.length / (sections * each));
  const own = new Float32Array(sections * each);
  for (let i = 0; i < bytes.length; i++) {
    const channel = i % channels;
    const cell = (i - channel) * sections * each;
    for (let s = 0; s < sections; s++)
      for (let k = 0; k < each; k++) own[s * each + k] = raw[cell + (s * channels + channel) * each + k]!;
    bytes[i] = Math.round(255 * Math.min(Math.max(pick(own), 0), 1));
  }
  return bytes;
}

/** Each raw log variance replaced by its item's and channel's mean, as the density has it. */
function withSharedVariance(
  parameters: Float32Array,
  { likelihood: kind }: PixelSettings,
  { rows, channels }: { readonly rows: number; readonly channels: number },
): Float32Array {
  if (kind !== "gaussian") return parameters;
  const shared = parameters.slice();
  const width = parameters.length / Math.max(1, rows);
  const cells = width / (2 * channels);
  for (let row = 0; row < rows; row++) {
    for (let channel = 0; channel < channels; channel++) {
      const at = (cell: number) => row * width + cell * 2 * channels + channels + channel;
      let total = 0;
      for (let cell = 0; cell < cells; cell++) total += parameters[at(cell)]!;
      for (let cell = 0; cell < cells; cell++) shared[at(cell)] = total / cells;
    }
  }
  return shared;
}

/** Least deviation used: an all but empty picture must not be blown up into noise. */
const leastSpread = 0.05;

/** Mean and deviation of byte / 255 over arrays. */
export function pixelMoments(arrays: readonly Uint8Array[]): { mean: number; spread: number } {
  let [count, sum, squares] = [0, 0, 0];
  for (const bytes of arrays) {
    count += bytes.length;
    for (const byte of bytes) {
      sum += byte;
      squares += byte * byte;
    }
  }
  const mean = sum / Math.max(1, count) / 255;
  const variance = squares / Math.max(1, count) / 255 ** 2 - mean ** 2;
  return { mean, spread: Math.max(Math.sqrt(Math.max(variance, 0)), leastSpread) };
}
