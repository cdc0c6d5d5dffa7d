import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findConfig, readOptions, trainSettings, withSettings } from "./config.ts";
import { checkConfig } from "./config-schema.ts";

const folder = mkdtempSync(join(tmpdir(), "polyvae-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const plain = { header: true } as const;

describe("config", () => {
  it("says how columns are read, by kind, by role, or with the modality's own options", () => {
    const config = checkConfig(
      {
        columns: {
          word: "text",
          digit: "label",
          photo: { kind: "image", width: 64 },
          sound: { options: { rate: 8000 } },
          note: { kind: "text", role: "ignored" },
        },
        split: "part",
        test: 0.2,
      },
      "c.yaml",
    );
    expect(readOptions(config, plain)).toEqual({
      columns: {
        word: { kind: "text" },
        digit: { role: "label" },
        photo: { kind: "image", options: { width: 64 } },
        sound: { options: { rate: 8000 } },
        note: { kind: "text", role: "ignored" },
      },
      splitColumn: "part",
      splitFractions: { test: 0.2 },
    });
  });

  it("gives way to flags", () => {
    const config = checkConfig(
      { label: "a", seed: 1, epochs: 5, device: "auto", header: true, media: { photo: "{a}.png" } },
      "c.yaml",
    );
    const flags = {
      ...plain,
      header: false,
      label: "b",
      seed: 2,
      minutes: 3,
      device: "webgpu",
      media: { sound: "{a}.wav" },
    } as const;
    expect(readOptions(config, flags)).toEqual({
      header: false,
      label: "b",
      seed: 2,
      media: { photo: "{a}.png", sound: "{a}.wav" },
    });
    expect(trainSettings(config, flags).training).toMatchObject({ epochs: 5, minutes: 3, device: "webgpu", seed: 2 });
    expect(readOptions({}, plain)).toEqual({});
  });

  it("takes single keys from --set, read as YAML, as deep as dots say", () => {
    const before = checkConfig({ latent: 8, columns: { word: "text", digit: "label" } }, "c.yaml");
    const config = withSettings(before, { latent: "16", balance: "false", "columns.word.kind": "categorical" });
    expect(config).toEqual({ latent: 16, balance: false, columns: { word: { kind: "categorical" }, digit: "label" } });
    expect(trainSettings(config, plain).model).toMatchObject({ latent: 16, balance: false });
    expect(before.latent).toBe(8);
  });

  it("keeps the defaults of each part where nothing is said", () => {
    const { model, training } = trainSettings({}, plain);
    expect(model.latent).toBeGreaterThan(1);
    expect(training.batch).toBeGreaterThan(1);
    // Chosen by the number of rows, once that is known.
    expect(training.epochs).toBeUndefined();
    expect(training.minutes).toBeUndefined();
  });

  it("refuses what it does not know, naming the key and the nearest one", () => {
    const refusal = (values: unknown) => () => checkConfig(values, "c.yaml");
    expect(refusal({ epoch: 3 })).toThrow('Cannot use c.yaml: there is no key "epoch"; did you mean "epochs"?');
    expect(refusal({ zzz: 3 })).toThrow(/there is no key "zzz"; the keys are columns, label/);
    expect(refusal({ columns: { a: "txt" } })).toThrow(
      /columns\.a: "txt" is no kind and no role .*did you mean "text"/,
    );
    expect(refusal({ columns: { a: { kind: "image", role: "lable" } } })).toThrow(/"lable" is no kind and no role/);
    expect(refusal({ latent: "many" })).toThrow(/latent: expected number/);
    expect(refusal({ latent: 0 })).toThrow(/latent: /);
    expect(refusal("words")).toThrow(/expected keys with values/);
    expect(refusal(null)).not.toThrow();
    expect(() => withSettings({}, { latnt: "3" })).toThrow(
      /--set latnt: there is no key "latnt"; did you mean "latent"/,
    );
  });

  it("says networks by modality, as words or in parts", () => {
    const { networks } = trainSettings(withSettings({}, { "networks.image": "resnet-medium" }), plain).model;
    expect(networks).toEqual({ image: "resnet-medium" });
    const parts = withSettings({}, { "networks.image.network": "conv", "networks.image.size": "large" });
    expect(trainSettings(parts, plain).model.networks).toEqual({ image: { network: "conv", size: "large" } });
    expect(() => withSettings({}, { "networks.image": "resnet-medum" })).toThrow(
      /networks\.image: "resnet-medum" is no network; did you mean "resnet-medium"/,
    );
    expect(() => checkConfig({ networks: { image: { layer: ["relu"] } } }, "c.yaml")).toThrow(
      'Cannot use c.yaml: networks.image: there is no key "layer"; did you mean "layers"?.',
    );
  });

  it("is found beside the data, unless another or none is asked for", () => {
    const data = join(folder, "data.csv");
    expect(findConfig(data, plain)).toEqual({ config: {} });
    writeFileSync(join(folder, "polyvae.json"), '{"latent": 3}');
    writeFileSync(join(folder, "mine.yaml"), "latent: 5\n");
    expect(findConfig(data, plain)).toEqual({ config: { latent: 3 }, beside: join(folder, "polyvae.json") });
    expect(findConfig(data, { ...plain, config: join(folder, "mine.yaml") })).toEqual({ config: { latent: 5 } });
    expect(findConfig(data, { ...plain, config: false })).toEqual({ config: {} });
  });
});
