/**
 * @file Samples at one rate → samples at another, by a Kaiser-windowed sinc (band-limited interpolation, Smith 1984).
 * In: mono samples, both rates in Hz. Out: round(length·to/from) samples, nothing above the lower Nyquist frequency left.
 */

/** Zero crossings on each side: with β 9 a stop band near -90 dB behind a transition of 8 % of the band. */
const crossings = 32;
const beta = 9;
/** The cut-off lies under Nyquist by half the transition, so that what would fold over is already gone. */
const passband = 0.94;

export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const { up, down } = ratio(to, from);
  const cutoff = passband * Math.min(1, up / down);
  const reach = Math.ceil(crossings / cutoff);
  const kernels = kernelsFor(up, down);
  const output = new Float32Array(Math.round((samples.length * to) / from));
  for (let i = 0; i < output.length; i++) {
    const phase = (i * down) % up;
    const centre = (i * down - phase) / up;
    let kernel = kernels.get(phase);
    if (kernel === undefined) kernels.set(phase, (kernel = sincKernel(phase / up, cutoff, reach)));
    const first = centre - reach + 1;
    let sum = 0;
    const end = Math.min(kernel.length, samples.length - first);
    for (let k = Math.max(0, -first); k < end; k++) sum += kernel[k]! * samples[first + k]!;
    output[i] = sum;
  }
  return output;
}

/** Kernels by phase, for the ratios last used: thousands of files share one, and a kernel costs more than a clip. */
const known = new Map<string, Map<number, Float32Array>>();
const mostKnown = 4;

function kernelsFor(up: number, down: number): Map<number, Float32Array> {
  const key = `${up}/${down}`;
  const kernels = known.get(key) ?? new Map<number, Float32Array>();
  known.delete(key);
  known.set(key, kernels);
  if (known.size > mostKnown) known.delete(known.keys().next().value!);
  return kernels;
}

/** Weights of the 2·reach samples around a point that lies `fraction` after the sample at index reach - 1; they sum to 1. */
function sincKernel(fraction: number, cutoff: number, reach: number): Float32Array {
  const kernel = new Float32Array(2 * reach);
  let sum = 0;
  for (let k = 0; k < kernel.length; k++) {
    const distance = k - (reach - 1) - fraction;
    const edge = distance / reach;
    const window = Math.abs(edge) < 1 ? bessel0(beta * Math.sqrt(1 - edge * edge)) : 0;
    const angle = Math.PI * cutoff * distance;
    sum += kernel[k] = window * (angle === 0 ? 1 : Math.sin(angle) / angle);
  }
  for (let k = 0; k < kernel.length; k++) kernel[k]! /= sum;
  return kernel;
}

/** Modified Bessel function of order zero, by its power series. */
function bessel0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-9 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** Kernels that are kept at most. Rates without a common measure are then off by some parts in a million. */
const mostPhases = 1024;

/** to / from as a fraction, by its continued fraction: exact where the numerator stays small, else the nearest such one. */
function ratio(to: number, from: number): { up: number; down: number } {
  let [before, now] = [
    { up: 0, down: 1 },
    { up: 1, down: 0 },
  ];
  for (let [a, b] = [to, from]; b > 0; [a, b] = [b, a % b]) {
    const whole = Math.floor(a / b);
    const next = { up: whole * now.up + before.up, down: whole * now.down + before.down };
    if (next.up > mostPhases && now.up > 0 && now.down > 0) break;
    [before, now] = [now, next];
  }
  return now;
}
