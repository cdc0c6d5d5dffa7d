/** @file Pictures and sounds under every likelihood: the contract, ONNX against float64, and properties of what comes back. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Image, Sound, Values } from "../data/records.ts";
import { nodeRuntime } from "../engine/node/runtime.ts";
import { random } from "../engine/random.ts";
import { fitAudio, planSound } from "./audio.ts";
import { framesFrom } from "./clip-length.ts";
import { fitImage, planImage } from "./image.ts";
import { softBoundAt, softplusAt } from "./likelihoods/likelihood.ts";
import {
  logisticMean,
  logisticMode,
  logLogisticLevelAt,
  sampleLogisticLevel,
  sharpLogistic,
} from "./likelihoods/logistic-mixture.ts";
import type { Encoded, Modality } from "./modality.ts";
import { checkModality } from "./testing/check-modality.ts";
import { drawParameters, modalityContract } from "./testing/modality-contract.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const rng = random(1, "pictures");
const picture = (width: number, height: number, channels: 1 | 3 | 4): Image => ({
  width,
  height,
  channels,
  pixels: Uint8Array.from({ length: width * height * channels }, () => rng.below(256)),
});
const photos = Array.from({ length: 3 }, (): Values => ({ photo: picture(6, 4, 3) }));
const imageWith = (options: unknown) =>
  fitImage("photo", planImage("photo", [{ width: 6, height: 4, channels: 3 }], options)!, photos, options)!;

const rate = 4000;
const tone = (seconds: number, hertz: number): Sound => ({
  rate,
  samples: Float32Array.from(
    { length: Math.round(seconds * rate) },
    (_, i) => 0.4 * Math.sin((2 * Math.PI * hertz * i) / rate),
  ),
});
const calls = [tone(0.5, 300), tone(0.2, 900), tone(0.013, 600)].map((call): Values => ({ call }));
function audioWith(options: Record<string, unknown>): Modality {
  const all = { mels: 8, frames: 16, ...options };
  const probes = calls.map(({ call }) => ({ rate, seconds: (call as Sound).samples.length / rate }));
  return fitAudio("call", planSound("call", probes, all)!, calls, all)!;
}

type Maker = (bytes: ArrayLike<number>, channels: number) => number[];
/** Raw numbers that mean these bytes, cell by cell in sections. */
const sections =
  (...each: ((byte: number) => number[])[]): Maker =>
  (bytes, channels) =>
    Array.from({ length: bytes.length / channels }, (_, cell) =>
      each.flatMap((section) =>
        Array.from({ length: channels }, (_c, c) => section(bytes[cell * channels + c]!)).flat(),
      ),
    ).flat();
const logit = (byte: number) => {
  const p = Math.min(Math.max(byte / 255, 1e-6), 1 - 1e-6);
  return [Math.log(p / (1 - p))];
};
const part = (s: number) => (byte: number) => sharpLogistic(byte, 2).slice(2 * s, 2 * s + 2);
const makers: Record<string, Maker> = {
  bernoulli: sections(logit),
  channel: sections(
    (byte) => [byte / 255],
    () => [-3],
  ),
  pixel: sections(
    (byte) => [byte / 255],
    () => [-3],
  ),
  logistic: sections(part(0), part(1), part(2)),
};
const options: Record<string, Record<string, unknown>> = {
  bernoulli: {},
  channel: { likelihood: "gaussian", variance: "channel" },
  pixel: { likelihood: "gaussian", variance: "pixel" },
  logistic: { likelihood: "logistic", components: 2 },
};

const ones = (mask: ArrayLike<number>): number => Array.from(mask).reduce((a, b) => a + b, 0);
const logNormalAt = (x: number, mean: number, logVariance: number) =>
  -0.5 * ((x - mean) ** 2 / Math.exp(logVariance) + logVariance + Math.log(2 * Math.PI));
const bounded = (raw: number) => softBoundAt(raw + 2 * Math.log(0.1), 2 * Math.log(0.01), 0);

/** log p of bytes [cells, channels] from raw [cells, …] by plain arithmetic. */
function densityAt(
  kind: string,
  raw: ArrayLike<number>,
  bytes: ArrayLike<number>,
  channels: number,
  counts = (_: number) => true,
): number {
  const cells = bytes.length / channels;
  const each = raw.length / cells;
  const at = (cell: number, i: number) => raw[cell * each + i]!;
  const shared = Array.from(
    { length: channels },
    (_, c) =>
      Array.from({ length: cells }, (_c, cell) => (each >= 2 * channels ? at(cell, channels + c) : 0)).reduce(
        (a, b) => a + b,
        0,
      ) / cells,
  );
  let total = 0;
  for (let cell = 0; cell < cells; cell++) {
    if (!counts(cell)) continue;
    for (let c = 0; c < channels; c++) {
      const byte = bytes[cell * channels + c]!;
      if (kind === "bernoulli") total += (byte / 255) * at(cell, c) - softplusAt(at(cell, c));
      else if (kind === "channel") total += logNormalAt(byte / 255, at(cell, c), bounded(shared[c]!));
      else if (kind === "pixel") total += logNormalAt(byte / 255, at(cell, c), bounded(at(cell, channels + c)));
      else {
        const own = [0, 1, 2].flatMap((s) => [0, 1].map((k) => at(cell, (s * channels + c) * 2 + k)));
        total += logLogisticLevelAt(byte, own);
      }
    }
  }
  return total;
}

for (const kind of ["channel", "pixel", "logistic"]) {
  modalityContract(`image, ${kind}`, () => {
    const modality = imageWith(options[kind]);
    const size = modality.parameterShape.reduce((a, b) => a * b, 1);
    return {
      modality,
      samples: photos,
      parametersFor: ({ arrays }) => Float32Array.from(makers[kind]!(arrays.pixels!, 3)),
      expectSame: (decoded, sample) => {
        const [a, b] = [(decoded.photo as Image).pixels, (sample.photo as Image).pixels];
        // The mean of a clipped logistic lies a little inside the range.
        expect(a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0)).toBeLessThanOrEqual(
          kind === "logistic" ? 2 : 0,
        );
      },
      densityAt: (parameters, { arrays }, row) =>
        densityAt(
          kind,
          parameters.subarray(row * size, (row + 1) * size),
          arrays.pixels!.subarray(row * 72, (row + 1) * 72),
          3,
        ),
    };
  });
}

for (const kind of ["bernoulli", "channel", "logistic"]) {
  modalityContract(`audio of variable length, ${kind}`, () => {
    const modality = audioWith({ length: "variable", ...options[kind] });
    const each = modality.parameterShape[2]!;
    const framesOf = ({ arrays }: Encoded, row: number) => ones(arrays.extent!.subarray(row * 16, (row + 1) * 16));
    return {
      modality,
      samples: calls,
      parametersFor: (encoded) => {
        const rows = Array.from({ length: encoded.rows }, (_, row) => {
          const bytes = encoded.arrays.spectrogram!.subarray(row * 128, (row + 1) * 128);
          return Array.from({ length: 16 }, (_f, frame) => {
            const values = makers[kind]!(bytes.subarray(frame * 8, (frame + 1) * 8), 1);
            const goesOn = frame + 1 < framesOf(encoded, row) ? 12 : -12;
            return [...values, ...Array.from({ length: each }, (_e, i) => (i === 0 ? goesOn : -3))];
          });
        });
        return Float32Array.from(rows.flat(2));
      },
      expectSame: (decoded, sample) => {
        const [now, before] = [decoded.call as Sound, sample.call as Sound];
        expect(now.rate).toBe(rate);
        expect(now.samples).toHaveLength(Math.min(16 * 64, 64 * Math.ceil(before.samples.length / 64)));
      },
      densityAt: (parameters, encoded, row) => {
        const own = parameters.subarray(row * 16 * 9 * each, (row + 1) * 16 * 9 * each);
        const frames = framesOf(encoded, row);
        const values: number[] = [];
        const logits: number[] = [];
        for (let frame = 0; frame < 16; frame++) {
          values.push(...own.subarray(frame * 9 * each, (frame * 9 + 8) * each));
          logits.push(own[(frame * 9 + 8) * each]!);
        }
        const bytes = encoded.arrays.spectrogram!.subarray(row * 128, (row + 1) * 128);
        let total = densityAt(kind, values, bytes, 1, (cell) => cell < 8 * frames);
        for (let frame = 0; frame < frames && frame < 15; frame++)
          total -= softplusAt(frame + 1 < frames ? -logits[frame]! : logits[frame]!);
        return total;
      },
    };
  });
}

describe("ONNX Runtime computes what float64 does", () => {
  it.each(Object.keys(options))("image, %s", async (kind) => {
    const modality = imageWith(options[kind]);
    await checkModality(runtime, modality, modality.encode(photos), drawParameters(modality, photos.length));
  });

  it.each(
    Object.keys(options).flatMap(
      (kind) =>
        [
          [kind, "fixed"],
          [kind, "variable"],
        ] as const,
    ),
  )("audio, %s, %s length", async (kind, length) => {
    const modality = audioWith({ length, ...options[kind] });
    await checkModality(runtime, modality, modality.encode(calls), drawParameters(modality, calls.length));
  });
});

describe("discretised logistic mixture on numbers", () => {
  const raw = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 9, maxLength: 9 });

  it("is a distribution over the 256 levels, whose mean and mode are those given", () => {
    fc.assert(
      fc.property(raw, (own) => {
        const levels = Array.from({ length: 256 }, (_, level) => Math.exp(logLogisticLevelAt(level, own)));
        expect(levels.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
        expect(logisticMean(own)).toBeCloseTo(
          levels.reduce((sum, p, level) => sum + (p * level) / 255, 0),
          2,
        );
        const mode = Math.round(255 * logisticMode(own));
        expect(levels[mode]!).toBeGreaterThan(0.8 * Math.max(...levels));
      }),
      { numRuns: 50 },
    );
  });

  it("draws what it says", () => {
    const own = [0, 1, -2, 0.1, -0.4, 0.8, -1, -2, 0];
    const draw = random(4, "levels");
    const draws = Array.from({ length: 4000 }, () => sampleLogisticLevel(own, draw));
    expect(draws.reduce((a, b) => a + b, 0) / draws.length).toBeCloseTo(logisticMean(own), 1);
    expect(draws.every((x) => Number.isInteger(Math.round(x * 255 * 1e6) / 1e6))).toBe(true);
  });
});

describe("what comes back", () => {
  it("is the picture that went in, whatever its size and channels", () => {
    const pictures = fc.record({
      width: fc.integer({ min: 1, max: 40 }),
      height: fc.integer({ min: 1, max: 40 }),
      channels: fc.constantFrom(1 as const, 3 as const),
      kind: fc.constantFrom("bernoulli", "channel", "pixel"),
    });
    fc.assert(
      fc.property(pictures, ({ width, height, channels, kind }) => {
        const photo = picture(width, height, channels);
        const request = planImage("photo", [{ width, height, channels }], options[kind])!;
        const modality = fitImage("photo", request, [{ photo }], { channels, ...options[kind] })!;
        const { pixels } = modality.encode([{ photo }]).arrays;
        const [back] = modality.decode(Float32Array.from(makers[kind]!(pixels!, channels)), 1);
        expect(back!.photo).toEqual(photo);
      }),
      { numRuns: 40 },
    );
  });

  it("is a sound of the clip's length and rate, whatever they are", () => {
    const sounds = fc.record({
      from: fc.constantFrom(4000, 8000, 11_025, 22_050),
      seconds: fc.double({ min: 0.002, max: 0.6, noNaN: true }),
      length: fc.constantFrom("fixed", "variable"),
    });
    fc.assert(
      fc.property(sounds, ({ from, seconds, length }) => {
        const samples = Float32Array.from({ length: Math.max(1, Math.round(seconds * from)) }, (_, i) =>
          Math.sin(i / 5),
        );
        const call: Sound = { rate: from, samples, fileRate: from };
        const given = { mels: 8, rate: 4000, length };
        const request = planSound("call", [{ rate: from, seconds }], given)!;
        const modality = fitAudio("call", request, [{ call }], given)!;
        const encoded = modality.encode([{ call }]);
        const frames = modality.featureShape[0]!;
        const parameters = drawParameters(modality, 1);
        if (length === "variable") {
          const own = ones(encoded.arrays.extent!);
          for (let f = 0; f < frames; f++) parameters[(f * 9 + 8) * 1] = f + 1 < own ? 20 : -20;
          expect(Math.abs(own * 64 - samples.length * (4000 / from))).toBeLessThanOrEqual(64);
        }
        const back = modality.decode(parameters, 1)[0]!.call as Sound;
        expect(back.rate).toBe(from);
        const expected = length === "fixed" ? (frames * 64) / 4000 : Math.max(seconds, 64 / 4000);
        expect(Math.abs(back.samples.length / back.rate - expected)).toBeLessThanOrEqual(64 / 4000 + 2 / from);
        expect(back.samples.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it("is drawn value by value only where a column asks for it", () => {
    for (const [answer, isDrawn] of [
      ["mean", false],
      ["sample", true],
    ] as const) {
      const modality = imageWith({ likelihood: "gaussian", answer });
      const parameters = drawParameters(modality, 1, 0.3);
      const [a, b] = [1, 2].map((seed) => modality.decode(parameters, 1, random(seed))[0]!.photo as Image);
      expect(Buffer.compare(a!.pixels, b!.pixels) !== 0).toBe(isDrawn);
      expect(modality.decode(parameters, 1)).toEqual(modality.decode(parameters, 1));
    }
  });

  it("has the length whose chance is one half, and draws around it", () => {
    const logits = Float32Array.from({ length: 32 }, () => Math.log(9));
    expect(framesFrom(logits)).toBe(7);
    const draw = random(2, "lengths");
    const drawn = Array.from({ length: 3000 }, () => framesFrom(logits, draw));
    // A geometric length with a chance of 0.1 to end after each frame, cut at 32: mean (1 - 0.9³²) / 0.1.
    expect(drawn.reduce((a, b) => a + b, 0) / drawn.length).toBeCloseTo((1 - 0.9 ** 32) / 0.1, 0);
  });
});
