import { describe, expect, it } from "vitest";
import { resample } from "./resample.ts";

const tone = (hertz: number, rate: number, seconds = 0.5): Float32Array =>
  Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));

/** Amplitude of one frequency in the middle of the samples, where no edge disturbs it. */
function amplitude(samples: Float32Array, hertz: number, rate: number): number {
  const margin = Math.round(rate * 0.05);
  let [real, imaginary] = [0, 0];
  for (let i = margin; i < samples.length - margin; i++) {
    const angle = (2 * Math.PI * hertz * i) / rate;
    real += samples[i]! * Math.cos(angle);
    imaginary += samples[i]! * Math.sin(angle);
  }
  return (2 * Math.hypot(real, imaginary)) / (samples.length - 2 * margin);
}
const loudness = (samples: Float32Array): number => {
  const middle = samples.subarray(500, samples.length - 500);
  return Math.sqrt(middle.reduce((sum, x) => sum + x * x, 0) / middle.length);
};

describe("resample", () => {
  it.each([
    [44100, 8000],
    [48000, 16000],
    [8000, 16000],
    [22050, 16000],
    [11025, 8000],
    [16000, 44100],
    [44101, 16000],
  ])("keeps a 440 Hz tone from %i to %i Hz", (from, to) => {
    const output = resample(tone(440, from), from, to);
    expect(output.length).toBe(Math.round(to * 0.5));
    expect(amplitude(output, 440, to)).toBeCloseTo(1, 3);
  });

  it("keeps the phase", () => {
    const output = resample(tone(440, 44100), 44100, 8000);
    const exact = tone(440, 8000);
    for (let i = 500; i < 3500; i++) expect(Math.abs(output[i]! - exact[i]!)).toBeLessThan(1e-3);
  });

  it("removes a 6 kHz tone, which would fold over to 2 kHz at 8 kHz", () => {
    const output = resample(tone(6000, 44100), 44100, 8000);
    expect(loudness(output)).toBeLessThan(1e-3);
    expect(amplitude(output, 2000, 8000)).toBeLessThan(1e-4);
  });

  it("keeps a constant and the length of silence and of nothing", () => {
    expect(resample(new Float32Array(4410).fill(0.5), 44100, 8000)[400]).toBeCloseTo(0.5, 6);
    expect(resample(new Float32Array(0), 44100, 8000)).toHaveLength(0);
    const same = tone(440, 8000);
    expect(resample(same, 8000, 8000)).toBe(same);
  });
});
