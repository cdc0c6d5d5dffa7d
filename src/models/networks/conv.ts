/**
 * @file Strided convolutions that halve a grid until a side is no longer than 8, channels doubling, then a dense layer; the decoder
 * mirrors it with transposed convolutions. In: shapes. Out: layers.
 */
import { convolution, transposedConvolution } from "../../engine/convolution.ts";
import { dense, flatten, type Layer, unflatten } from "../../engine/layers.ts";
import { relu } from "../../engine/ops.ts";
import { staticSize } from "../../engine/tensor.ts";
import { within } from "./extent.ts";
import type { NetworkSize } from "./setting.ts";
import { type Architecture, halvings, type Shaped, type Units } from "./shaped.ts";

export const kernel = 4;

/** What a size multiplies channels and dense units by. */
export const scaled = (size: NetworkSize, { width, channels }: Units): Units => {
  const times = { small: [1, 1], medium: [1, 2], large: [2, 4] }[size] as [number, number];
  return { width: width * times[0], channels: channels * times[1] };
};

/** What follows each convolution with its ReLU but the last of a decoder; the encoder's grid is then `times` coarser than the features. */
export type Stage = (channels: number, times: number) => readonly Layer[];

export function convolutionEncoder(
  { featureShape, gridAxes }: Shaped,
  { width, channels }: Units,
  after: Stage,
  extent: Parameters<Architecture["encoder"]>[3],
): readonly Layer[] {
  const grids = halvings(featureShape.slice(0, gridAxes));
  const stage = (count: number, stride: number, times: number): Layer[] => [
    convolution(count, { kernel, stride }),
    relu,
    ...within(extent, times),
    ...after(count, times),
  ];
  const halved = grids.slice(1).flatMap((_, i) => stage(channels * 2 ** i, 2, 2 ** (i + 1)));
  const first = halved.length > 0 ? halved : stage(channels, 1, 1);
  return [...within(extent), ...first, flatten, dense(width), relu];
}

export function convolutionDecoder(
  { parameterShape, gridAxes }: Shaped,
  { width, channels }: Units,
  after: Stage,
): readonly Layer[] {
  const outputs = staticSize(parameterShape.slice(gridAxes));
  const grids = halvings(parameterShape.slice(0, gridAxes));
  const smallest = grids.at(-1)!;
  const deepest = channels * 2 ** Math.max(0, grids.length - 2);
  const seed = [dense(width), relu, dense(staticSize(smallest) * deepest), relu, unflatten([...smallest, deepest])];
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
      return isOutput ? [layer] : [layer, relu, ...(isLast ? [] : after(to, 1))];
    });
  const end = isWide || growth.length === 0 ? [dense(outputs, { gain: 1 })] : [];
  return [...seed, ...after(deepest, 1), ...growth, ...end, unflatten(parameterShape)];
}

const nothing: Stage = () => [];

export const conv: Architecture = {
  encoder: (shaped, size, units, extent) => convolutionEncoder(shaped, scaled(size, units), nothing, extent),
  decoder: (shaped, size, units) => convolutionDecoder(shaped, scaled(size, units), nothing),
};
