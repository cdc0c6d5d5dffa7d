/**
 * @file Transformers: the grid is cut into patches (a sequence into its places), each with a learned position, that attend to each
 * other (Vaswani 2017; on pictures Dosovitskiy 2021). The decoder reads from the latent a few numbers for each patch, and the patches
 * then agree among themselves. In: shapes. Out: layers.
 */
import { learnedPositions, transformerBlock } from "../../engine/attention.ts";
import { convolution, transposedConvolution } from "../../engine/convolution.ts";
import { gelu, mean } from "../../engine/functions.ts";
import { dense, type Layer, unflatten } from "../../engine/layers.ts";
import { layerNormalisation } from "../../engine/normalisation.ts";
import { relu } from "../../engine/ops.ts";
import { staticSize, type Tensor } from "../../engine/tensor.ts";
import { cellsWithin, coarser, meanWithin, within } from "./extent.ts";
import type { NetworkSize } from "./setting.ts";
import type { Architecture } from "./shaped.ts";

/** Share of the dense width that a patch has, and the number of blocks. */
const sizes: Readonly<Record<NetworkSize, { readonly share: number; readonly blocks: number }>> = {
  small: { share: 1 / 4, blocks: 2 },
  medium: { share: 1 / 2, blocks: 4 },
  large: { share: 1, blocks: 6 },
};

/** Patches at most, on one and on two grid axes: attention costs their square. */
const mostPatches = { 1: 128, 2: 64 } as const;
/** Numbers that the decoder reads from the latent for each patch. */
const seeds = 16;

interface Patches {
  /** Side of a patch, along every grid axis. */
  readonly side: number;
  /** Number of patches along each axis. */
  readonly counts: readonly number[];
  readonly window: { readonly kernel: number; readonly stride: number; readonly padding: [number, number][] };
}

/** The smallest patches, their side a power of 2, of which there are not too many. The last ones reach past the grid. */
function patchesOf(grid: readonly number[]): Patches {
  const most = mostPatches[grid.length as 1 | 2];
  let side = 1;
  const countsAt = (length: number) => grid.map((size) => Math.ceil(size / length));
  while (staticSize(countsAt(side)) > most) side *= 2;
  const counts = countsAt(side);
  const padding = grid.map((size, i): [number, number] => [0, counts[i]! * side - size]);
  return { side, counts, window: { kernel: side, stride: side, padding } };
}

/** Width of a patch's vector, and of its heads 16 units or more. */
function widthOf(size: NetworkSize, width: number): { readonly width: number; readonly heads: number } {
  const own = 8 * Math.max(1, Math.round((width * sizes[size].share) / 8));
  return { width: own, heads: [8, 4, 2].find((heads) => own % heads === 0 && own / heads >= 16) ?? 1 };
}

function blocksOf(size: NetworkSize, width: number, mask?: Tensor): Layer[] {
  const { width: own, heads } = widthOf(size, width);
  const block = transformerBlock({ heads, hidden: 4 * own, activation: gelu, ...(mask && { mask }) });
  return [...Array.from({ length: sizes[size].blocks }, () => block), layerNormalisation()];
}

export const transformer: Architecture = {
  encoder({ featureShape, gridAxes }, size, { width }, extent) {
    const { side, counts, window } = patchesOf(featureShape.slice(0, gridAxes));
    const own = widthOf(size, width).width;
    const mask = extent && cellsWithin(coarser(extent, side), staticSize(counts.slice(1)));
    return [
      ...within(extent),
      convolution(own, { ...window, gain: 1 }),
      unflatten([staticSize(counts), own]),
      learnedPositions,
      ...blocksOf(size, width, mask),
      mask ? meanWithin(mask) : (x) => mean(x, [1]),
      dense(width),
      relu,
    ];
  },
  decoder({ parameterShape, gridAxes }, size, { width }) {
    const grid = parameterShape.slice(0, gridAxes);
    const { counts, window } = patchesOf(grid);
    const own = widthOf(size, width).width;
    const count = staticSize(counts);
    return [
      dense(width),
      relu,
      dense(count * seeds, { gain: 1 }),
      unflatten([count, seeds]),
      dense(own, { gain: 1 }),
      learnedPositions,
      ...blocksOf(size, width),
      unflatten([...counts, own]),
      transposedConvolution(staticSize(parameterShape.slice(gridAxes)), grid, { ...window, gain: 1 }),
      unflatten(parameterShape),
    ];
  },
};
