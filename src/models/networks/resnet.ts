/**
 * @file Residual networks, pre-activated (He 2016): the convolutional network with residual blocks on every grid, or dense residual
 * blocks where there is no grid. One norm in a block, over the row alone: a norm costs as much as a convolution here,
 * and a row's values never depend on its batch. In: shapes. Out: layers.
 */
import { convolution } from "../../engine/convolution.ts";
import { dense, flatten, type Layer, sequential, unflatten } from "../../engine/layers.ts";
import { groupNormalisation, layerNormalisation } from "../../engine/normalisation.ts";
import { add, relu } from "../../engine/ops.ts";
import { staticSize, type Tensor } from "../../engine/tensor.ts";
import { convolutionDecoder, convolutionEncoder, type Stage, scaled } from "./conv.ts";
import { within } from "./extent.ts";
import type { NetworkSize } from "./setting.ts";
import type { Architecture } from "./shaped.ts";

/** Residual blocks on each grid, or in all where there is none. */
const blocks: Readonly<Record<NetworkSize, number>> = { small: 1, medium: 1, large: 2 };
const denseBlocks: Readonly<Record<NetworkSize, number>> = { small: 1, medium: 2, large: 4 };
const denseTimes: Readonly<Record<NetworkSize, number>> = { small: 1, medium: 2, large: 3 };

/** A branch starts small beside what it is added to. */
const branchGain = 0.5;

/** x + branch(x). */
const residual =
  (branch: Layer): Layer =>
  (x, name) =>
    add(x, branch(x, name));

/** At most 8 groups, of at least two channels. */
const groupsOf = (channels: number): number =>
  [8, 4, 2].find((groups) => channels % groups === 0 && channels > groups) ?? 1;

function residualStage(count: number, extent?: Tensor): Stage {
  // Where items end early a norm over the grid would mix in what lies past the end.
  const norm = (channels: number) => (extent ? layerNormalisation() : groupNormalisation(groupsOf(channels)));
  return (channels, times) => {
    const convolved = (gain: number) => [relu, ...within(extent, times), convolution(channels, { kernel: 3, gain })];
    const block = residual(sequential(norm(channels), ...convolved(Math.SQRT2), ...convolved(branchGain)));
    return [...Array.from({ length: count }, () => block), relu, ...within(extent, times)];
  };
}

/** [batch, ...] → [batch, width]. */
function denseChain(size: NetworkSize, width: number): Layer[] {
  const branch = [layerNormalisation(), relu, dense(width), relu, dense(width, { gain: branchGain })];
  const block = residual(sequential(...branch));
  return [dense(width), ...Array.from({ length: denseBlocks[size] }, () => block), relu];
}

export const resnet: Architecture = {
  encoder(shaped, size, units, extent) {
    if (shaped.gridAxes === 0) return [...within(extent), flatten, ...denseChain(size, units.width * denseTimes[size])];
    return convolutionEncoder(shaped, scaled(size, units), residualStage(blocks[size], extent), extent);
  },
  decoder(shaped, size, units) {
    if (shaped.gridAxes > 0) return convolutionDecoder(shaped, scaled(size, units), residualStage(blocks[size]));
    const { parameterShape } = shaped;
    const output = dense(staticSize(parameterShape), { gain: 1 });
    return [...denseChain(size, units.width * denseTimes[size]), output, unflatten(parameterShape)];
  },
};
