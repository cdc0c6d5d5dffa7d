/**
 * @file From a log-mel spectrogram back to samples. In: 8-bit values [frames, mels]. Out: a clip that sounds like it.
 * The mel bands are spread over frequency bins by non-negative least squares (multiplicative updates, Lee & Seung 2001),
 * the phases found by the fast Griffin-Lim algorithm (Perraudin, Balazs & Søndergaard 2013, momentum 0.99).
 */
import { random } from "../engine/random.ts";
import {
  epsilon,
  type Filter,
  floor,
  type SpectrogramSettings,
  type SpectrogramTools,
  type Spectrum,
  spectrogramTools,
  underFilter,
} from "./spectrogram.ts";

const momentum = 0.99;
const phaseRounds = 60;
const spreadRounds = 30;
/** The clip's peak: the level of the original is not in the spectrogram. */
const peakLevel = 0.9;

export interface InversionOptions {
  readonly tools?: SpectrogramTools;
  /** Samples of a clip whose phases the sound starts from, where a given clip is made anew; else they are drawn. */
  readonly phases?: Float32Array | undefined;
  readonly seed?: number;
}

/** Deterministic: the same values, phases and seed give the same samples. */
export function soundFromSpectrogram(
  bytes: Uint8Array,
  settings: SpectrogramSettings,
  { tools = spectrogramTools(settings), phases, seed = 0 }: InversionOptions = {},
): Float32Array {
  const magnitude = magnitudes(bytes, settings, tools);
  const start = phases ? tools.transform.forward(phases) : drawnPhases(magnitude.length, settings, seed);
  const samples = findPhases(magnitude, tools, start);
  const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return Float32Array.from(samples, (x) => (peak > 0 ? (x * peakLevel) / peak : 0));
}

/**
 * Spectral convergence in dB (Sturmel & Daudet 2011, eq. 8): 20 log₁₀ ‖|X| − S‖ / ‖S‖, where S are the magnitudes asked for and X
 * the transform of the samples found. -Infinity for silence.
 */
export function spectralConvergence(
  bytes: Uint8Array,
  settings: SpectrogramSettings,
  tools: SpectrogramTools = spectrogramTools(settings),
): number {
  const magnitude = magnitudes(bytes, settings, tools);
  const found = tools.transform.forward(findPhases(magnitude, tools, drawnPhases(magnitude.length, settings, 0)));
  let [errors, total] = [0, 0];
  for (let i = 0; i < magnitude.length; i++) {
    errors += (Math.hypot(found[2 * i]!, found[2 * i + 1]!) - magnitude[i]!) ** 2;
    total += magnitude[i]! ** 2;
  }
  return total > 0 ? 10 * Math.log10(errors / total) : Number.NEGATIVE_INFINITY;
}

/** |spectrum| of every frame, [frames, bins]: p ≥ 0 with filters · p ≈ mel power, scaled back by the window's sum. */
function magnitudes(bytes: Uint8Array, { frames, mels, ceiling }: SpectrogramSettings, tools: SpectrogramTools) {
  const { filters, bins, gain } = tools;
  const result = new Float64Array(frames * bins);
  for (let frame = 0; frame < frames; frame++) {
    const power = Float64Array.from(bytes.subarray(frame * mels, (frame + 1) * mels), (byte) =>
      Math.max(0, 10 ** (floor + (byte / 255) * (ceiling - floor)) - epsilon),
    );
    const spread = spreadOverBins(power, filters, bins);
    for (let bin = 0; bin < bins; bin++) result[frame * bins + bin] = gain * Math.sqrt(spread[bin]!);
  }
  return result;
}

/** p ← p · (Fᵀ m) / (Fᵀ F p), from the flat spectrum within each band: stays non-negative, the residual never grows. */
function spreadOverBins(power: Float64Array, filters: readonly Filter[], bins: number): Float64Array {
  const target = transposed(power, filters, bins);
  const spread = target.slice();
  for (let round = 0; round < spreadRounds; round++) {
    const bands = Float64Array.from(filters, (filter) => underFilter(filter, spread));
    const now = transposed(bands, filters, bins);
    for (let bin = 0; bin < bins; bin++) if (now[bin]! > 0) spread[bin]! *= target[bin]! / now[bin]!;
  }
  return spread;
}

function transposed(bands: Float64Array, filters: readonly Filter[], bins: number): Float64Array {
  const result = new Float64Array(bins);
  filters.forEach(({ start, weights }, m) => {
    const band = bands[m]!;
    for (let i = 0; i < weights.length; i++) result[start + i]! += weights[i]! * band;
  });
  return result;
}

function drawnPhases(bins: number, { rate }: SpectrogramSettings, seed: number): Spectrum {
  const rng = random(seed, `griffin-lim ${rate}`);
  const start: Spectrum = new Float64Array(2 * bins);
  for (let i = 0; i < bins; i++) {
    const phase = 2 * Math.PI * rng.uniform();
    start[2 * i] = Math.cos(phase);
    start[2 * i + 1] = Math.sin(phase);
  }
  return start;
}

/** Alternates between spectra of this magnitude and spectra that some signal has, with momentum between the rounds. */
function findPhases(magnitude: Float64Array, { transform }: SpectrogramTools, start: Spectrum): Float64Array {
  let guess = start;
  let before: Spectrum | undefined;
  for (let round = 0; round < phaseRounds; round++) {
    const consistent = transform.forward(transform.inverse(imposeMagnitude(guess, magnitude)));
    const last = before;
    guess = last ? consistent.map((x, i) => x + momentum * (x - last[i]!)) : consistent;
    before = consistent;
  }
  return transform.inverse(imposeMagnitude(guess, magnitude));
}

/** Each bin with the given magnitude and its own phase. */
function imposeMagnitude(spectrum: Spectrum, magnitude: Float64Array): Spectrum {
  const result = new Float64Array(spectrum.length);
  for (let i = 0; i < magnitude.length; i++) {
    const size = Math.sqrt(spectrum[2 * i]! ** 2 + spectrum[2 * i + 1]! ** 2);
    const scale = size > 0 ? magnitude[i]! / size : 0;
    result[2 * i] = spectrum[2 * i]! * scale;
    result[2 * i + 1] = spectrum[2 * i + 1]! * scale;
  }
  return result;
}
