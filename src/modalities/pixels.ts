/**
 * @file Values of 8 bits on a grid, as pictures and spectrograms hold them. In: uint8 arrays. Out: features of order one, the
 * likelihood of x = byte / 255, and bytes back from the likelihood's parameters.
 * Bernoulli on logits is the default for both: its cross-entropy weighs a grid of values in [0, 1] alike whatever it shows,
 * needs no scale to be chosen, and its mean stays in range. `gaussian` takes a fixed deviation in units of the full range.
 */
import * as z from "zod";
import { cast, constant, mul, sub, sum } from "../engine/ops.ts";
import type { Tensor } from "../engine/tensor.ts";
import { bernoulli } from "./likelihoods/bernoulli.ts";
import { fixedGaussian } from "./likelihoods/gaussian.ts";
import type { ScalarLikelihood } from "./likelihoods/likelihood.ts";

/** The options that pictures and spectrograms share. */
export const pixelOptions = {
  likelihood: z.enum(["bernoulli", "gaussian"]).default("bernoulli"),
  /** Of the Gaussian: 0.1 is about what an autoencoder leaves unexplained on natural pictures. */
  deviation: z.number().min(0.005).max(2).default(0.1),
};

export const pixelState = {
  likelihood: z.enum(["bernoulli", "gaussian"]),
  deviation: z.number().positive(),
  /** Mean and deviation of x over training, by which features are standardised. */
  mean: z.number(),
  spread: z.number().positive(),
};

export interface PixelSettings {
  readonly likelihood: "bernoulli" | "gaussian";
  readonly deviation: number;
  readonly mean: number;
  readonly spread: number;
}

const likelihoodOf = ({ likelihood, deviation }: PixelSettings): ScalarLikelihood =>
  likelihood === "bernoulli" ? bernoulli : fixedGaussian(deviation);

export const pixelFeatures = (bytes: Tensor, { mean, spread }: PixelSettings): Tensor =>
  mul(sub(cast(bytes), constant(255 * mean)), constant(1 / (255 * spread)));

/** Sum over all axes but the batch. */
export function pixelLogLikelihood(parameters: Tensor, bytes: Tensor, settings: PixelSettings): Tensor {
  const density = likelihoodOf(settings).logDensity(mul(cast(bytes), 1 / 255), [parameters]);
  return sum(
    density,
    density.shape.flatMap((_, axis) => (axis === 0 ? [] : [axis])),
  );
}

/** The likelihood's mean as bytes. */
export function pixelMeans(parameters: Float32Array, settings: PixelSettings): Uint8Array {
  const { mean } = likelihoodOf(settings);
  const bytes = new Uint8Array(parameters.length);
  const own = [0];
  for (let i = 0; i < parameters.length; i++) {
    own[0] = parameters[i]!;
    bytes[i] = Math.round(255 * Math.min(Math.max(mean(own), 0), 1));
  }
  return bytes;
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
