import { expect, test } from "vitest";
import * as z from "zod";
import { modelConfigSchema } from "../config.ts";
import { chooseNetworks, settle } from "./choose.ts";

const image = (side: number) =>
  ({ name: "image", featureShape: [side, side, 3], parameterShape: [side, side, 3], gridAxes: 2 }) as const;
const table = { name: "table", featureShape: [20], parameterShape: [30], gridAxes: 0 } as const;
const both = [image(28), table];
const settings = (networks: unknown) => modelConfigSchema.parse({ networks }).networks;
const chosen = (networks: unknown, rows?: number) => chooseNetworks(both, settings(networks), rows);

test("small networks, by shape, where nothing is said", () => {
  const { image: ofImage, table: ofTable } = chosen({}, 1e6);
  expect(ofImage).toMatchObject({
    encoder: { network: "conv", size: "small" },
    decoder: { network: "conv", size: "small" },
  });
  expect(ofTable).toMatchObject({
    encoder: { network: "mlp", size: "small" },
    decoder: { network: "mlp", size: "small" },
  });
  expect(chosen({ image: "default" }, 1e6).image).toEqual(ofImage);
});

test("words, parts and lists say which network, for the decoder too", () => {
  expect(chosen({ image: "resnet-medium" }).image!.decoder).toEqual({ network: "resnet", size: "medium" });
  expect(chosen({ image: "mlp" }).image!.encoder).toEqual({ network: "mlp", size: "small" });
  expect(chosen({ image: { network: "transformer", size: "large" } }).image!.encoder).toEqual({
    network: "transformer",
    size: "large",
  });
  // What is not said is as chosen, or as the encoder.
  expect(chosen({ image: { size: "large" } }).image!.encoder).toEqual({ network: "conv", size: "large" });
  expect(chosen({ image: { network: "resnet", decoder: { size: "medium" } } }).image!.decoder).toEqual({
    network: "resnet",
    size: "medium",
  });
  const listed = chosen({ table: { layers: [{ dense: 9 }], decoder: { layers: [{ dense: 4 }] } } }).table!;
  expect(listed.encoder).toEqual({ layers: [{ dense: 9 }] });
  expect(listed.decoder).toEqual({ layers: [{ dense: 4 }] });
  expect(chosen({ table: { layers: ["flatten"] } }).table!.decoder).toEqual({ network: "mlp", size: "small" });
});

test("what was chosen, said again, is the same, whatever the rows", () => {
  for (const networks of [
    {},
    { image: { network: "resnet", decoder: "mlp-large" } },
    { table: { layers: [{ conv: 3, kernel: 2 }, "relu"], decoder: { layers: [{ dense: 4 }] } } },
  ]) {
    const first = chosen(networks, 1e5);
    const again = chosen(settle(first), 5);
    for (const name of ["image", "table"]) {
      expect(again[name]).toMatchObject({ encoder: first[name]!.encoder, decoder: first[name]!.decoder });
    }
  }
});

test("what does not fit is refused, by name", () => {
  expect(() => chosen({ imge: "conv" })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot use networks.imge: there is no modality "imge"; did you mean "image"?]`,
  );
  expect(() => chosen({ price: "mlp" })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot use networks.price: there is no modality "price"; the modalities are "image", "table"; columns of a table share the one named "table".]`,
  );
  expect(() => chosen({ table: "transformer" })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot build networks.table: expected a network for numbers without neighbours, received transformer, which reads a grid. Use mlp or resnet.]`,
  );
  expect(() => chosen({ table: { network: "mlp", decoder: "conv-large" } })).toThrow(/received conv/);
  const fault = (networks: unknown) =>
    modelConfigSchema.safeParse({ networks }).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  expect(fault({ image: "resnt-medium" })).toMatchInlineSnapshot(`
    [
      "networks.image: "resnt-medium" is no network; did you mean "resnet-medium"?",
    ]
  `);
  expect(fault({ image: 3 })).toMatchInlineSnapshot(`
    [
      "networks.image: 3 is no network: expected mlp, conv, resnet, transformer, each with -small, -medium or -large, or default",
    ]
  `);
  expect(fault({ image: { netwerk: "mlp" } })).toMatchInlineSnapshot(`
    [
      "networks.image: there is no key "netwerk"; did you mean "network"?",
    ]
  `);
  expect(fault({ image: { network: "mpl" } })).toMatchInlineSnapshot(`
    [
      "networks.image: network: "mpl" is no network: expected mlp, conv, resnet, transformer, each with -small, -medium or -large, or default",
    ]
  `);
  expect(fault({ image: { network: "mlp", layers: ["relu"] } })).toMatchInlineSnapshot(`
    [
      "networks.image: expected either \`layers\` or \`network\` and \`size\`, received both",
    ]
  `);
  expect(fault({ image: { layers: ["relu", { dense: 0 }] } })).toMatchInlineSnapshot(`
    [
      "networks.image.layers.1.dense: Too small: expected number to be >=1",
    ]
  `);
  expect(fault({ image: { decoder: { layers: [{ pol: "max" }] } } })).toMatchInlineSnapshot(`
    [
      "networks.image: decoder: layers[0]: {"pol":"max"} is no layer; did you mean "pool"?",
    ]
  `);
  expect(fault({ image: { layers: [{ conv: 8, kernel: 3, strides: 2 }] } })).toMatchInlineSnapshot(`
    [
      "networks.image.layers.0: there is no key "strides"; did you mean "stride"?",
    ]
  `);
  expect(fault({ image: { size: "huge" } })).toMatchInlineSnapshot(`
    [
      "networks.image: size: Invalid option: expected one of "small"|"medium"|"large"",
    ]
  `);
});

test("the JSON Schema names networks, sizes and layers", () => {
  const schema = JSON.stringify(z.toJSONSchema(modelConfigSchema, { io: "input" }));
  for (const word of ["resnet-medium", "transformer", "large", "dropout", "transposed"]) expect(schema).toContain(word);
});
