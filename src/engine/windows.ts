/**
 * @file Which pixels a sliding window sees: the index tables behind unfold (im2col) and fold (its adjoint).
 * In: grid size, kernel, stride, padding, dilation. Out: for every window position the grid cells under it, and the reverse.
 * Works for one or two grid axes; a cell outside the grid is `outside`, one past the last, where a zero is kept.
 */
import { ShapeError } from "./tensor.ts";

export interface Windows {
  /** Grid axes, as [height, width] or [length]. */
  readonly grid: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  /** Zeros before and after each axis. */
  readonly padding: readonly (readonly [number, number])[];
  readonly dilation: readonly number[];
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
  const outside = grid.reduce((a, b) => a * b, 1);
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
