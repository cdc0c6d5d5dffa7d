/** @file Sound → WAV bytes: mono, 16-bit PCM, at the sound's own rate. In: samples in -1..1. Out: a whole file. */
import type { Sound } from "./records.ts";

const headerBytes = 44;

export function encodeWav(sound: Sound): Uint8Array {
  const dataBytes = sound.samples.length * 2;
  const bytes = new Uint8Array(headerBytes + dataBytes);
  const view = new DataView(bytes.buffer);
  const ascii = (at: number, text: string) => {
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  };
  ascii(0, "RIFF");
  view.setUint32(4, headerBytes - 8 + dataBytes, true);
  ascii(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sound.rate, true);
  view.setUint32(28, sound.rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  ascii(36, "data");
  view.setUint32(40, dataBytes, true);
  sound.samples.forEach((sample, i) => {
    const clipped = Math.max(-1, Math.min(1, sample || 0));
    view.setInt16(headerBytes + 2 * i, Math.round(clipped * 32767), true);
  });
  return bytes;
}
