/**
 * @file The audio modality. In: decoded sounds. Out: `spectrogram` uint8 [frames, mels, 1] (spectrogram.ts says how), and playable
 * sounds back by Griffin-Lim, at the files' own rate. Level and phases are not kept, nor is what lies above half the rate worked at.
 * `length: fixed` pads shorter clips with silence on both sides; `variable` starts them at the first frame, marks their frames in
 * `extent`, learns how long they are (clip-length.ts) and gives clips of that length back.
 * Defaults: the sample's commonest rate, at most 16 kHz; the length that 98 % of clips fit in, at most 256 frames;
 * a window near 64 ms; a hop of a quarter of it; 40 mels.
 * The likelihood is Bernoulli on logits, as for pictures: a spectrogram in 0..1 is one, and most of it is silence, which a
 * cross-entropy learns in a few steps; so the two modalities send training signals of the same measure.
 */
import * as z from "zod";
import type { SoundProbe, SoundRequest } from "../data/media.ts";
import type { Sound, Values } from "../data/records.ts";
import { resample } from "../data/resample.ts";
import { add, cast, concat, constant, mul, reshape, slice } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";
import { framesFrom, logLength } from "./clip-length.ts";
import { ascending, quantile } from "./columns/scaling.ts";
import { soundFromSpectrogram, spectralConvergence } from "./griffin-lim.ts";
import { gridMarks } from "./marks.ts";
import { complete, type Encoded, type Modality, type ModalityKind, type ModalityState } from "./modality.ts";
import { readOptions, readState } from "./options.ts";
import {
  parametersPerValue,
  pixelAnswers,
  pixelChoices,
  pixelFeatures,
  pixelLogLikelihood,
  pixelMoments,
  pixelOptions,
  pixelState,
} from "./pixels.ts";
import { shiftGrids } from "./shift.ts";
import {
  clipLength,
  fixLength,
  floor,
  logMel,
  quantise,
  type SpectrogramSettings,
  spectrogramTools,
} from "./spectrogram.ts";

const soundChanges = z.union([
  z.literal("none"),
  z.strictObject({
    /** Share of the length by which a sound may come sooner or later; of clips of fixed length only. */
    delay: z.number().min(0).max(0.5).default(0.1),
    /** Mel bands by which it may lie higher or lower. */
    bands: z.int().min(0).max(16).default(1),
  }),
]);
const multipleOf = (step: number) => z.int().positive().multipleOf(step);
const fields = z.strictObject({
  rate: z.int().min(1000).max(192_000).optional(),
  seconds: z.number().min(0.05).max(60).optional(),
  frames: multipleOf(8).max(4096).optional(),
  mels: multipleOf(8).max(256).default(40),
  /** Samples of one frame, a power of two. */
  window: z
    .int()
    .min(64)
    .max(16_384)
    .refine((size) => Number.isInteger(Math.log2(size)), "must be a power of two")
    .optional(),
  /** Samples from frame to frame: a quarter of the window unless said otherwise. */
  hop: multipleOf(2).max(8192).optional(),
  lowestHz: z.number().min(0).max(20_000).default(60),
  length: z.enum(["fixed", "variable"]).default("fixed"),
  augmentation: soundChanges.prefault({}),
  ...pixelOptions,
});
const options = fields.refine(({ window, hop }) => hop === undefined || (window !== undefined && 2 * hop <= window), {
  path: ["hop"],
  message: "needs `window` beside it, and may be at most half of it: frames must overlap for the sound to come back",
});
const audioState = z.object({
  kind: z.literal("audio"),
  name: z.string(),
  rate: z.number().positive(),
  window: z.int().positive(),
  hop: z.int().positive(),
  frames: z.int().positive().multipleOf(2),
  mels: z.int().positive(),
  lowestHz: z.number(),
  ceiling: z.number(),
  length: z.enum(["fixed", "variable"]).default("fixed"),
  augmentation: soundChanges.default({ delay: 0.1, bands: 1 }),
  /** Logit of going on before anything is learnt, so that clips start from their mean length. */
  goesOn: z.number().default(0),
  /** Of the sounds given back; the rate worked at where it is absent. */
  outputRate: z.number().positive().optional(),
  ...pixelState,
});

const highestRate = 16_000;
const windowSeconds = 0.064;
const frameStep = 8;
const mostFrames = 256;
const share = 0.98;

/** How the column's files must be decoded, judged by rates and lengths of a sample; undefined where none could be read. */
export function planSound(name: string, probes: readonly SoundProbe[], given: unknown): SoundRequest | undefined {
  if (probes.length === 0) return undefined;
  const chosen = readOptions(options, given, name);
  const rate = chosen.rate ?? Math.min(commonest(probes.map((probe) => probe.rate)), highestRate);
  if (chosen.lowestHz >= rate / 2)
    throw new Error(
      `Cannot use the options of column "${name}": expected lowestHz below half the rate (${rate / 2}), received ${chosen.lowestHz}. Lower it in the config under columns.${name}.options.`,
    );
  const seconds = chosen.seconds ?? quantile(ascending(probes.map((probe) => probe.seconds)), share);
  const { frames, hop } = framing(rate, seconds, chosen);
  // Twice the length, so that the centre of a longer clip is found.
  return { media: "sound", rate, maxSeconds: (2 * frames * hop) / rate };
}

function commonest(rates: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const rate of rates) counts.set(rate, (counts.get(rate) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]![0];
}

/** Frames are a multiple of 8: strided networks halve them three times. */
function framing(rate: number, seconds: number, chosen: z.output<typeof options>) {
  const window = chosen.window ?? 2 ** Math.max(6, Math.round(Math.log2(rate * windowSeconds)));
  const hop = chosen.hop ?? window / 4;
  const needed = frameStep * Math.max(1, Math.ceil(Number(((seconds * rate) / hop / frameStep).toFixed(6))));
  return { window, hop, frames: chosen.frames ?? (chosen.seconds ? needed : Math.min(needed, mostFrames)) };
}

const isSound = (value: Values[string] | undefined): value is Sound =>
  typeof value === "object" && value !== null && "samples" in value && value.samples.length > 0;

/** Clips enough for a percentile: fitting reads no more. */
const clipsFitted = 1000;

/** Fits the scale on sounds decoded as `request` asks; null where the sample holds none. */
export function fitAudio(
  name: string,
  request: SoundRequest,
  sample: readonly Values[],
  given: unknown,
): Modality | null {
  const chosen = readOptions(options, given, name);
  const sounds = sample
    .map((row) => row[name])
    .filter(isSound)
    .slice(0, clipsFitted);
  if (sounds.length === 0) return null;
  const { rate, maxSeconds } = request;
  const { mels, lowestHz, length, augmentation } = chosen;
  const frame = framing(rate, chosen.seconds ?? maxSeconds / 2, chosen);
  const settings = { rate, ...frame, mels, lowestHz, ceiling: 0 };
  const tools = spectrogramTools(settings);
  const clips = sounds.map((sound) => placed(sound, settings, length));
  const spectra = clips.map(({ samples, frames }) => logMel(samples, settings, tools).subarray(0, frames * mels));
  const meanFrames = clips.reduce((sum, { frames }) => sum + frames, 0) / clips.length;
  const ceiling = Math.max(loudest(spectra), floor + 1);
  const moments = pixelMoments(spectra.map((spectrum) => quantise(spectrum, ceiling)));
  const outputRate = commonest(sounds.map((sound) => sound.fileRate ?? sound.rate));
  const choices = { length, goesOn: Math.log(meanFrames), augmentation, outputRate, ...pixelChoices(chosen) };
  return openAudio({ kind: "audio", name, ...settings, ceiling, ...choices, ...moments });
}

/** A sound at the rate and of the length worked at, and the frames that belong to it. */
function placed(sound: Sound, settings: SpectrogramSettings, length: "fixed" | "variable") {
  const samples = resample(sound.samples, sound.rate, settings.rate);
  const whole = clipLength(settings);
  if (length === "fixed") return { samples: fixLength(samples, whole), frames: settings.frames };
  const frames = Math.min(settings.frames, Math.max(1, Math.ceil(samples.length / settings.hop)));
  return { samples: fixLength(samples, whole, "start"), frames };
}

/** 99.9th percentile over all clips. */
function loudest(spectra: readonly Float64Array[]): number {
  const all = new Float64Array(spectra.reduce((size, spectrum) => size + spectrum.length, 0));
  let at = 0;
  for (const spectrum of spectra) {
    all.set(spectrum, at);
    at += spectrum.length;
  }
  return quantile(all.sort(), 0.999);
}

export function openAudio(stored: ModalityState): Modality {
  const state = readState(audioState, stored, stored.name);
  const { name, rate, frames, mels, hop, augmentation, outputRate = rate } = state;
  const settings: SpectrogramSettings = state;
  const tools = spectrogramTools(settings);
  const isVariable = state.length === "variable";
  const size = frames * mels;
  const each = parametersPerValue(state);
  /** Of a clip of variable length, one column beside the mels says in its first number whether the clip goes on. */
  const columns = isVariable ? mels + 1 : mels;

  /** Parameters [rows, frames, mels + 1, each] → those of the values, and the logits of going on. */
  function split(parameters: Float32Array, rows: number) {
    if (!isVariable) return { values: parameters, lengths: Array<undefined>(rows).fill(undefined) };
    const values = new Float32Array(rows * size * each);
    const lengths = Array.from({ length: rows }, () => new Float32Array(frames));
    for (let row = 0; row < rows; row++) {
      for (let frame = 0; frame < frames; frame++) {
        const at = (row * frames + frame) * columns * each;
        values.set(parameters.subarray(at, at + mels * each), (row * frames + frame) * mels * each);
        lengths[row]![frame] = parameters[at + mels * each]! + state.goesOn;
      }
    }
    return { values, lengths };
  }

  function answers(parameters: Float32Array, rows: number, random?: Random) {
    const { values, lengths } = split(parameters, rows);
    const spectrogram = pixelAnswers(values, state, { rows, channels: 1 }, random);
    const extent = new Uint8Array(rows * frames);
    lengths.forEach((logits, row) => {
      const own = logits ? framesFrom(logits, random) : frames;
      extent.fill(1, row * frames, row * frames + own);
      spectrogram.fill(0, row * size + own * mels, (row + 1) * size);
    });
    return { spectrogram, extent };
  }

  const arraysOf = (spectrogram: Uint8Array, extent: Uint8Array): Record<string, Uint8Array> =>
    isVariable ? { spectrogram, extent } : { spectrogram };
  const inside = ({ extent }: Readonly<Record<string, Tensor>>) => cast(extent!);
  const overGrid = (mask: Tensor) => reshape(mask, ["batch", frames, 1, 1]);
  const spread = (mask: Tensor) => mul(overGrid(mask), constant(new Float32Array(mels).fill(1), [1, 1, mels, 1]));
  const bytesOf = (all: Uint8Array, row: number) => all.subarray(row * size, (row + 1) * size);

  return {
    name,
    columns: [name],
    state,
    media: { [name]: { media: "sound", rate, maxSeconds: (2 * clipLength(settings)) / rate } },
    arrays: {
      spectrogram: { shape: [frames, mels, 1], type: "uint8" },
      ...(isVariable && { extent: { shape: [frames], type: "uint8" } as const }),
    },
    featureShape: [frames, mels, isVariable ? 2 : 1],
    parameterShape: [frames, columns, each],
    gridAxes: 2,
    ...(isVariable && { extent: inside }),
    eventSize: size,
    features: (arrays) => {
      const features = pixelFeatures(arrays.spectrogram!, state);
      if (!isVariable) return features;
      // Beyond the end lies the mean, which says nothing, and a second channel that says so.
      const mask = spread(inside(arrays));
      return concat([mul(features, mask), mask], 3);
    },
    logLikelihood: (parameters, arrays) => {
      if (!isVariable) return pixelLogLikelihood(parameters, arrays.spectrogram!, state);
      const extent = inside(arrays);
      const values = slice(parameters, 2, 0, mels);
      const raw = reshape(slice(slice(parameters, 2, mels, columns), 3, 0, 1), ["batch", frames]);
      const logits = add(raw, state.goesOn);
      const within = pixelLogLikelihood(values, arrays.spectrogram!, state, overGrid(extent));
      return add(within, logLength(logits, extent, frames));
    },
    marks: ({ arrays }, row) => gridMarks(bytesOf(arrays.spectrogram as Uint8Array, row), [frames, mels, 1]),
    encode(rows): Encoded {
      const spectrogram = new Uint8Array(rows.length * size);
      const extent = new Uint8Array(rows.length * frames);
      const present = new Uint8Array(rows.length);
      rows.forEach((row, i) => {
        const sound = row[name];
        if (!isSound(sound)) return;
        const clip = placed(sound, settings, state.length);
        const bytes = quantise(logMel(clip.samples, settings, tools), state.ceiling);
        spectrogram.set(bytes.subarray(0, clip.frames * mels), i * size);
        extent.fill(1, i * frames, i * frames + clip.frames);
        present[i] = 1;
      });
      return { rows: rows.length, arrays: arraysOf(spectrogram, extent), present, issues: [] };
    },
    ...(augmentation !== "none" && {
      augment: (arrays, rows, random) => {
        const delay = isVariable ? 0 : Math.round(augmentation.delay * frames);
        const shift = { shape: [frames, mels, 1], reach: [delay, augmentation.bands] } as const;
        return { ...arrays, spectrogram: shiftGrids(arrays.spectrogram as Uint8Array, rows, shift, random) };
      },
    }),
    typical: (parameters, rows) => {
      const { spectrogram, extent } = answers(parameters, rows);
      return complete(rows, arraysOf(spectrogram, extent));
    },
    decode(parameters, rows, random, like) {
      const { spectrogram, extent } = answers(parameters, rows, random);
      return Array.from({ length: rows }, (_, row) => {
        const original = like?.[row]?.[name];
        const phases = isSound(original) ? placed(original, settings, state.length).samples : undefined;
        const own = extent.subarray(row * frames, (row + 1) * frames).reduce((a, b) => a + b, 0);
        const samples = soundFromSpectrogram(bytesOf(spectrogram, row), settings, { tools, phases }).subarray(
          0,
          own * hop,
        );
        return { [name]: { rate: outputRate, samples: resample(samples, rate, outputRate) } };
      });
    },
    inversionErrors: ({ rows, arrays }) =>
      Array.from({ length: rows }, (_, row) =>
        spectralConvergence(bytesOf(arrays.spectrogram as Uint8Array, row), settings, tools),
      ),
  };
}

export const audioKind: ModalityKind = {
  plan: (name, probes, given) =>
    planSound(
      name,
      probes.filter((probe) => "seconds" in probe),
      given,
    ),
  fit: ({ name, request, sample, options: given }) =>
    request?.media === "sound" ? fitAudio(name, request, sample, given) : null,
  open: openAudio,
};
