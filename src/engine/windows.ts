/**
 * @file Which pixels a sliding window sees: the index tables behind unfold (im2col) and fold (its adjoint).
 * In: grid size, kernel, stride, padding, dilation, as layers say them. Out: for every window position the grid cells under it, and
 * the reverse.
 * Works for one or two grid axes; a cell outside the grid is `outside`, one past the last, where a zero is kept.
 */
import { ShapeError, staticSize, type Tensor } from "./tensor.ts";

export interface Windows {
  /** Grid axes, as [height, width] or [length]. */
  readonly grid: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  /** Zeros before and after each axis. */
  readonly padding: readonly (readonly [number, number])[];
  readonly dilation: readonly number[];
}

/** How layers with a sliding window are described; a number holds for every grid axis. */
export interface WindowOptions {
  readonly kernel: number | readonly number[];
  readonly stride?: number | readonly number[];
  readonly dilation?: number | readonly number[];
  /**
   * "same": as many positions as ceil(size / stride); "valid": only windows that lie inside; or cells of zeros beside each axis,
   * as many before as after, or [before, after].
   */
  readonly padding?: "same" | "valid" | number | readonly (number | readonly [before: number, after: number])[];
}

/** Grid axes of [batch, ...grid, channels]. @throws ShapeError unless there are one or two, of fixed size */
export function gridOf(name: string, x: Tensor): number[] {
  const grid = x.shape.slice(1, -1);
  if (grid.length < 1 || grid.length > 2 || grid.includes("batch") || typeof x.shape.at(-1) !== "number") {
    throw new ShapeError(name, "[batch, length, channels] or [batch, height, width, channels]", [x.shape]);
  }
  return grid as number[];
}

/** @throws ShapeError when an option has not one whole number for each axis: of 1 or more, of 0 or more for padding */
export function windowsOver(
  name: string,
  grid: readonly number[],
  { kernel, stride = 1, dilation = 1, padding = "same" }: WindowOptions,
): Windows {
  const perAxis = (option: string, value: number | readonly number[], least: number): readonly number[] => {
    const values = typeof value === "number" ? grid.map(() => value) : value;
    if (values.length === grid.length && values.every((one) => Number.isInteger(one) && one >= least)) return values;
    const expected = `${option} in whole numbers of at least ${least}, one for each grid axis (asked for ${values.join(", ")})`;
    throw new ShapeError(name, expected, [grid]);
  };
  const [sizes, strides, dilations] = [
    perAxis("kernel", kernel, 1),
    perAxis("stride", stride, 1),
    perAxis("dilation", dilation, 1),
  ];
  const same = (size: number, i: number): [number, number] => {
    const span = dilations[i]! * (sizes[i]! - 1) + 1;
    const total = Math.max((Math.ceil(size / strides[i]!) - 1) * strides[i]! + span - size, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  };
  const explicit = (sides: number | readonly (number | readonly [number, number])[]): [number, number][] => {
    const side = (i: 0 | 1) =>
      typeof sides === "number" ? sides : sides.map((one) => (typeof one === "number" ? one : one[i]));
    const [before, after] = [perAxis("padding", side(0), 0), perAxis("padding", side(1), 0)];
    return grid.map((_, i) => [before[i]!, after[i]!]);
  };
  const paddings = padding === "same" ? grid.map(same) : explicit(padding === "valid" ? 0 : padding);
  return { grid, kernel: sizes, stride: strides, dilation: dilations, padding: paddings };
}

/** Number of window positions along each axis. */
export function positions({ grid, kernel, stride, padding, dilation }: Windows): number[] {
  const counts = grid.map((size, i) => {
    const span = dilation[i]! * (kernel[i]! - 1) + 1;
    return Math.floor((size + padding[i]![0] + padding[i]![1] - span) / stride[i]!) + 1;
  });
  if (counts.some((count) => count < 1)) {
    throw new ShapeError(
      "unfold",
      `a grid of at least the window ${kernel.join(" x ")} (dilation ${dilation.join(", ")})`,
      [grid],
    );
  }
  return counts;
}

/** [positions x kernel cells], row-major: the grid cell under each cell of each window, or `outside`. */
export function windowTable(windows: Windows): { table: Int32Array; outside: number } {
  const { grid, kernel, stride, padding, dilation } = windows;
  const outside = staticSize(grid);
  const table: number[] = [];
  for (const position of indices(positions(windows))) {
    for (const offset of indices(kernel)) {
      let cell = 0;
      for (let i = 0; i < grid.length; i++) {
        const at = position[i]! * stride[i]! - padding[i]![0] + offset[i]! * dilation[i]!;
        cell = cell < 0 || at < 0 || at >= grid[i]! ? -1 : cell * grid[i]! + at;
      }
      table.push(cell < 0 ? outside : cell);
    }
  }
  return { table: Int32Array.from(table), outside };
}

/**
 * The reverse: [grid cells x depth], the entries of `windowTable` that see each grid cell, filled up with `outside`.
 * depth is the largest number of windows that share a cell.
 */
export function reverseTable(windows: Windows): { table: Int32Array; depth: number; outside: number } {
  const { table: forward, outside: none } = windowTable(windows);
  const seenBy: number[][] = Array.from({ length: none }, () => []);
  forward.forEach((cell, entry) => {
    if (cell !== none) seenBy[cell]!.push(entry);
  });
  const depth = seenBy.reduce((most, entries) => Math.max(most, entries.length), 1);
  const table = new Int32Array(none * depth).fill(forward.length);
  seenBy.forEach((entries, cell) => {
    table.set(entries, cell * depth);
  });
  return { table, depth, outside: forward.length };
}

/** Every index of a small grid, row-major. */
function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (list, size) => list.flatMap((head) => Array.from({ length: size }, (_, i) => [...head, i])),
    [[]],
  );
}
