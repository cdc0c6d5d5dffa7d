/**
 * @file Pooling over one or two grid axes: what remains of each window is a mean or a maximum, channel by channel.
 * In: sizes. Out: layers. Cells outside the grid count for nothing.
 */
import { mean } from "./functions.ts";
import type { Layer } from "./layers.ts";
import { constant, max, mul, reshape, select, sum, unfold } from "./ops.ts";
import { ShapeError, staticSize, type Tensor } from "./tensor.ts";
import { gridOf, positions, type WindowOptions, type Windows, windowsOver, windowTable } from "./windows.ts";

/** `stride` is the kernel and `padding` "valid" unless said. */
export type PoolingOptions = Omit<WindowOptions, "kernel">;

/**
 * [batch, ...grid, channels] → [batch, ...positions, channels]: means over the cells of each window that lie inside the grid.
 * @throws ShapeError when the grid or an option does not fit, or a window lies outside the grid altogether
 */
export const averagePooling =
  (kernel: WindowOptions["kernel"], options: PoolingOptions = {}): Layer =>
  (x) => {
    const { cells, inside, shape } = windowsApart("averagePooling", x, kernel, options);
    const counts = inside.map((window) => window.filter(Boolean).length);
    const shares = constant(
      counts.map((count) => 1 / count),
      [...shape, 1],
    );
    return counts.every((count) => count === inside[0]!.length) ? mean(cells, [-2]) : mul(sum(cells, [-2]), shares);
  };

/**
 * [batch, ...grid, channels] → [batch, ...positions, channels]: the largest cell of each window; ties share the gradient.
 * @throws ShapeError when the grid or an option does not fit, or a window lies outside the grid altogether
 */
export const maxPooling =
  (kernel: WindowOptions["kernel"], options: PoolingOptions = {}): Layer =>
  (x) => {
    const { cells, inside, shape } = windowsApart("maxPooling", x, kernel, options);
    if (inside.every((window) => window.every(Boolean))) return max(cells, [-2]);
    const mask = constant(inside.flat().map(Number), [...shape, inside[0]!.length, 1]);
    return max(select(mask, cells, lowest), [-2]);
  };

/** [batch, ...grid, channels] → [batch, channels]. */
export const globalAveragePooling: Layer = (x) => mean(x, gridAxes("globalAveragePooling", x));

/** [batch, ...grid, channels] → [batch, channels]; ties share the gradient. */
export const globalMaxPooling: Layer = (x) => max(x, gridAxes("globalMaxPooling", x));

/** The lowest float32. */
const lowest = -(2 - 2 ** -23) * 2 ** 127;

const gridAxes = (name: string, x: Tensor): number[] => gridOf(name, x).map((_, i) => i + 1);

interface WindowsApart {
  /** [batch, ...positions, kernel cells, channels], zeros where a cell lies outside. */
  readonly cells: Tensor;
  /** Position by position, which cells lie inside the grid. */
  readonly inside: readonly (readonly boolean[])[];
  /** Number of positions along each axis. */
  readonly shape: readonly number[];
}

function windowsApart(
  name: string,
  x: Tensor,
  kernel: WindowOptions["kernel"],
  { stride = kernel, padding = "valid", ...options }: PoolingOptions,
): WindowsApart {
  const windows = windowsOver(name, gridOf(name, x), { kernel, stride, padding, ...options });
  const inside = cellsInside(windows);
  if (inside.some((window) => !window.includes(true))) {
    const [size, sides] = [windows.kernel.join(" x "), windows.padding.map((side) => side.join(" and ")).join(", ")];
    throw new ShapeError(name, `every window of ${size} to hold a cell of the grid, despite a padding of ${sides}`, [
      x.shape,
    ]);
  }
  const patches = unfold(x, windows);
  const cells = reshape(patches, [...patches.shape.slice(0, -1), inside[0]!.length, x.shape.at(-1)!]);
  return { cells, inside, shape: positions(windows) };
}

function cellsInside(windows: Windows): boolean[][] {
  const { table, outside } = windowTable(windows);
  const size = staticSize(windows.kernel);
  return Array.from({ length: table.length / size }, (_, position) =>
    Array.from(table.subarray(position * size, (position + 1) * size), (cell) => cell !== outside),
  );
}
