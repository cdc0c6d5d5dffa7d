import { afterAll, describe, expect, it } from "vitest";
import type { Image, Values } from "../../data/records.ts";
import { nodeRuntime } from "../../engine/node/runtime.ts";
import { lower } from "../../engine/onnx.ts";
import { cast, input, mul, reshape, sum } from "../../engine/ops.ts";
import { random } from "../../engine/random.ts";
import { gaussian } from "../likelihoods/gaussian.ts";
import type { Encoded } from "../modality.ts";
import { modalityContract } from "../testing/modality-contract.ts";
import { type Backbone, backboneKind, pooled } from "./backbone.ts";
import { extractFeatures } from "./extract.ts";
import { itemValue, nearestItem, thumbnail } from "./gallery.ts";
import type { Source } from "./inputs.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const value = (name: string, shape: readonly (number | null)[], type = "float32") => ({ name, type, shape });
const backboneOf = (source: Source, shape: readonly (number | null)[], more: Partial<Backbone> = {}): Backbone => ({
  column: "it",
  source,
  sha256: "00",
  inputs: [value("x", shape)],
  outputs: [value("features", [null, 4])],
  ...more,
});

modalityContract("features of a backbone, without its training items", () => {
  const rng = random(3, "features");
  const samples: Values[] = Array.from({ length: 6 }, () => ({
    it: Float32Array.from({ length: 4 }, (_, d) => d + rng.normal()),
  }));
  const column = { name: "it", sample: samples, request: undefined, options: { backbone: "x.onnx" } };
  const modality = backboneKind(backboneOf("image", [null, 3, 8, 8])).fit(column)!;
  return {
    modality,
    samples,
    parametersFor: ({ arrays, rows }: Encoded) =>
      Float32Array.from({ length: rows * 8 }, (_, i) =>
        i % 8 < 4 ? arrays.values![Math.floor(i / 8) * 4 + (i % 8)]! : -5,
      ),
    expectSame: (decoded, sample) => {
      for (const [d, x] of (decoded.it as Float32Array).entries())
        expect(x).toBeCloseTo((sample.it as Float32Array)[d]!, 4);
    },
    densityAt: (parameters, { arrays }, row) =>
      [0, 1, 2, 3].reduce(
        (total, d) =>
          total +
          gaussian.logDensityAt(arrays.values![row * 4 + d]!, [parameters[row * 8 + d]!, parameters[row * 8 + 4 + d]!]),
        0,
      ),
  };
});

/** Values through a network that gives back what it is fed with, flat. */
async function fed(
  backbone: Backbone,
  options: object,
  shape: number[],
  values: Values[],
  type: "float32" | "uint8" | "int32",
) {
  const size = shape.reduce((a, b) => a * b, 1);
  const x = input("x", ["batch", ...shape], type);
  const network = await runtime.loadForeign(
    lower({ features: mul(reshape(type === "float32" ? x : cast(x), ["batch", size]), 1) }).bytes,
  );
  const own = { ...backbone, inputs: network.inputs, outputs: network.outputs };
  const use = backboneKind(own).backbone!({ backbone: "x.onnx", ...options }, undefined);
  const rows = await extractFeatures({ it: use }, values, () => Promise.resolve(network));
  await network.release();
  return rows.map(({ it: features }) => (features instanceof Float32Array ? [...features] : null));
}

/** 2 x 1 pixels: (0, 51, 102) and (255, 204, 153). */
const picture: Image = { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(0, 51, 102, 255, 204, 153) };
const rounded = (features: (readonly number[] | null)[]) =>
  features.map((own) => own?.map((x) => Math.round(x * 1000) / 1000));

describe("what a backbone is fed with", () => {
  it("pictures, channels first or last, standardised or as bytes", async () => {
    const first = await fed(backboneOf("image", []), {}, [3, 1, 2], [{ it: picture }], "float32");
    expect(rounded(first)).toEqual([[0, 1, 0.2, 0.8, 0.4, 0.6]]);
    const last = await fed(
      backboneOf("image", []),
      { layout: "nhwc", mean: [0, 0.2, 0.4], std: 0.5 },
      [1, 2, 3],
      [{ it: picture }],
      "float32",
    );
    expect(rounded(last)).toEqual([[0, 0, 0, 2, 1.2, 0.4]]);
    const bytes = await fed(backboneOf("image", []), { layout: "nhwc" }, [1, 2, 3], [{ it: picture }], "uint8");
    expect(bytes).toEqual([[0, 51, 102, 255, 204, 153]]);
  });

  it("sounds as waves, cut or followed by silence; what is missing stays missing", async () => {
    const sound = { rate: 8000, samples: Float32Array.of(0.5, -0.5, 0.25) };
    const rows: Values[] = [{ it: sound }, { it: null }, { it: sound }];
    expect(await fed(backboneOf("audio", []), { rate: 8000 }, [4], rows, "float32")).toEqual([
      [0.5, -0.5, 0.25, 0],
      null,
      [0.5, -0.5, 0.25, 0],
    ]);
    expect(await fed(backboneOf("audio", []), { rate: 8000 }, [1, 2], [{ it: sound }], "float32")).toEqual([
      [0.5, -0.5],
    ]);
  });

  it("sounds as log-mel spectra, of either order", async () => {
    const samples = Float32Array.from({ length: 4096 }, (_, t) => Math.sin(t * 0.3));
    const options = { rate: 8000, window: 512, hop: 256 };
    const rows: Values[] = [{ it: { rate: 8000, samples } }];
    const [mels] = await fed(backboneOf("audio", []), options, [10, 16], rows, "float32");
    const [frames] = await fed(
      backboneOf("audio", []),
      { ...options, order: "frames-mels" },
      [1, 16, 10],
      rows,
      "float32",
    );
    expect(mels).toHaveLength(160);
    for (let mel = 0; mel < 10; mel++)
      for (let frame = 0; frame < 16; frame++) expect(mels![mel * 16 + frame]).toBe(frames![frame * 10 + mel]);
    // A sine stands in one band, in the middle of the clip far above the others.
    const middle = Array.from({ length: 10 }, (_, mel) => mels![mel * 16 + 8]!);
    expect(Math.max(...middle) - Math.min(...middle)).toBeGreaterThan(2);
  });

  it("is refused where no such input is", () => {
    const use =
      (backbone: Backbone, options: object = {}) =>
      () =>
        backboneKind(backbone).backbone!({ backbone: "x.onnx", ...options }, undefined);
    expect(use(backboneOf("image", [null, null, 8, 8]))).not.toThrow();
    expect(use(backboneOf("image", [null, 5, 8, 8]))).toThrow(/5 channels, expected 1 or 3/);
    expect(use(backboneOf("image", [7, 3, 8, 8]))).toThrow(/any number of rows, or of one, found 7/);
    expect(use(backboneOf("image", [null, 3, 8, 8]), { mean: [1, 2] })).toThrow(/mean of 3 channels, received 2/);
    expect(use(backboneOf("audio", [null, 1, 64, 32]), { input: "waveform" })).toThrow(/a waveform has 2 or 3 axes/);
    const wide = { outputs: [value("features", [null, 2, 2, 2, 2])] };
    expect(use(backboneOf("image", [null, 3, 8, 8], wide))).toThrow(
      /\[N, C, H, W\], found features: float32 \[\?, 2, 2, 2, 2\]/,
    );
    const half = { outputs: [value("features", [null, 4], "float16")] };
    expect(use(backboneOf("image", [null, 3, 8, 8], half))).toThrow(/to be float32/);
  });
});

describe("features of a network", () => {
  it("are means over places, of a text over those that its mask counts", () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    expect(pooled({ shape: [2, 6], data })).toEqual([data.slice(0, 6), data.slice(6)]);
    expect(pooled({ shape: [2, 3, 2], data }).map((own) => [...own])).toEqual([
      [2, 3],
      [8, 9],
    ]);
    const weights = { shape: [2, 3], data: Int32Array.of(1, 1, 0, 1, 0, 0) };
    expect(pooled({ shape: [2, 3, 2], data }, weights).map((own) => [...own])).toEqual([
      [1, 2],
      [6, 7],
    ]);
    expect(pooled({ shape: [1, 3, 2, 2], data }).map((own) => [...own])).toEqual([[1.5, 5.5, 9.5]]);
  });

  it("of more than one batch keep their rows, also where the network takes one at a time", async () => {
    const x = input("x", ["batch", 2]);
    const network = await runtime.loadForeign(lower({ features: reshape(sum(x, [1]), ["batch", 1]) }).bytes);
    const rows: Values[] = Array.from({ length: 40 }, (_, i) => ({
      it: { rate: 8000, samples: Float32Array.of(i, 1) },
    }));
    for (const batch of [null, 1]) {
      const backbone = { ...backboneOf("audio", [batch, 2]), outputs: network.outputs };
      const use = backboneKind(backbone).backbone!({ backbone: "x.onnx", rate: 8000 }, undefined);
      const found = await extractFeatures({ it: use }, rows, () => Promise.resolve(network));
      expect(found.map(({ it: own }) => (own as Float32Array)[0])).toEqual(rows.map((_, i) => i + 1));
    }
    await network.release();
  });
});

describe("training items", () => {
  it("are found by their features, and made small", () => {
    const gallery = {
      features: Float32Array.of(0, 0, 1, 1, 5, 5),
      items: ["none", "one", "five"].map((text) => ({ key: text, value: text })),
    };
    expect(nearestItem(gallery, Float32Array.of(0.9, 1.2))!.key).toBe("one");
    expect(nearestItem({ features: new Float32Array(), items: [] }, Float32Array.of(1))).toBeUndefined();
    const large = {
      width: 96,
      height: 48,
      channels: 1 as const,
      pixels: new Uint8Array(96 * 48).map((_, i) => (i % 96 < 48 ? 10 : 200)),
    };
    const small = thumbnail(large) as Image;
    expect([small.width, small.height]).toEqual([48, 24]);
    expect([small.pixels[0], small.pixels[47]]).toEqual([10, 200]);
    expect(itemValue({ key: "a", path: "/a.png", value: small })).toMatchObject({
      source: { key: "a", path: "/a.png" },
    });
  });
});
