/**
 * @file Items that end before their grid does. In: `extent` [batch, places], 1 where a place along the first grid axis belongs to
 * the item. Out: layers that keep what lies past the end out of everything that is computed.
 */
import type { Layer } from "../../engine/layers.ts";
import { cast, constant, div, max, maximum, mul, pad, reshape, sum } from "../../engine/ops.ts";
import type { Tensor } from "../../engine/tensor.ts";

/** [batch, places] → [batch, ceil(places / times)]: a coarser place belongs to the item when one of its own does. */
export function coarser(extent: Tensor, times: number): Tensor {
  const places = extent.shape[1] as number;
  const count = Math.ceil(places / times);
  if (times === 1) return cast(extent);
  return max(reshape(pad(cast(extent), 1, 0, count * times - places), ["batch", count, times]), [2]);
}

/** Zeros past the end: [batch, places, ...] → the same shape. Nothing where items have no end of their own. */
export const within = (extent: Tensor | undefined, times = 1): readonly Layer[] => {
  if (!extent) return [];
  const mask = coarser(extent, times);
  return [(x) => mul(x, reshape(mask, ["batch", mask.shape[1]!, ...x.shape.slice(2).map(() => 1)]))];
};

/** The extent of a grid's cells in a row, [batch, places x across]. */
export const cellsWithin = (extent: Tensor, across: number): Tensor => {
  const places = extent.shape[1] as number;
  const spread = mul(reshape(extent, ["batch", places, 1]), constant(Array(across).fill(1), [1, across]));
  return reshape(spread, ["batch", places * across]);
};

/** [batch, places, width] → [batch, width]: means over the places of the item; zeros where it has none. */
export const meanWithin =
  (extent: Tensor): Layer =>
  (x) => {
    const mask = reshape(extent, ["batch", x.shape[1]!, 1]);
    return div(sum(mul(x, mask), [1]), maximum(sum(mask, [1]), 1));
  };
