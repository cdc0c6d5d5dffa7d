/** @file Dense layers with ReLU between them. Reads anything; on a grid it knows nothing of neighbours. In: shapes. Out: layers. */
import { dense, flatten, unflatten } from "../../engine/layers.ts";
import { relu } from "../../engine/ops.ts";
import { staticSize } from "../../engine/tensor.ts";
import { within } from "./extent.ts";
import type { NetworkSize } from "./setting.ts";
import type { Architecture } from "./shaped.ts";

const sizes: Readonly<Record<NetworkSize, { readonly times: number; readonly layers: number }>> = {
  small: { times: 1, layers: 2 },
  medium: { times: 2, layers: 2 },
  large: { times: 4, layers: 3 },
};

const hidden = (size: NetworkSize, width: number) =>
  Array.from({ length: sizes[size].layers }, () => [dense(width * sizes[size].times), relu]).flat();

export const mlp: Architecture = {
  encoder: (_, size, { width }, extent) => [...within(extent), flatten, ...hidden(size, width)],
  decoder: ({ parameterShape }, size, { width }) => [
    ...hidden(size, width),
    dense(staticSize(parameterShape), { gain: 1 }),
    unflatten(parameterShape),
  ],
};
