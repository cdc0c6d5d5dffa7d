import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Sound, Values } from "../data/records.ts";
import { resample } from "../data/resample.ts";
import { fitAudio, planSound } from "./audio.ts";
import { soundFromSpectrogram } from "./griffin-lim.ts";
import { softplusAt } from "./likelihoods/likelihood.ts";
import type { Modality } from "./modality.ts";
import { openModality } from "./open-modality.ts";
import { fixLength, hann, melFilters, shortTimeTransform } from "./spectrogram.ts";
import { modalityContract } from "./testing/modality-contract.ts";

const rate = 4000;
/** A tone whose frequency climbs, within a bell. */
const chirp = (seconds: number, from: number, to: number): Sound => ({
  rate,
  samples: Float32Array.from({ length: Math.round(seconds * rate) }, (_, i) => {
    const t = i / rate;
    const bell = Math.sin((Math.PI * t) / seconds) ** 2;
    return 0.4 * bell * Math.sin(2 * Math.PI * (from * t + (0.5 * (to - from) * t * t) / seconds));
  }),
});

const probeOf = (sound: Sound) => ({ rate: sound.rate, seconds: sound.samples.length / sound.rate });
function fitted(sounds: readonly Sound[], options: unknown = {}): Modality {
  const request = planSound("call", sounds.map(probeOf), options)!;
  return fitAudio(
    "call",
    request,
    sounds.map((call) => ({ call })),
    options,
  )!;
}

const logit = (byte: number) => {
  const p = Math.min(Math.max(byte / 255, 1e-6), 1 - 1e-6);
  return Math.log(p / (1 - p));
};

/** Mean |difference| of spectrograms (0..1) after the way there and back, and of a constant guess. */
function roundTrip(modality: Modality, samples: readonly Values[]): { error: number; constant: number } {
  const { spectrogram } = modality.encode(samples).arrays;
  const bytes = spectrogram as Uint8Array;
  const back = modality.decode(Float32Array.from(bytes, logit), samples.length);
  const again = modality.encode(back).arrays.spectrogram!;
  const mean = bytes.reduce((a, b) => a + b, 0) / bytes.length;
  const average = (f: (i: number) => number) => bytes.reduce((sum, _, i) => sum + f(i), 0) / bytes.length / 255;
  return {
    error: average((i) => Math.abs(bytes[i]! - again[i]!)),
    constant: average((i) => Math.abs(bytes[i]! - mean)),
  };
}

const chirps = [chirp(0.5, 200, 1500), chirp(0.4, 1200, 300)];

modalityContract("audio", () => {
  const samples = chirps.map((call) => ({ call }));
  const modality = fitted(chirps, { mels: 8, frames: 8 });
  return {
    modality,
    samples,
    parametersFor: ({ arrays }) => Float32Array.from(arrays.spectrogram!, logit),
    expectSame(decoded, sample) {
      const [now, before] = [decoded.call as Sound, sample.call as Sound];
      expect(now.rate).toBe(before.rate);
      expect(now.samples).toHaveLength(8 * 64);
      expect(now.samples.reduce((a, b) => Math.max(a, Math.abs(b)), 0)).toBeCloseTo(0.9, 5);
    },
    densityAt: (parameters, { arrays }, row) => {
      let sum = 0;
      for (let i = row * 64; i < (row + 1) * 64; i++)
        sum += (arrays.spectrogram![i]! / 255) * parameters[i]! - softplusAt(parameters[i]!);
      return sum;
    },
  };
});

describe("audio", () => {
  it("chooses rate, window and length from the sample", () => {
    expect(fitted(chirps).state).toMatchObject({ rate: 4000, window: 256, hop: 64, frames: 32, mels: 40 });
    const probes = [{ rate: 44_100, seconds: 30 }];
    expect(planSound("call", probes, {})).toEqual({ media: "sound", rate: 16_000, maxSeconds: 8.192 });
    expect(planSound("call", [], {})).toBeUndefined();
  });

  it("comes back from a chirp's spectrogram close to where it was", () => {
    const { error, constant } = roundTrip(fitted(chirps), [{ call: chirps[0]! }]);
    // Measured .0074 of the range; a constant guess is off by .141.
    expect(error).toBeLessThan(0.04);
    expect(constant).toBeGreaterThan(0.1);
  });

  it("gives the same samples each time, and silence for silence", () => {
    const modality = fitted(chirps);
    const parameters = Float32Array.from(modality.encode([{ call: chirps[0]! }]).arrays.spectrogram!, logit);
    expect(modality.decode(parameters, 1)).toEqual(modality.decode(parameters, 1));
    const settings = modality.state as unknown as Parameters<typeof soundFromSpectrogram>[1];
    expect(soundFromSpectrogram(new Uint8Array(32 * 40), settings).every((x) => x === 0)).toBe(true);
  });

  it("takes a sound without samples as missing, and silence as a sound", () => {
    const { present, arrays } = fitted(chirps).encode([
      { call: { rate, samples: new Float32Array(0) } },
      { call: { rate, samples: new Float32Array(900) } },
    ]);
    expect([...present]).toEqual([0, 1]);
    expect(arrays.spectrogram!.every((x) => x === 0)).toBe(true);
  });

  it("takes a sound of another rate for the same", () => {
    const modality = fitted(chirps);
    const fast = { rate: 8000, samples: resample(chirps[0]!.samples, rate, 8000) };
    const [a, b] = [chirps[0]!, fast].map((call) => modality.encode([{ call }]).arrays.spectrogram as Uint8Array);
    const worst = a!.reduce((most, value, i) => Math.max(most, value < 60 ? 0 : Math.abs(value - b![i]!)), 0);
    expect(worst).toBeLessThan(12);
  });

  it("keeps the phases of the clip that it is made after", () => {
    const modality = fitted(chirps);
    const given = { call: chirps[0]! };
    const parameters = Float32Array.from(modality.encode([given]).arrays.spectrogram!, logit);
    const sampleOf = (like?: Values[]) => (modality.decode(parameters, 1, undefined, like)[0]!.call as Sound).samples;
    const truth = fixLength(given.call.samples, 32 * 64);
    const likeness = (x: Float32Array) => {
      const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
      return dot(x, truth) / Math.sqrt(dot(x, x) * dot(truth, truth));
    };
    expect(likeness(sampleOf([given]))).toBeGreaterThan(0.9);
    // Without them the spectrum is right and the wave is another.
    expect(Math.abs(likeness(sampleOf()))).toBeLessThan(0.9);
  });

  it("says how much is lost between spectrogram and sound", () => {
    const modality = fitted(chirps);
    const [error, silence] = modality.inversionErrors!(
      modality.encode([{ call: chirps[0]! }, { call: { rate, samples: new Float32Array(900) } }]),
    );
    expect(error).toBeLessThan(-12);
    expect(silence).toBe(Number.NEGATIVE_INFINITY);
  });

  it("gives sounds back at the rate of the files", () => {
    const files = chirps.map((call) => ({ ...call, fileRate: 11_025 }));
    const modality = fitted(files);
    const [values] = modality.decode(
      Float32Array.from(modality.encode([{ call: files[0]! }]).arrays.spectrogram!, logit),
      1,
    );
    const { rate: given, samples } = values!.call as Sound;
    expect([given, samples.length]).toEqual([11_025, Math.round((32 * 64 * 11_025) / rate)]);
  });

  it("names what is wrong with an option", () => {
    expect(() => planSound("call", [{ rate, seconds: 1 }], { window: 300 })).toThrow(/window: must be a power of two/);
    expect(() => planSound("call", [{ rate, seconds: 1 }], { lowestHz: 3000 })).toThrow(/half the rate/);
    expect(() => planSound("call", [{ rate, seconds: 1 }], { window: 256, hop: 200 })).toThrow(/hop: needs `window`/);
  });
});

describe("spectrogram", () => {
  it("crops and pads around the centre, at peak 1", () => {
    expect([...fixLength(Float32Array.of(1, 2, 4), 6)]).toEqual([0, 0.25, 0.5, 1, 0, 0]);
    expect([...fixLength(Float32Array.of(1, 2, 4, 2, 1), 2)]).toEqual([0.5, 1]);
  });

  it("transforms two frames at once, and back exactly", () => {
    const settings = { rate, window: 64, hop: 16, frames: 8, mels: 8, lowestHz: 60, ceiling: 0 };
    const { forward, inverse } = shortTimeTransform(settings);
    const samples = Float32Array.from({ length: 128 }, (_, i) => Math.sin(i * i * 0.01));
    const spectrum = forward(samples);
    // Frame 3 by the definition
    const window = hann(64);
    for (const bin of [0, 5, 32]) {
      let [re, im] = [0, 0];
      for (let n = 0; n < 64; n++) {
        const x = window[n]! * (samples[3 * 16 - 24 + n] ?? 0);
        re += x * Math.cos((2 * Math.PI * bin * n) / 64);
        im -= x * Math.sin((2 * Math.PI * bin * n) / 64);
      }
      expect(spectrum[2 * (3 * 33 + bin)]).toBeCloseTo(re, 8);
      expect(spectrum[2 * (3 * 33 + bin) + 1]).toBeCloseTo(im, 8);
    }
    inverse(spectrum).forEach((x, i) => {
      expect(x).toBeCloseTo(samples[i]!, 6);
    });
  });

  const filterFile = "../shared/bench/digits/mel_filterbank.npy";
  it.skipIf(!existsSync(filterFile))(`has the benchmark's mel filters (skipped without ${filterFile})`, () => {
    const bytes = readFileSync(filterFile);
    const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset + bytes.length - 32 * 257 * 4));
    const settings = { rate: 8000, window: 512, hop: 128, frames: 8, mels: 32, lowestHz: 60, ceiling: 0 };
    const dense = new Float32Array(32 * 257);
    melFilters(settings).forEach(({ start, weights }, m) => {
      dense.set(weights, m * 257 + start);
    });
    values.forEach((value, i) => {
      expect(Math.abs(dense[i]! - value)).toBeLessThan(1e-5);
    });
  });
});

const folder = "../shared/data/fsdd/recordings";
const benchmarkFile = "../shared/bench/digits/clips_mel.npy";
describe.skipIf(!existsSync(folder))(`spoken digits (skipped without ${folder})`, () => {
  /** 16-bit mono WAV. */
  const readWave = (file: string): Sound => {
    const bytes = readFileSync(`${folder}/${file}`);
    const start = bytes.indexOf("data") + 8;
    const count = bytes.readUInt32LE(start - 4) / 2;
    const samples = Float32Array.from({ length: count }, (_, i) => bytes.readInt16LE(start + 2 * i) / 32_768);
    return { rate: bytes.readUInt32LE(24), samples };
  };

  it("come back from their spectrograms close to where they were", () => {
    const files = readdirSync(folder).filter((file) => file.endsWith(".wav"));
    const sounds = files.filter((_, i) => i % 100 === 0).map(readWave);
    const { error, constant } = roundTrip(
      fitted(sounds),
      sounds.slice(0, 12).map((call) => ({ call })),
    );
    // Measured .0136 of the range on these clips; a constant guess is off by .169.
    expect(error).toBeLessThan(0.025);
    expect(constant).toBeGreaterThan(0.15);
  });

  it.skipIf(!existsSync(benchmarkFile))(`become the benchmark's arrays (skipped without ${benchmarkFile})`, () => {
    const files = readdirSync(folder).filter((file) => file.endsWith(".wav"));
    const clips = files.sort().slice(0, 5);
    const sounds = clips.map(readWave);
    const options = { window: 512, hop: 256, frames: 32, mels: 32 };
    const state = { ...fitted(sounds, options).state, ceiling: -1.415907061176441 };
    const { spectrogram } = openModality(state).encode(sounds.map((call) => ({ call }))).arrays;
    const bytes = readFileSync(benchmarkFile);
    const stored = bytes.subarray(bytes.length - 3000 * 1024);
    let worst = 0;
    clips.forEach((_, clip) => {
      for (let band = 0; band < 32; band++)
        for (let frame = 0; frame < 32; frame++) {
          const theirs = stored[clip * 1024 + band * 32 + frame]!;
          worst = Math.max(worst, Math.abs(spectrogram![clip * 1024 + frame * 32 + band]! - theirs));
        }
    });
    expect(worst).toBeLessThanOrEqual(1);
  });
});
