/**
 * @file Default networks: convolutions where a modality says that neighbours are related, dense layers elsewhere.
 * In: a modality's shapes and its number of grid axes. Out: layers to and from feature vectors.
 */
import { convolution, transposedConvolution } from "../engine/convolution.ts";
import { dense, dropout, flatten, type Layer, sequential, unflatten } from "../engine/layers.ts";
import { mul, relu, tanh } from "../engine/ops.ts";
import { staticSize, type Tensor } from "../engine/tensor.ts";
import type { Modality } from "../modalities/modality.ts";
import type { ModelConfig } from "./config.ts";
import type { Gaussian } from "./gaussian.ts";

type Shaped = Pick<Modality, "featureShape" | "parameterShape" | "gridAxes">;

/** Grids are halved until one side is no longer than this. */
const smallestSide = 8;
const kernel = 4;

/** The grids from the full one down to the smallest, each half the one before. */
function halvings(grid: readonly number[]): number[][] {
  const grids = [[...grid]];
  for (let last = grids[0]!; Math.min(...last) > smallestSide; ) {
    last = last.map((side) => Math.ceil(side / 2));
    grids.push(last);
  }
  return grids;
}

/** features [batch, ...featureShape] → hidden [batch, width]. `drop` is 0 for the network that is used after training. */
export function encoderNetwork(
  { featureShape, gridAxes }: Shaped,
  { width, channels }: ModelConfig,
  drop: number,
): Layer {
  const regularised = drop > 0 ? [dropout(drop)] : [];
  if (gridAxes === 0) return sequential(flatten, dense(width), relu, dense(width), relu, ...regularised);
  const grids = halvings(featureShape.slice(0, gridAxes));
  const convolutions = grids.slice(1).flatMap((_, i) => [convolution(channels * 2 ** i, { kernel, stride: 2 }), relu]);
  const first = convolutions.length > 0 ? convolutions : [convolution(channels, { kernel }), relu];
  return sequential(...first, flatten, dense(width), relu, ...regularised);
}

/** latent [batch, latent] → likelihood parameters [batch, ...parameterShape]. */
export function decoderNetwork({ parameterShape, gridAxes }: Shaped, { width, channels }: ModelConfig): Layer {
  const size = staticSize(parameterShape);
  if (gridAxes === 0) {
    return sequential(dense(width), relu, dense(width), relu, dense(size, { gain: 1 }), unflatten(parameterShape));
  }
  const outputs = staticSize(parameterShape.slice(gridAxes));
  const grids = halvings(parameterShape.slice(0, gridAxes));
  const smallest = grids.at(-1)!;
  const deepest = channels * 2 ** Math.max(0, grids.length - 2);
  const start = [dense(width), relu, dense(staticSize(smallest) * deepest), relu, unflatten([...smallest, deepest])];
  // Many outputs a cell (a vocabulary) need more than the few channels of a picture before them, and no window.
  const isWide = outputs > channels;
  const growth = grids
    .slice(0, -1)
    .reverse()
    .flatMap((grid, i, all) => {
      const isLast = i === all.length - 1;
      const to = isLast ? (isWide ? width : outputs) : channels * 2 ** (all.length - 2 - i);
      const isOutput = isLast && !isWide;
      const layer = transposedConvolution(to, grid, { kernel, stride: 2, gain: isOutput ? 1 : Math.SQRT2 });
      return isOutput ? [layer] : [layer, relu];
    });
  const end = isWide || growth.length === 0 ? [dense(outputs, { gain: 1 })] : [];
  return sequential(...start, ...growth, ...end, unflatten(parameterShape));
}

/** Posterior variances stay within e^±bound, so that neither a divergence nor a precision can overflow. */
const logVarianceBound = 8;

/** hidden [batch, width] → Gaussian over the latent space, with log-variances in ±8. */
export function posteriorHead(hidden: Tensor, name: string, latent: number): Gaussian {
  const raw = dense(latent, { gain: 0.5 })(hidden, `${name}/log-variance`);
  return {
    mean: dense(latent, { gain: 1 })(hidden, `${name}/mean`),
    logVariance: mul(tanh(mul(raw, 1 / logVarianceBound)), logVarianceBound),
  };
}
