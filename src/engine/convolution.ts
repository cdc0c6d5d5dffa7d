/**
 * @file Convolutions and their adjoints over one or two grid axes, in groups of channels if asked. In: sizes. Out: layers.
 * Group i of g reads the i-th share of the channels that come in and makes the i-th share of those that go out (Krizhevsky 2012).
 */
import { type Layer, weightMatrix, zeros } from "./layers.ts";
import { add, concat, fold, linear, mul, reshape, slice, sum, transpose, unfold } from "./ops.ts";
import { ShapeError, staticSize, type Tensor } from "./tensor.ts";
import { repeat } from "./upsampling.ts";
import { gridOf, type WindowOptions, windowsOver } from "./windows.ts";

export interface ConvolutionOptions extends WindowOptions {
  /** Divides the channels that come in and those that go out; as many groups as come in make the convolution depthwise. */
  readonly groups?: number;
  readonly gain?: number;
}

/**
 * [batch, ...grid, in] → [batch, ...positions, channels]. The weight is [kernel x in / groups, channels].
 * @throws ShapeError when the grid, an option or the groups do not fit
 */
export const convolution =
  (channels: number, { groups = 1, gain = Math.SQRT2, ...options }: ConvolutionOptions): Layer =>
  (x, name) => {
    const windows = windowsOver("convolution", gridOf("convolution", x), options);
    const own = channelsPerGroup("convolution", x, channels, groups);
    const cells = staticSize(windows.kernel);
    const weight = weightMatrix(`${name}/weight`, [cells * own, channels], gain, cells * own);
    const isDepthwise = own === 1 && groups > 1;
    const patches = unfold(isDepthwise ? repeat(x, -1, channels / groups) : x, windows);
    const result = isDepthwise ? depthwise(patches, weight) : overGroups(patches, weight, cells, groups);
    return add(result, zeros(`${name}/bias`, channels));
  };

/**
 * Adjoint of a convolution: [batch, ...grid, in] → [batch, ...to, channels], where a convolution over `to` has this grid. The weight is
 * [kernel x channels, in / groups].
 * @throws ShapeError when the grid, an option or the groups do not fit
 */
export const transposedConvolution =
  (channels: number, to: readonly number[], { groups = 1, gain = Math.SQRT2, ...options }: ConvolutionOptions): Layer =>
  (x, name) => {
    const windows = windowsOver("transposedConvolution", to, options);
    const own = channelsPerGroup("transposedConvolution", x, channels, groups);
    const cells = staticSize(windows.kernel);
    // Each result gathers about cells / stride^axes inputs.
    const fanIn = (own * cells) / staticSize(windows.stride);
    const weight = weightMatrix(`${name}/weight`, [cells * channels, own], gain, fanIn);
    const isDepthwise = own === 1 && groups > 1;
    const patches = isDepthwise
      ? depthwiseTransposed(repeat(x, -1, channels / groups), reshape(weight, [cells, channels]))
      : overGroupsTransposed(x, weight, cells, groups);
    return add(fold(patches, windows), zeros(`${name}/bias`, channels));
  };

function channelsPerGroup(name: string, x: Tensor, channels: number, groups: number): number {
  const inputs = x.shape.at(-1) as number;
  if (Number.isInteger(groups) && groups > 0 && inputs % groups === 0 && channels % groups === 0)
    return inputs / groups;
  throw new ShapeError(name, `channels that ${groups} groups divide, ${channels} of them going out`, [x.shape]);
}

/** Patches [..., cells x in], weight [cells x in / groups, out] → [..., out]: a product for each group. */
function overGroups(patches: Tensor, weight: Tensor, cells: number, groups: number): Tensor {
  if (groups === 1) return linear(patches, weight);
  const parts = shares(patches, cells, groups).map((part, i) => linear(part, share(weight, groups, i)));
  return concat(parts, -1);
}

/** Its adjoint: x [..., in], weight [cells x out, in / groups] → patches [..., cells x out]. */
function overGroupsTransposed(x: Tensor, weight: Tensor, cells: number, groups: number): Tensor {
  if (groups === 1) return linear(x, weight, true);
  const parts = shares(transpose(weight, [1, 0]), cells, groups).map((part, i) =>
    apart(linear(share(x, groups, i), part), cells),
  );
  return merge(concat(parts, -1));
}

/** Every channel by itself needs no product of matrices: patches [..., cells x channels], weight [cells, channels] → [..., channels]. */
const depthwise = (patches: Tensor, weight: Tensor): Tensor =>
  sum(mul(apart(patches, weight.shape[0] as number), weight), [-2]);

/** Its adjoint: [..., channels] → [..., cells x channels]. */
const depthwiseTransposed = (x: Tensor, weight: Tensor): Tensor => merge(mul(apart(x, 1), weight));

/** [..., cells x channels] → [..., cells, channels]. */
const apart = (x: Tensor, cells: number): Tensor =>
  reshape(x, [...x.shape.slice(0, -1), cells, (x.shape.at(-1) as number) / cells]);

/** The reverse. */
const merge = (x: Tensor): Tensor =>
  reshape(x, [...x.shape.slice(0, -2), (x.shape.at(-2) as number) * (x.shape.at(-1) as number)]);

/** The i-th group's share of the last axis. */
function share(x: Tensor, groups: number, i: number): Tensor {
  const size = (x.shape.at(-1) as number) / groups;
  return slice(x, -1, i * size, (i + 1) * size);
}

/** Each group's share of every cell's channels: [..., cells x channels] → [..., cells x channels / groups]. */
const shares = (x: Tensor, cells: number, groups: number): Tensor[] =>
  Array.from({ length: groups }, (_, i) => merge(share(apart(x, cells), groups, i)));
