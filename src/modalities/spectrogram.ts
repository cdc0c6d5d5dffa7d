/**
 * @file Log-mel spectrograms. In: samples of a clip. Out: values in 0..1, [frames, mels], by exactly these steps:
 * 1. Divide by max |x| of the clip (a silent clip stays 0).
 * 2. Length frames x hop: longer clips are cropped at the centre, shorter ones padded with zeros on both sides (the odd one behind);
 *    clips of variable length are padded behind.
 * 3. (window - hop) / 2 zeros at both ends; frame i is `window` samples from i x hop, times a periodic Hann window.
 * 4. Power = |FFT|² / (sum of the window)², bins 0..window/2.
 * 5. Triangular filters of peak 1, edges evenly spaced in HTK mel (2595 log₁₀(1 + f/700)) from 60 Hz to half the rate.
 * 6. log₁₀(filters · power + 1e-6), from `floor` = -6 to `ceiling` (fitted) stretched to 0..1 and clipped.
 */
import FFT from "fft.js";

export interface SpectrogramSettings {
  readonly rate: number;
  /** Samples in one frame, a power of two. */
  readonly window: number;
  readonly hop: number;
  readonly frames: number;
  readonly mels: number;
  readonly lowestHz: number;
  /** log₁₀ power that stands for 1. */
  readonly ceiling: number;
}

/** Power added before the logarithm, and the log₁₀ power that stands for 0. */
export const epsilon = 1e-6;
export const floor = Math.log10(epsilon);

export const clipLength = ({ frames, hop }: SpectrogramSettings): number => frames * hop;

/** Steps 1 and 2. */
export function fixLength(samples: Float32Array, length: number, at: "centre" | "start" = "centre"): Float32Array {
  const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const result = new Float32Array(length);
  const shift = Math.floor(Math.abs(length - samples.length) / 2);
  if (samples.length > length) result.set(samples.subarray(shift, shift + length));
  else result.set(samples, at === "start" ? 0 : shift);
  return peak > 0 ? result.map((x) => x / peak) : result;
}

export const hann = (size: number): Float64Array =>
  Float64Array.from({ length: size }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size));

const mel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
const hertz = (mels: number) => 700 * (10 ** (mels / 2595) - 1);

/** A triangular filter: its weights from bin `start` on. Stored without the zeros around it: there are many. */
export interface Filter {
  readonly start: number;
  readonly weights: Float64Array;
}

export function melFilters({ rate, window, mels, lowestHz }: SpectrogramSettings): Filter[] {
  const [low, high] = [mel(lowestHz), mel(rate / 2)];
  const edges = Array.from({ length: mels + 2 }, (_, i) => hertz(low + ((high - low) * i) / (mels + 1)));
  return Array.from({ length: mels }, (_, m) => {
    const [left, peak, right] = [edges[m]!, edges[m + 1]!, edges[m + 2]!];
    const start = Math.ceil((left * window) / rate);
    const end = Math.min(Math.floor((right * window) / rate), window / 2);
    const weights = Float64Array.from({ length: Math.max(0, end - start + 1) }, (_, i) => {
      const at = ((start + i) * rate) / window;
      return Math.max(0, Math.min((at - left) / (peak - left), (right - at) / (right - peak)));
    });
    return { start, weights };
  });
}

/** Weighted sum of the bins under a filter. */
export function underFilter({ start, weights }: Filter, bins: Float64Array): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i]! * bins[start + i]!;
  return total;
}

/** Short-time transform of a padded clip: interleaved complex bins 0..window/2 of each frame. */
export type Spectrum = Float64Array;

export interface Transform {
  /** Samples (frames x hop) → spectrum. */
  forward(samples: ArrayLike<number>): Spectrum;
  /** Spectrum → the samples whose spectrum is nearest to it in least squares (Griffin & Lim 1984, eq. 6). */
  inverse(spectrum: Spectrum): Float64Array;
}

/** Hann window on the way in and out; frames overlap, so the sum of squared windows is nowhere near 0 inside the clip. */
export function shortTimeTransform({ window, hop, frames }: SpectrogramSettings): Transform {
  const fft = new FFT(window);
  const weights = hann(window);
  const margin = (window - hop) / 2;
  const padded = frames * hop + 2 * margin;
  const bins = window / 2 + 1;
  const overlap = new Float64Array(padded);
  for (let frame = 0; frame < frames; frame++)
    for (let n = 0; n < window; n++) overlap[frame * hop + n]! += weights[n]! ** 2;
  const [data, out] = [new Float64Array(2 * window), new Float64Array(2 * window)];

  // Two real frames go through one complex transform: one as its real part, the other as its imaginary part.
  function forward(samples: ArrayLike<number>): Spectrum {
    const spectrum = new Float64Array(frames * bins * 2);
    for (let frame = 0; frame < frames; frame += 2) {
      const start = frame * hop - margin;
      for (let n = 0; n < window; n++) {
        data[2 * n] = weights[n]! * (samples[start + n] ?? 0);
        data[2 * n + 1] = weights[n]! * (samples[start + hop + n] ?? 0);
      }
      fft.transform(out, data);
      separate(out, spectrum, frame * bins * 2);
    }
    return spectrum;
  }

  /** Z = A + iB with A, B spectra of real signals: A = (Z(k) + Z̄(-k)) / 2, B = (Z(k) - Z̄(-k)) / 2i. */
  function separate(both: Float64Array, spectrum: Spectrum, at: number): void {
    for (let bin = 0; bin < bins; bin++) {
      const [k, mirror] = [2 * bin, 2 * ((window - bin) % window)];
      const [re, im, mirrorRe, mirrorIm] = [both[k]!, both[k + 1]!, both[mirror]!, both[mirror + 1]!];
      spectrum[at + k] = 0.5 * (re + mirrorRe);
      spectrum[at + k + 1] = 0.5 * (im - mirrorIm);
      spectrum[at + 2 * bins + k] = 0.5 * (im + mirrorIm);
      spectrum[at + 2 * bins + k + 1] = 0.5 * (mirrorRe - re);
    }
  }

  function inverse(spectrum: Spectrum): Float64Array {
    const sum = new Float64Array(padded);
    for (let frame = 0; frame < frames; frame += 2) {
      join(spectrum, frame * bins * 2);
      fft.inverseTransform(out, data);
      for (let n = 0; n < window; n++) {
        sum[frame * hop + n]! += weights[n]! * out[2 * n]!;
        sum[(frame + 1) * hop + n]! += weights[n]! * out[2 * n + 1]!;
      }
    }
    return sum.subarray(margin, margin + frames * hop).map((x, i) => x / Math.max(overlap[margin + i]!, 1e-8));
  }

  /** Z = A + iB over all bins; the upper half of a real signal's spectrum mirrors the lower one. */
  function join(spectrum: Spectrum, at: number): void {
    for (let bin = 0; bin < bins; bin++) {
      // A real signal has real values at 0 and at half the rate.
      const real = bin === 0 || bin === bins - 1 ? 0 : 1;
      const [k, mirror, other] = [at + 2 * bin, 2 * ((window - bin) % window), at + 2 * bins + 2 * bin];
      const [aRe, aIm, bRe, bIm] = [
        spectrum[k]!,
        real * spectrum[k + 1]!,
        spectrum[other]!,
        real * spectrum[other + 1]!,
      ];
      data[mirror] = aRe + bIm;
      data[mirror + 1] = bRe - aIm;
      data[2 * bin] = aRe - bIm;
      data[2 * bin + 1] = bRe + aIm;
    }
  }

  return { forward, inverse };
}

/** Log₁₀ mel power of a clip of the right length, before it is stretched to 0..1: [frames, mels]. */
export function logMel(samples: Float32Array, settings: SpectrogramSettings, tools: SpectrogramTools): Float64Array {
  const { frames, mels } = settings;
  const { transform, filters, bins, gain } = tools;
  const spectrum = transform.forward(samples);
  const power = new Float64Array(bins);
  const result = new Float64Array(frames * mels);
  for (let frame = 0; frame < frames; frame++) {
    for (let bin = 0; bin < bins; bin++) {
      const at = 2 * (frame * bins + bin);
      power[bin] = (spectrum[at]! ** 2 + spectrum[at + 1]! ** 2) / gain ** 2;
    }
    filters.forEach((filter, m) => {
      result[frame * mels + m] = Math.log10(epsilon + underFilter(filter, power));
    });
  }
  return result;
}

/** What is worked out once for all clips of the same settings. */
export interface SpectrogramTools {
  readonly transform: Transform;
  readonly filters: readonly Filter[];
  readonly bins: number;
  /** Sum of the window: the height of a sine of amplitude 2 in its spectrum. */
  readonly gain: number;
}

export const spectrogramTools = (settings: SpectrogramSettings): SpectrogramTools => ({
  transform: shortTimeTransform(settings),
  filters: melFilters(settings),
  bins: settings.window / 2 + 1,
  gain: hann(settings.window).reduce((a, b) => a + b, 0),
});

/** Step 6, in 8 bits. */
export const quantise = (logPower: Float64Array, ceiling: number): Uint8Array =>
  Uint8Array.from(logPower, (v) => Math.round(255 * Math.min(Math.max((v - floor) / (ceiling - floor), 0), 1)));
