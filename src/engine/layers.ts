/**
 * @file Layers: functions from a tensor and a name to a tensor. The name prefixes the layer's parameters, so applying a layer
 * twice under one name shares its weights. In: sizes. Out: layers, and `sequential` to chain them. Those over grids, normalisation
 * and recurrent ones have files of their own.
 */
import { add, gather, greater, linear, mul, noise, parameter, reshape } from "./ops.ts";
import type { Tensor } from "./tensor.ts";

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

/** int32 [...] below `rows` → [..., width]. */
export const embedding =
  (rows: number, width: number): Layer =>
  (indices, name) =>
    gather(parameter(`${name}/table`, [rows, width], { kind: "normal", deviation: 1 }), indices);

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
export const weightMatrix = (name: string, shape: readonly [number, number], gain: number, fanIn: number): Tensor =>
  parameter(name, shape, { kind: "uniform", limit: gain * Math.sqrt(3 / fanIn) });

/** Starts at zero: a bias, a shift. */
export const zeros = (name: string, units: number): Tensor => parameter(name, [units], { kind: "constant", value: 0 });
