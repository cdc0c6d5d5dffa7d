/**
 * @file Where a WAV file's samples lie and of what form they are. In: bytes. Out: WavLayout, or an Error that says what is wrong.
 * Chunks may come in any order before the samples, padded to even length; RF64 holds its sizes in a chunk of its own.
 */
import type { ByteSource } from "./byte-source.ts";

export interface WavLayout {
  /** Bytes of the format chunk. */
  readonly format: Uint8Array;
  readonly rate: number;
  /** Bytes of one sample of all channels; of one block where samples are packed in blocks. */
  readonly blockBytes: number;
  readonly dataStart: number;
  readonly dataBytes: number;
  /** Whether a block is one sample of each channel. */
  readonly isPlain: boolean;
}

const mostChunks = 1000;
const formats = { pcm: 1, float: 3, aLaw: 6, muLaw: 7, extensible: 0xfffe } as const;
/** Written where the length was not known when the header was: the samples end with the file. */
const isUnknown = (bytes: number) => bytes === 0 || bytes === 0xffff_ffff;
const wholeBytes: readonly number[] = [8, 16, 24, 32, 64];

/** @throws Error */
export async function wavLayout(source: ByteSource): Promise<WavLayout> {
  let format: Uint8Array | undefined;
  let largeData: number | undefined;
  for (let at = 12, chunk = 0; chunk < mostChunks && at + 8 <= source.size; chunk++) {
    const head = await source.read(at, 8);
    const name = String.fromCharCode(...head.subarray(0, 4));
    const size = new DataView(head.buffer, head.byteOffset).getUint32(4, true);
    if (name === "ds64") {
      const sizes = await source.read(at + 8, 16);
      if (sizes.length === 16) largeData = Number(new DataView(sizes.buffer, sizes.byteOffset).getBigUint64(8, true));
    }
    if (name === "fmt ") format = await source.read(at + 8, Math.min(size, 4096));
    if (name === "data") {
      if (!format) throw new Error("its samples come before their format");
      return readLayout(format, at + 8, size === 0xffff_ffff ? (largeData ?? size) : size, source.size);
    }
    at += 8 + size + (size & 1);
  }
  throw new Error("it holds no samples");
}

function readLayout(format: Uint8Array, dataStart: number, announced: number, fileBytes: number): WavLayout {
  if (format.length < 16) throw new Error("its format chunk is too short");
  const view = new DataView(format.buffer, format.byteOffset, format.length);
  const [tag, channels, rate] = [view.getUint16(0, true), view.getUint16(2, true), view.getUint32(4, true)];
  const [blockBytes, bits] = [view.getUint16(12, true), view.getUint16(14, true)];
  const codec = tag === formats.extensible && format.length >= 26 ? view.getUint16(24, true) : tag;
  const isPlain = Object.values<number>(formats).includes(codec);
  const isWhole = wholeBytes.includes(bits) && blockBytes === (channels * bits) / 8;
  if (channels === 0 || blockBytes === 0 || (isPlain && !isWhole))
    throw new Error(`its header says ${channels} channels of ${bits} bits in blocks of ${blockBytes} bytes`);
  const held = fileBytes - dataStart;
  // An odd last byte or a lost last sample is no harm.
  if (announced > held + 2 * blockBytes && !isUnknown(announced))
    throw new Error(`it is cut off: its header announces ${announced} bytes of samples, the file holds ${held}`);
  const dataBytes = isUnknown(announced) ? held : Math.min(announced, held);
  return { format, rate, blockBytes, dataStart, dataBytes, isPlain };
}
