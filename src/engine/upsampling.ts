/**
 * @file Up-sampling by whole factors. In: factors. Out: layers that make a grid finer, and `repeat` along any axis.
 * With a factor f every element becomes f phases; each phase is the element itself or its blend with one neighbour, so no
 * interpolation matrix is needed.
 */
import type { Layer } from "./layers.ts";
import { add, concat, mul, reshape, slice, sub } from "./ops.ts";
import { normaliseAxes, ShapeError, type Tensor } from "./tensor.ts";
import { gridOf } from "./windows.ts";

/**
 * [batch, ...grid, channels] → [batch, ...grid x factor, channels], over one or two grid axes. "bilinear" (linear over one axis)
 * takes pixels as squares with their values at the centres and holds the outermost values beyond them: the half-pixel convention,
 * `align_corners=False` elsewhere.
 * @param factor whole number of at least 1, one for each grid axis or one for all
 * @throws ShapeError when the grid or the factor does not fit
 */
export const upsampling =
  (factor: number | readonly number[], method: "nearest" | "bilinear" = "nearest"): Layer =>
  (x) => {
    const grid = gridOf("upsampling", x);
    const factors = typeof factor === "number" ? grid.map(() => factor) : factor;
    if (factors.length !== grid.length || !factors.every((one) => Number.isInteger(one) && one > 0)) {
      throw new ShapeError("upsampling", `a whole factor for each grid axis (asked for ${factors.join(", ")})`, [
        x.shape,
      ]);
    }
    const along = method === "nearest" ? repeat : interpolate;
    return factors.reduce((value, times, i) => along(value, i + 1, times), x);
  };

/** Every element `times` times, one after the other, along an axis that is not the batch. */
export const repeat = (x: Tensor, axis: number, times: number): Tensor =>
  interleave(
    Array.from({ length: times }, () => x),
    axis,
  );

/** Linear interpolation along an axis: phase p of f lies (p + ½) / f - ½ from the element's centre. */
function interpolate(x: Tensor, axis: number, times: number): Tensor {
  const size = x.shape[axis] as number;
  if (times === 1 || size === 1) return repeat(x, axis, times);
  const before = concat([slice(x, axis, 0, 1), slice(x, axis, 0, size - 1)], axis);
  const after = concat([slice(x, axis, 1, size), slice(x, axis, size - 1, size)], axis);
  const phases = Array.from({ length: times }, (_, p) => {
    const distance = (p + 0.5) / times - 0.5;
    return distance === 0 ? x : add(x, mul(sub(distance < 0 ? before : after, x), Math.abs(distance)));
  });
  return interleave(phases, axis);
}

/** Tensors of one shape, their elements in turn along an axis. */
function interleave(parts: readonly Tensor[], axis: number): Tensor {
  const { shape } = parts[0]!;
  if (parts.length === 1) return parts[0]!;
  const [place] = normaliseAxes("interleave", [axis], shape) as [number];
  const [lead, rest] = [shape.slice(0, place + 1), shape.slice(place + 1)];
  const stacked = concat(
    parts.map((part) => reshape(part, [...lead, 1, ...rest])),
    place + 1,
  );
  return reshape(stacked, [...lead.slice(0, -1), (shape[place] as number) * parts.length, ...rest]);
}
