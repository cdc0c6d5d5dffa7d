/**
 * @file Values as people want to meet them: a picture is seen, a sound is seen and heard, a word is read.
 * In: decoded values. Out: HTML that needs no other file. Decided by what the value is, never by a modality's kind.
 */
import FFT from "fft.js";
import type { Image, Sound, Value } from "../../data/records.ts";
import { writeVector } from "../../data/vectors.ts";
import { encodeWav } from "../../data/wav.ts";
import { base64, type Html, html, plain } from "./html.ts";

export type EncodePng = (image: Image) => Promise<Uint8Array>;

/** @param alt what is shown, for those who cannot see it */
export async function showValue(value: Value | null | undefined, alt: string, encodePng: EncodePng): Promise<Html> {
  if (value === null || value === undefined) return html`<span class="gap" title="missing">–</span>`;
  if (typeof value === "number") return html`<span class="word">${plain(value)}</span>`;
  if (typeof value !== "object") return html`<span class="word">${breakable(shortened(String(value)))}</span>`;
  if (value instanceof Float32Array) return html`<span class="word">${breakable(shortened(writeVector(value)))}</span>`;
  if ("pixels" in value) return html`<img class="picture" alt="${alt}" src="${await pngOf(value, encodePng)}">`;
  const picture = await pngOf(spectrogram(value), encodePng);
  return html`<span class="sound"><img alt="${alt}, as a spectrogram" src="${picture}"><audio controls preload="none" aria-label="${alt}" src="data:audio/wav;base64,${base64(encodeWav(value))}"></audio></span>`;
}

const mostCharacters = 140;
const shortened = (text: string): string => (text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text);

/** Lists without spaces may be broken after their separators, words may not. */
const breakable = (text: string): Html[] => text.split(/(?<=[|/;,_-])/).map((part) => html`${part}<wbr>`);

const pngOf = async (image: Image, encodePng: EncodePng): Promise<string> =>
  `data:image/png;base64,${base64(await encodePng(image))}`;

/** Log power over time and frequency, low notes at the bottom, in colours from dark to light. */
export function spectrogram({ rate, samples }: Sound): Image {
  const size = 2 ** Math.max(6, Math.round(Math.log2(rate * 0.05)));
  const [rows, columns] = [72, 168];
  const bins = size / 2;
  const fft = new FFT(size);
  const out = fft.createComplexArray();
  const levels = new Float64Array(rows * columns);
  for (let column = 0; column < columns; column++) {
    const start = Math.round((column / columns) * Math.max(0, samples.length - size));
    const frame = Array.from(
      { length: size },
      (_, n) => (samples[start + n] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size)),
    );
    fft.realTransform(out, frame);
    for (let row = 0; row < rows; row++) {
      // Bins closer together at low frequencies, as one hears.
      const bin = Math.min(bins - 1, Math.round(bins * ((rows - 1 - row) / rows) ** 1.5 + 1));
      levels[row * columns + column] = Math.log10(out[2 * bin]! ** 2 + out[2 * bin + 1]! ** 2 + 1e-9);
    }
  }
  const top = levels.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const pixels = new Uint8Array(rows * columns * 3);
  levels.forEach((level, i) => {
    pixels.set(colour(Math.max(0, 1 + (level - top) / 5)), 3 * i);
  });
  return { width: columns, height: rows, channels: 3, pixels };
}

/** From night blue over violet and orange to pale yellow. */
const ramp = [
  [11, 9, 36],
  [58, 15, 99],
  [140, 41, 129],
  [222, 73, 104],
  [254, 159, 109],
  [252, 253, 191],
] as const;

function colour(level: number): number[] {
  const at = Math.min(level, 0.9999) * (ramp.length - 1);
  const [from, to] = [ramp[Math.floor(at)]!, ramp[Math.floor(at) + 1]!];
  return from.map((value, c) => Math.round(value + (to[c]! - value) * (at % 1)));
}
