import { describe, expect, it } from "vitest";
import type { Image, Values } from "../data/records.ts";
import { random } from "../engine/random.ts";
import { convertChannels, fitImage, planImage } from "./image.ts";
import { softplusAt } from "./likelihoods/likelihood.ts";
import { modalityContract } from "./testing/modality-contract.ts";

const rng = random(1, "pictures");
const picture = (width: number, height: number, channels: 1 | 3 | 4, value = () => rng.below(256)): Image => ({
  width,
  height,
  channels,
  pixels: Uint8Array.from({ length: width * height * channels }, value),
});
const probe = (width: number, height: number, channels: 1 | 3 | 4 = 3) => ({ width, height, channels });

const samples = Array.from({ length: 3 }, (): Values => ({ photo: picture(6, 4, 3) }));
const request = planImage("photo", [probe(6, 4)], {})!;
const logit = (byte: number) => {
  const p = Math.min(Math.max(byte / 255, 1e-6), 1 - 1e-6);
  return Math.log(p / (1 - p));
};
const same = (decoded: Values, sample: Values) => expect(decoded).toEqual(sample);

modalityContract("image, Bernoulli", () => ({
  modality: fitImage("photo", request, samples, {})!,
  samples,
  parametersFor: ({ arrays }) => Float32Array.from(arrays.pixels!, logit),
  expectSame: same,
  densityAt: (parameters, { arrays }, row) =>
    Array.from({ length: 72 }, (_, i) => {
      const at = parameters[row * 72 + i]!;
      return (arrays.pixels![row * 72 + i]! / 255) * at - softplusAt(at);
    }).reduce((a, b) => a + b, 0),
}));

modalityContract("image, Gaussian", () => ({
  modality: fitImage("photo", request, samples, { likelihood: "gaussian", variance: "fixed", deviation: 0.2 })!,
  samples,
  parametersFor: ({ arrays }) => Float32Array.from(arrays.pixels!, (byte) => byte / 255),
  expectSame: same,
  densityAt: (parameters, { arrays }, row) =>
    Array.from({ length: 72 }, (_, i) => {
      const error = arrays.pixels![row * 72 + i]! / 255 - parameters[row * 72 + i]!;
      return -0.5 * (error / 0.2) ** 2 - Math.log(0.2 * Math.sqrt(2 * Math.PI));
    }).reduce((a, b) => a + b, 0),
}));

describe("planImage", () => {
  it.each([
    ["equal and small: as they are", [probe(28, 28), probe(28, 28)], {}, [28, 28]],
    ["equal and large: longer side 64", [probe(640, 480)], {}, [64, 48]],
    ["unequal: the median shape", [probe(100, 50), probe(200, 100), probe(90, 60)], {}, [64, 40]],
    ["unequal and small: a multiple of 4", [probe(30, 30), probe(29, 31)], {}, [32, 32]],
    ["one side asked for: the other follows", [probe(640, 480)], { width: 32 }, [32, 24]],
    ["both asked for", [probe(640, 480)], { width: 20, height: 30 }, [20, 30]],
  ])("%s", (_, probes, options, size) => {
    const planned = planImage("photo", probes, options)!;
    expect([planned.width, planned.height]).toEqual(size);
  });

  it("plans nothing where no file could be probed", () => expect(planImage("photo", [], {})).toBeUndefined());

  it("names column and option when an option is wrong", () => {
    expect(() => planImage("photo", [probe(8, 8)], { wdth: 3 })).toThrow(/column "photo": Unrecognized key: "wdth"/);
    expect(() => planImage("photo", [probe(8, 8)], { width: 0 })).toThrow(/width: /);
  });
});

describe("fitImage", () => {
  const channelsOf = (image: Image) =>
    fitImage("photo", { ...request, width: 2, height: 2 }, [{ photo: image }], {})!.state.channels;

  it("keeps as many channels as the pixels need", () => {
    expect(channelsOf(picture(2, 2, 3, () => 7))).toBe(1);
    expect(channelsOf(picture(2, 2, 3))).toBe(3);
    expect(channelsOf(picture(2, 2, 4))).toBe(4);
    expect(
      channelsOf({ ...picture(2, 2, 4), pixels: Uint8Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? 255 : i)) }),
    ).toBe(3);
  });

  it("is nothing without a picture", () => expect(fitImage("photo", request, [{ photo: null }], {})).toBeNull());

  it("refuses pictures of another size, and says what to do", () => {
    const modality = fitImage("photo", request, samples, {})!;
    expect(() => modality.encode([{ photo: picture(5, 5, 3) }])).toThrow(
      'Cannot build batch for "photo": expected a picture of 6 x 4 pixels, received 5 x 5.',
    );
  });
});

describe("convertChannels", () => {
  const pixel = (...pixels: number[]): Image => ({
    width: 1,
    height: 1,
    channels: pixels.length as 1 | 3 | 4,
    pixels: Uint8Array.from(pixels),
  });
  it.each([
    [pixel(100), 3, [100, 100, 100]],
    [pixel(100), 4, [100, 100, 100, 255]],
    [pixel(10, 20, 30), 1, [18]],
    [pixel(10, 20, 30, 0), 3, [255, 255, 255]],
    [pixel(10, 20, 30, 51), 3, [206, 208, 210]],
    [pixel(10, 20, 30), 4, [10, 20, 30, 255]],
    [pixel(10, 20, 30, 0), 4, [255, 255, 255, 0]],
  ] as const)("%o → %i channels", (image, to, expected) => {
    expect([...convertChannels(image, to, 255)]).toEqual(expected);
  });
});
