/**
 * @file The audio modality. In: decoded sounds of one rate. Out: `spectrogram` uint8 [frames, mels, 1] (spectrogram.ts says how),
 * and playable sounds back by Griffin-Lim. Level and what lies beyond the clip's length are not kept.
 * Defaults: the sample's commonest rate, at most 16 kHz; the length that 98 % of clips fit in, at most 256 frames;
 * a window near 64 ms; a hop of a quarter of it; 40 mels.
 * The likelihood is Bernoulli on logits, as for pictures: a spectrogram in 0..1 is one, and most of it is silence, which a
 * cross-entropy learns in a few steps; so the two modalities send training signals of the same measure.
 */
import * as z from "zod";
import type { SoundProbe, SoundRequest } from "../data/media.ts";
import type { Sound, Values } from "../data/records.ts";
import { ascending, quantile } from "./columns/scaling.ts";
import { soundFromSpectrogram } from "./griffin-lim.ts";
import { complete, type Encoded, type Modality, type ModalityKind, type ModalityState } from "./modality.ts";
import { readOptions, readState } from "./options.ts";
import { pixelFeatures, pixelLogLikelihood, pixelMeans, pixelMoments, pixelOptions, pixelState } from "./pixels.ts";
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
  const { mels, lowestHz, likelihood, deviation } = chosen;
  const frame = framing(rate, chosen.seconds ?? maxSeconds / 2, chosen);
  const settings = { rate, ...frame, mels, lowestHz, ceiling: 0 };
  const tools = spectrogramTools(settings);
  const spectra = sounds.map(({ samples }) => logMel(fixLength(samples, clipLength(settings)), settings, tools));
  const ceiling = Math.max(loudest(spectra), floor + 1);
  const moments = pixelMoments(spectra.map((spectrum) => quantise(spectrum, ceiling)));
  return openAudio({ kind: "audio", name, ...settings, ceiling, likelihood, deviation, ...moments });
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

/** Share of the length by which a sound may come sooner or later; along the mels, one band up or down. */
const largestDelay = 0.1;

export function openAudio(stored: ModalityState): Modality {
  const state = readState(audioState, stored, stored.name);
  const { name, rate, frames, mels } = state;
  const settings: SpectrogramSettings = state;
  const tools = spectrogramTools(settings);
  const shape = [frames, mels, 1];
  const size = frames * mels;
  const length = clipLength(settings);
  return {
    name,
    columns: [name],
    state,
    media: { [name]: { media: "sound", rate, maxSeconds: (2 * length) / rate } },
    arrays: { spectrogram: { shape, type: "uint8" } },
    featureShape: shape,
    parameterShape: shape,
    gridAxes: 2,
    eventSize: size,
    features: ({ spectrogram }) => pixelFeatures(spectrogram!, state),
    logLikelihood: (parameters, { spectrogram }) => pixelLogLikelihood(parameters, spectrogram!, state),
    encode(rows): Encoded {
      const spectrogram = new Uint8Array(rows.length * size);
      const present = new Uint8Array(rows.length);
      rows.forEach((row, i) => {
        const sound = row[name];
        if (!isSound(sound)) return;
        if (sound.rate !== rate) throw rateError(name, sound.rate, rate);
        const spectrum = logMel(fixLength(sound.samples, length), settings, tools);
        spectrogram.set(quantise(spectrum, state.ceiling), i * size);
        present[i] = 1;
      });
      return { rows: rows.length, arrays: { spectrogram }, present, issues: [] };
    },
    augment: ({ spectrogram }, rows, random) => ({
      spectrogram: shiftGrids(
        spectrogram as Uint8Array,
        rows,
        { shape, reach: [Math.round(largestDelay * shape[0]!), 1] },
        random,
      ),
    }),
    typical: (parameters, rows) => complete(rows, { spectrogram: pixelMeans(parameters, state) }),
    decode(parameters, rows) {
      const bytes = pixelMeans(parameters, state);
      const sound = (row: number): Sound => ({
        rate,
        samples: soundFromSpectrogram(bytes.subarray(row * size, (row + 1) * size), settings, tools),
      });
      return Array.from({ length: rows }, (_, row) => ({ [name]: sound(row) }));
    },
  };
}

const rateError = (name: string, received: number, rate: number) =>
  new Error(
    `Cannot build batch for "${name}": expected a sound at ${rate} Hz, received ${received} Hz. Decode it as the modality's \`media\` request says.`,
  );

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
