/**
 * @file Vectors of one length as arrays and as a likelihood; what the vector modality and backbones share. In: training vectors.
 * Out: their scale as plain data, and from it `values` float32 [dimensions], features, density, and vectors back.
 *
 * `gaussian`: each dimension by its own median and interquartile range, then Gaussians with a learned, bounded variance.
 * `cosine`: only the direction is learnt, by a von Mises–Fisher density with a learned concentration; the length is dropped, and
 * given back as the training vectors' median. Its κ lies between e⁻³ D and e⁶ D, so that the deviation of a coordinate is at least
 * e⁻³ of what a random direction has: the bound of the Gaussian's.
 * Where nothing is said: `cosine` when all training vectors are equally long (within 0.1 %) and have several dimensions.
 */
import * as z from "zod";
import { clip, square } from "../engine/functions.ts";
import { add, constant, div, exp, maximum, mul, reshape, slice, sqrt, sub, sum } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";
import { ascending, quantile, robustScale, squash, unsquash } from "./columns/scaling.ts";
import { gaussian } from "./likelihoods/gaussian.ts";
import { softBound, softBoundAt } from "./likelihoods/likelihood.ts";
import { logNormaliser, sampleDirection } from "./likelihoods/von-mises-fisher.ts";

export const vectorLikelihood = z.enum(["gaussian", "cosine"]);

const finite = z.number();
export const vectorScale = {
  likelihood: vectorLikelihood,
  dimensions: z.int().positive(),
  /** Of the values under `gaussian`, of the coordinates of directions under `cosine`: median and scale of each dimension. */
  center: z.array(finite),
  scale: z.array(z.number().positive()),
  /** Median length of the training vectors. */
  norm: z.number().positive(),
};
export type VectorScale = z.infer<z.ZodObject<typeof vectorScale>>;

/** Vectors enough for quartiles. */
const mostFitted = 20_000;
const equalNorms = 1e-3;

/** @param vectors of one length, finite, at least one */
export function fitVectorScale(
  vectors: readonly Float32Array[],
  chosen: z.infer<typeof vectorLikelihood> | undefined,
): VectorScale {
  const step = Math.max(1, Math.ceil(vectors.length / mostFitted));
  const fitted = vectors.filter((_, i) => i % step === 0);
  const dimensions = fitted[0]!.length;
  const norms = ascending(fitted.map(lengthOf).filter((length) => length > 0));
  const norm = norms.length > 0 ? quantile(norms, 0.5) : 1;
  const equal = norms.length === fitted.length && norms.at(-1)! - norms[0]! <= equalNorms * norm;
  const likelihood = chosen ?? (equal && dimensions > 1 ? "cosine" : "gaussian");
  const scales = Array.from({ length: dimensions }, (_, d) => {
    const values = fitted.map((vector) => vector[d]! / (likelihood === "cosine" ? lengthOf(vector) || 1 : 1));
    return robustScale(values);
  });
  const short = (value: number) => Number(value.toPrecision(7));
  return {
    likelihood,
    dimensions,
    center: scales.map(({ center }) => short(center)),
    scale: scales.map(({ scale }) => short(scale) || 1),
    norm: short(norm) || 1,
  };
}

export const lengthOf = (vector: ArrayLike<number>): number => {
  let squares = 0;
  for (let d = 0; d < vector.length; d++) squares += vector[d]! ** 2;
  return Math.sqrt(squares);
};

export interface VectorSpace {
  readonly parameterShape: readonly number[];
  /** The vector as the array holds it; undefined where it has no direction. */
  toArray(vector: Float32Array): Float32Array | undefined;
  /** The vector that the array means. */
  fromArray(array: Float32Array): Float32Array;
  /** [batch, dimensions] → [batch, dimensions], of order one. */
  features(values: Tensor): Tensor;
  /** log p of the arrays, [batch]. */
  logLikelihood(parameters: Tensor, values: Tensor): Tensor;
  /** One row's parameters → its most typical array, or a draw. */
  predict(parameters: Float32Array, random?: Random): Float32Array;
}

export const vectorSpace = (scale: VectorScale): VectorSpace =>
  scale.likelihood === "cosine" ? directions(scale) : standardised(scale);

function standardised({ dimensions, center, scale }: VectorScale): VectorSpace {
  return {
    parameterShape: [2 * dimensions],
    toArray: (vector) => vector.map((value, d) => squash((value - center[d]!) / scale[d]!)),
    fromArray: (array) => array.map((value, d) => center[d]! + scale[d]! * unsquash(value)),
    features: (values) => values,
    logLikelihood(parameters, values) {
      const part = (at: number) => slice(parameters, 1, at * dimensions, (at + 1) * dimensions);
      return sum(gaussian.logDensity(values, [part(0), part(1)]), [1]);
    },
    predict: (parameters, random) =>
      Float32Array.from({ length: dimensions }, (_, d) => {
        const own = [parameters[d]!, parameters[dimensions + d]!];
        return random ? gaussian.sample(own, random) : gaussian.mean(own);
      }),
  };
}

/** Of log κ - log D. */
const concentrationBounds = { low: -3, high: 6 } as const;
/** Squared length of a raw mean below which it has no direction. */
const leastSquares = 1e-12;

function directions({ dimensions, center, scale, norm }: VectorScale): VectorSpace {
  const { low, high } = concentrationBounds;
  return {
    parameterShape: [dimensions + 1],
    toArray(vector) {
      const length = lengthOf(vector);
      return length > 0 ? vector.map((value) => value / length) : undefined;
    },
    fromArray: (array) => array.map((value) => value * norm),
    features: (values) => clip(div(sub(values, constant(center)), constant(scale)), -8, 8),
    logLikelihood(parameters, values) {
      const raw = slice(parameters, 1, 0, dimensions);
      const length = sqrt(maximum(sum(square(raw), [1]), leastSquares));
      const cosine = div(sum(mul(raw, values), [1]), length);
      const own = reshape(slice(parameters, 1, dimensions, dimensions + 1), ["batch"]);
      const kappa = exp(add(softBound(own, low, high), Math.log(dimensions)));
      return add(logNormaliser(kappa, dimensions), mul(kappa, cosine));
    },
    predict(parameters, random) {
      const raw = parameters.slice(0, dimensions);
      const length = Math.sqrt(Math.max(lengthOf(raw) ** 2, leastSquares));
      const mean = raw.map((value) => value / length);
      if (!random) return mean;
      const kappa = dimensions * Math.exp(softBoundAt(parameters[dimensions]!, low, high));
      return Float32Array.from(sampleDirection(mean, kappa, random));
    },
  };
}
