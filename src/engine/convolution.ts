/**
 * @file Convolutions and their adjoints over one or two grid axes, in groups of channels if asked. In: sizes. Out: layers.
 * Group i of g reads the i-th share of the channels that come in and makes the i-th share of those that go out (Krizhevsky 2012).
 */
import { type Layer, weightMatrix, zeros } from "./layers.ts";
import { add, concat, fold, linear, mul, reshape, slice, sum, unfold } from "./ops.ts";
import { ShapeError, type Tensor } from "./tensor.ts";
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
    const fanIn = cellsOf(windows.kernel) * own;
    const weight = weightMatrix(`${name}/weight`, fanIn, channels, gain, fanIn);
    const result =
      own === 1 && groups > 1
        ? depthwise(unfold(repeat(x, -1, channels / groups), windows), weight)
        : overGroups(x, weight, groups, (part, kernel) => linear(unfold(part, windows), kernel));
    return add(result, zeros(`${name}/bias`, channels));
  };

/**
 * Adjoint of a convolution: [batch, ...grid, in] → [batch, ...to, channels], where a convolution over `to` has this grid. The weight is
 * [in / groups, kernel x channels].
 * @throws ShapeError when the grid, an option or the groups do not fit
 */
export const transposedConvolution =
  (channels: number, to: readonly number[], { groups = 1, gain = Math.SQRT2, ...options }: ConvolutionOptions): Layer =>
  (x, name) => {
    const windows = windowsOver("transposedConvolution", to, options);
    const own = channelsPerGroup("transposedConvolution", x, channels, groups);
    const cells = cellsOf(windows.kernel);
    // Each result gathers about cells / stride^axes inputs.
    const fanIn = (own * cells) / windows.stride.reduce((a, b) => a * b, 1);
    const weight = weightMatrix(`${name}/weight`, own, cells * channels, gain, fanIn);
    const kernel = reshape(weight, [own, cells, channels]);
    const result =
      own === 1 && groups > 1
        ? fold(spread(repeat(x, -1, channels / groups), reshape(weight, [cells, channels])), windows)
        : overGroups(x, kernel, groups, (part, share) =>
            fold(linear(part, reshape(share, [own, cells * (channels / groups)])), windows),
          );
    return add(result, zeros(`${name}/bias`, channels));
  };

const cellsOf = (kernel: readonly number[]): number => kernel.reduce((a, b) => a * b, 1);

function channelsPerGroup(name: string, x: Tensor, channels: number, groups: number): number {
  const inputs = x.shape.at(-1) as number;
  if (Number.isInteger(groups) && groups > 0 && inputs % groups === 0 && channels % groups === 0)
    return inputs / groups;
  throw new ShapeError(name, `channels that ${groups} groups divide, ${channels} of them going out`, [x.shape]);
}

/** Applies f to each group's share of the last axis of x and of the weight. */
function overGroups(x: Tensor, weight: Tensor, groups: number, f: (part: Tensor, weight: Tensor) => Tensor): Tensor {
  if (groups === 1) return f(x, weight);
  const share = (of: Tensor, i: number) => {
    const size = (of.shape.at(-1) as number) / groups;
    return slice(of, -1, i * size, (i + 1) * size);
  };
  return concat(
    Array.from({ length: groups }, (_, i) => f(share(x, i), share(weight, i))),
    -1,
  );
}

/** Every channel by itself needs no product of matrices: patches [..., cells x channels], weight [cells, channels] → [..., channels]. */
const depthwise = (patches: Tensor, weight: Tensor): Tensor =>
  sum(mul(reshape(patches, [...patches.shape.slice(0, -1), ...weight.shape]), weight), [-2]);

/** Its adjoint: [..., channels] → [..., cells x channels]. */
function spread(x: Tensor, weight: Tensor): Tensor {
  const lead = x.shape.slice(0, -1);
  const [cells, channels] = weight.shape as readonly [number, number];
  return reshape(mul(reshape(x, [...lead, 1, channels]), weight), [...lead, cells * channels]);
}
