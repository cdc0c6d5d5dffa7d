/**
 * @file What every network is built from: the shapes it must fit, how large it is, and the grids from full size to smallest.
 * In: a modality's shapes, a size, the config's units. Out: plain numbers.
 */
import type { Layer } from "../../engine/layers.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Modality } from "../../modalities/modality.ts";
import type { NetworkSize } from "./setting.ts";

export type Shaped = Pick<Modality, "featureShape" | "parameterShape" | "gridAxes">;

/** Units of a dense hidden layer and channels of the first convolution, of a small network. */
export interface Units {
  readonly width: number;
  readonly channels: number;
}

/** One kind of network, as layers that `sequential` chains: their places in the list name their parameters. */
export interface Architecture {
  /** features [batch, ...featureShape] → hidden [batch, units]. `extent` [batch, places of the first grid axis] where items end. */
  encoder(shaped: Shaped, size: NetworkSize, units: Units, extent?: Tensor): readonly Layer[];
  /** latent [batch, latent] → likelihood parameters [batch, ...parameterShape]. */
  decoder(shaped: Shaped, size: NetworkSize, units: Units): readonly Layer[];
}

/** Grids are halved until one side is no longer than this. */
const smallestSide = 8;

/** The grids from the full one down to the smallest, each half the one before. */
export function halvings(grid: readonly number[]): number[][] {
  const grids = [[...grid]];
  for (let last = grids[0]!; Math.min(...last) > smallestSide; ) {
    last = last.map((side) => Math.ceil(side / 2));
    grids.push(last);
  }
  return grids;
}
