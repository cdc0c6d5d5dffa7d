/** @file Small files for tests: tables and media made on the spot in a folder that is removed at the end. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { writeRecord } from "../../csv.ts";

export interface TestFolder {
  readonly path: string;
  /** Writes a file and returns its absolute path. */
  write(name: string, content: string | Uint8Array): string;
  remove(): void;
}

export function testFolder(): TestFolder {
  const path = mkdtempSync(join(tmpdir(), "polyvae-data-"));
  return {
    path,
    write: (name, content) => {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** A table of `rows` rows, each cell made from its row index. */
export function csvOf(rows: number, columns: Readonly<Record<string, (i: number) => unknown>>): string {
  const lines = Array.from({ length: rows }, (_, i) => Object.values(columns).map((cell) => String(cell(i) ?? "")));
  return [Object.keys(columns), ...lines].map((record) => `${writeRecord(record)}\n`).join("");
}

export interface Colour {
  readonly r: number;
  readonly g: number;
  readonly b: number;
  readonly alpha?: number;
}

export function pngOf(width: number, height: number, colour: Colour): Promise<Buffer> {
  const channels = colour.alpha === undefined ? 3 : 4;
  return sharp({ create: { width, height, channels, background: colour } })
    .png()
    .toBuffer();
}

/** WAV bytes of a sine in any PCM width, with as many equal channels as asked for. */
export function wavOf(
  hertz: number,
  seconds: number,
  rate = 8000,
  bits: 8 | 16 | 24 | 32 = 16,
  channels = 1,
): Uint8Array {
  const frames = Math.round(seconds * rate);
  const width = bits / 8;
  const data = Buffer.alloc(frames * channels * width);
  for (let i = 0; i < frames * channels; i++) {
    const sample = 0.5 * Math.sin((2 * Math.PI * hertz * Math.floor(i / channels)) / rate);
    if (bits === 8) data.writeUInt8(Math.round(128 + 127 * sample), i);
    else data.writeIntLE(Math.round(sample * (2 ** (bits - 1) - 1)), i * width, width);
  }
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * channels * width, 28);
  header.writeUInt16LE(channels * width, 32);
  header.writeUInt16LE(bits, 34);
  header.write("data", 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}

/** Forty silent frames: MPEG-1 layer 3, 128 kbit/s, 44.1 kHz, mono. */
export function silentMp3(): Uint8Array {
  const frame = new Uint8Array(417);
  frame.set([0xff, 0xfb, 0x90, 0xc4]);
  return Buffer.concat(Array<Uint8Array>(40).fill(frame));
}
