import { expect, test } from "vitest";
import { input } from "../../engine/ops.ts";
import { isOp, topologicalOrder } from "../../engine/tensor.ts";
import { modelConfigSchema } from "../config.ts";
import { decoderNetwork, encoderNetwork } from "../networks.ts";
import { type LayerSetting, layerList } from "./layer-list.ts";

const config = modelConfigSchema.parse({});
const image = { name: "photo", featureShape: [16, 12, 3], parameterShape: [16, 12, 3], gridAxes: 2 } as const;
const encoded = (layers: readonly LayerSetting[], isTraining = true) =>
  encoderNetwork(image, { layers }, config, { isTraining })(input("x", ["batch", 16, 12, 3]), "encoder");
const decoded = (layers: readonly LayerSetting[], shaped: Parameters<typeof decoderNetwork>[0] = image) =>
  decoderNetwork(shaped, { layers }, config, true)(input("z", ["batch", 8]), "decoder");

test("layers of one's own, one after the other", () => {
  const layers = layerList.parse([
    { conv: 32, kernel: 4, stride: 2 },
    "relu",
    { norm: "group", groups: 4 },
    { conv: 8, kernel: [3, 1], groups: 2, padding: "valid" },
    { pool: "max", size: 2 },
    { dropout: 0.2 },
    { norm: "layer" },
    "flatten",
    { dense: 64 },
    "gelu",
  ]);
  expect(encoded(layers as LayerSetting[]).shape).toEqual(["batch", 64]);
  // What is left of a grid is laid out flat.
  expect(encoded([{ pool: "average", size: 4 }]).shape).toEqual(["batch", 4 * 3 * 3]);
  expect(encoded([{ conv: 5, kernel: 3 }, { pool: "average" }]).shape).toEqual(["batch", 5]);
});

test("a decoder's list ends in the layer that makes the parameters", () => {
  const grown: LayerSetting[] = [
    { dense: 8 * 6 * 4 },
    "relu",
    { reshape: [8, 6, 4] },
    { transposed: 6, kernel: 4, stride: 2 },
    "relu",
  ];
  expect(decoded(grown).shape).toEqual(["batch", 16, 12, 3]);
  const upsampled: LayerSetting[] = [{ dense: 48 }, { reshape: [4, 3, 4] }, { upsample: 4, method: "bilinear" }];
  expect(decoded(upsampled).shape).toEqual(["batch", 16, 12, 3]);
  expect(decoded([{ dense: 20 }, "relu"]).shape).toEqual(["batch", 16, 12, 3]);
  const odd = { ...image, parameterShape: [15, 11, 3] } as const;
  expect(
    decoded([{ dense: 48 }, { reshape: [8, 6, 1] }, { transposed: 2, kernel: 4, to: [15, 11] }], odd).shape,
  ).toEqual(["batch", 15, 11, 3]);
});

test("dropout is no part of the network that is used", () => {
  const draws = (isTraining: boolean) =>
    topologicalOrder([encoded([{ dropout: 0.5 }], isTraining)]).filter(
      (node) => isOp(node, "input") && node.attributes.source !== "feed",
    ).length;
  expect([draws(true), draws(false)]).toEqual([1, 0]);
});

test("a layer that does not fit is refused by its place and the shape that it received", () => {
  expect(() => encoded([{ dense: 8 }, "flatten", { conv: 4, kernel: 3 }])).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot build networks.photo.layers[2], {"conv":4,"kernel":3}: expected [batch, length, channels] or [batch, height, width, channels], received [batch, 1536]. Change this layer or those before it.]`,
  );
  expect(() => encoded([{ conv: 4, kernel: 20, padding: "valid" }])).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot build networks.photo.layers[0], {"conv":4,"kernel":20,"padding":"valid"}: expected a grid of at least the window 20 x 20 (dilation 1, 1), received [batch, 16, 12, 3]. Change this layer or those before it.]`,
  );
  expect(() => decoded([{ dense: 10 }, { reshape: [3, 4] }])).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot build networks.photo.decoder.layers[1], {"reshape":[3,4]}: expected 12 numbers a row, received [batch, 10]. Change this layer or those before it.]`,
  );
});

test("a layer that there is not is refused with the nearest", () => {
  const fault = (entry: unknown) => layerList.safeParse(["relu", entry]).error?.issues.map(({ message }) => message);
  expect(fault({ dens: 3 })).toMatchInlineSnapshot(`
    [
      "{"dens":3} is no layer; did you mean "dense"?",
    ]
  `);
  expect(fault("relo")).toMatchInlineSnapshot(`
    [
      ""relo" is no layer; did you mean "relu"?",
    ]
  `);
  expect(fault({ conv: 3 })).toMatchInlineSnapshot(`
    [
      "{"conv":3} is no "conv" layer; kernel: expected a whole number of at least 1, or one for each grid axis",
    ]
  `);
  expect(fault({ conv: 3, kernel: 3, strides: 2 })).toMatchInlineSnapshot(`
    [
      "there is no key "strides"; did you mean "stride"?",
    ]
  `);
  expect(fault({ dropout: 1 })).toMatchInlineSnapshot(`
    [
      "Too big: expected number to be <=0.9",
    ]
  `);
  expect(fault(7)).toMatchInlineSnapshot(`
    [
      "7 is no layer; the layers are dense, conv, transposed, pool, upsample, dropout, norm, reshape, relu, gelu, silu, tanh, sigmoid, softplus, flatten",
    ]
  `);
});
