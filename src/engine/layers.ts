/**
 * @file Layers: functions from a tensor and a name to a tensor. The name prefixes the layer's parameters, so applying a layer
 * twice under one name shares its weights. In: sizes. Out: layers, and `sequential` to chain them.
 */
import { mean, square } from "./functions.ts";
import {
  add,
  div,
  fold,
  gather,
  greater,
  linear,
  max,
  mul,
  noise,
  parameter,
  reshape,
  sqrt,
  sub,
  unfold,
} from "./ops.ts";
import { ShapeError, type Tensor } from "./tensor.ts";
import type { Windows } from "./windows.ts";

export type Layer = (x: Tensor, name: string) => Tensor;

export interface DenseOptions {
  /** Standard deviation of the first outputs when the inputs have deviation 1; √2 suits a ReLU after it (He 2015). */
  readonly gain?: number;
  readonly bias?: boolean;
}

/** [..., in] → [..., units]. */
export const dense =
  (units: number, { gain = Math.SQRT2, bias = true }: DenseOptions = {}): Layer =>
  (x, name) => {
    const inputs = x.shape.at(-1) as number;
    const product = linear(x, weightMatrix(`${name}/weight`, [units, inputs], gain, inputs), true);
    return bias ? add(product, zeros(`${name}/bias`, units)) : product;
  };

export interface ConvolutionOptions {
  /** Window size along each grid axis, or one size for all. */
  readonly kernel: number | readonly number[];
  readonly stride?: number;
  readonly dilation?: number;
  /** "same": as many positions as ceil(size / stride); "valid": only windows that lie inside. */
  readonly padding?: "same" | "valid";
  readonly gain?: number;
}

/** [batch, ...grid, in] → [batch, ...positions, channels], over one or two grid axes. */
export const convolution =
  (channels: number, options: ConvolutionOptions): Layer =>
  (x, name) => {
    const patches = unfold(x, windowsOver(gridOf(x), options));
    const inputs = patches.shape.at(-1) as number;
    const weight = weightMatrix(`${name}/weight`, [inputs, channels], options.gain ?? Math.SQRT2, inputs);
    return add(linear(patches, weight), zeros(`${name}/bias`, channels));
  };

/** Adjoint of a convolution: [batch, ...grid, in] → [batch, ...to, channels], where a convolution over `to` has this grid. */
export const transposedConvolution =
  (channels: number, to: readonly number[], options: ConvolutionOptions): Layer =>
  (x, name) => {
    const windows = windowsOver(to, options);
    const cells = windows.kernel.reduce((a, b) => a * b, 1);
    const inputs = x.shape.at(-1) as number;
    // Each result gathers about cells / stride^axes inputs.
    const fanIn = (inputs * cells) / windows.stride.reduce((a, b) => a * b, 1);
    const weight = weightMatrix(`${name}/weight`, [cells * channels, inputs], options.gain ?? Math.SQRT2, fanIn);
    return add(fold(linear(x, weight, true), windows), zeros(`${name}/bias`, channels));
  };

/** Mean over windows that lie inside the grid; stride = kernel unless said. */
export const averagePooling =
  (kernel: number, stride = kernel): Layer =>
  (x) =>
    mean(windowsApart(x, kernel, stride), [-2]);

/** Largest over windows that lie inside the grid; ties share the gradient. */
export const maxPooling =
  (kernel: number, stride = kernel): Layer =>
  (x) =>
    max(windowsApart(x, kernel, stride), [-2]);

/** [batch, ...grid, channels] → [batch, channels]. */
export const globalAveragePooling: Layer = (x) =>
  mean(
    x,
    gridOf(x).map((_, i) => i + 1),
  );

/** int32 [...] below `rows` → [..., width]. */
export const embedding =
  (rows: number, width: number): Layer =>
  (indices, name) =>
    gather(parameter(`${name}/table`, [rows, width], { kind: "normal", deviation: 1 }), indices);

/** Mean 0 and variance 1 along the last axis, then a learned scale and shift (Ba 2016). */
export const layerNormalisation =
  (epsilon = 1e-5): Layer =>
  (x, name) => {
    const width = x.shape.at(-1) as number;
    const centred = sub(x, mean(x, [-1], true));
    const scaled = div(centred, sqrt(add(mean(square(centred), [-1], true), epsilon)));
    const scale = parameter(`${name}/scale`, [width], { kind: "constant", value: 1 });
    return add(mul(scaled, scale), zeros(`${name}/shift`, width));
  };

/**
 * Drops a share of the units at random and scales the others up (Srivastava 2014). The mask is noise named after the layer; build
 * the graph that is used after training without it.
 */
export const dropout =
  (rate: number): Layer =>
  (x, name) =>
    mul(x, mul(greater(noise(`${name}/dropout`, x.shape, "uniform"), rate), 1 / (1 - rate)));

/** [batch, ...] → [batch, size]. */
export const flatten: Layer = (x) =>
  reshape(x, [x.shape[0]!, x.shape.slice(1).reduce<number>((size, axis) => size * (axis as number), 1)]);

/** [batch, size] → [batch, ...shape]. */
export const unflatten =
  (shape: readonly number[]): Layer =>
  (x) =>
    reshape(x, [x.shape[0]!, ...shape]);

/** Layers one after the other, named `name/0`, `name/1`, …; plain functions such as `relu` may stand among them. */
export const sequential =
  (...layers: readonly Layer[]): Layer =>
  (x, name) =>
    layers.reduce((value, layer, i) => layer(value, `${name}/${i}`), x);

/** Uniform with deviation gain / √fanIn. */
const weightMatrix = (name: string, shape: readonly [number, number], gain: number, fanIn: number): Tensor =>
  parameter(name, shape, { kind: "uniform", limit: gain * Math.sqrt(3 / fanIn) });

const zeros = (name: string, units: number): Tensor => parameter(name, [units], { kind: "constant", value: 0 });

const gridOf = (x: Tensor): number[] => {
  const grid = x.shape.slice(1, -1);
  if (grid.length < 1 || grid.length > 2 || grid.includes("batch")) {
    throw new ShapeError("convolution", "[batch, length, channels] or [batch, height, width, channels]", [x.shape]);
  }
  return grid as number[];
};

function windowsOver(
  grid: readonly number[],
  { kernel, stride = 1, dilation = 1, padding = "same" }: ConvolutionOptions,
): Windows {
  const sizes = typeof kernel === "number" ? grid.map(() => kernel) : kernel;
  const paddings = grid.map((size, i): [number, number] => {
    if (padding === "valid") return [0, 0];
    const span = dilation * (sizes[i]! - 1) + 1;
    const total = Math.max((Math.ceil(size / stride) - 1) * stride + span - size, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
  return { grid, kernel: sizes, stride: grid.map(() => stride), dilation: grid.map(() => dilation), padding: paddings };
}

/** [batch, ...grid, channels] → [batch, ...positions, kernel cells, channels]. */
function windowsApart(x: Tensor, kernel: number, stride: number): Tensor {
  const patches = unfold(x, windowsOver(gridOf(x), { kernel, stride, padding: "valid" }));
  const channels = x.shape.at(-1) as number;
  return reshape(patches, [...patches.shape.slice(0, -1), (patches.shape.at(-1) as number) / channels, channels]);
}
