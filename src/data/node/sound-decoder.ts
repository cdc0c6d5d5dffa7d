/**
 * @file Sound files → mono samples at the file's own rate, by audio-decode, a few kilobytes at a time: what is read and what is
 * held are bounded by the seconds asked for, whatever the file claims or expands to.
 * In: bytes on disk or in memory. Out: Sound, and whether the file goes on after it.
 */
import { type AudioData, decodeChunked } from "audio-decode";
import type { SoundProbe } from "../media.ts";
import type { MediaHeader } from "../media-header.ts";
import type { Sound } from "../records.ts";
import type { ByteSource } from "./byte-source.ts";
import { type WavLayout, wavLayout } from "./wav-layout.ts";

/** Bytes given to a decoder at once: a frame of silence may be 14 bytes for 65,535 samples of eight channels. */
const pieceBytes = 4096;
/** Raw samples expand at most eightfold. */
const rawPieceBytes = 2 ** 18;
const mostChannels = 16;
/** Rates beyond these are no sound that was recorded, but a broken header. */
export const fileRates = { lowest: 1000, highest: 384_000 } as const;

type Codec = Parameters<typeof decodeChunked>[1];
const codecs: Readonly<Record<string, Codec>> = { wav: "wav", mp3: "mp3", flac: "flac", opus: "opus", vorbis: "oga" };

export interface DecodedSound extends Sound {
  /** Whether decoding stopped before the end of the file. */
  readonly isCut: boolean;
  /** Samples decoded, those beyond the time asked for included. */
  readonly decoded: number;
}

/** @throws Error naming what is wrong with the file, as a fact: "it …" */
export async function decodeSamples(
  source: ByteSource,
  header: MediaHeader,
  maxSeconds: number,
): Promise<DecodedSound> {
  const codec = codecs[header.format];
  if (!codec) throw new Error(`its codec in ${header.format} is none that can be decoded`);
  const { channels = 1 } = header;
  if (channels < 1 || channels > mostChannels)
    throw new Error(`it has ${channels} channels, expected 1 to ${mostChannels}`);
  const layout = header.format === "wav" ? await wavLayout(source) : undefined;
  const pieces = layout ? wavPieces(source, layout, maxSeconds) : compressedPieces(source, header.format);
  const sound = await mix(decodeChunked(pieces, codec), maxSeconds);
  if (header.format === "flac" && !sound.isCut) await checkFlacLength(source, sound.samples.length);
  return sound;
}

/** Seconds decoded of a file whose header does not tell its length; the rest is estimated from the bytes that they took. */
const probedSeconds = 8;

export async function soundLength(source: ByteSource, header: MediaHeader): Promise<SoundProbe> {
  if (header.format === "wav") {
    const { rate, blockBytes, dataBytes, isPlain } = await wavLayout(source);
    if (isPlain && dataBytes >= blockBytes)
      return { rate: checkedRate(rate), seconds: Math.floor(dataBytes / blockBytes) / rate };
  }
  let read = 0;
  const counted: ByteSource = {
    size: source.size,
    read: (at, length) => {
      read = Math.max(read, Math.min(source.size, at + length));
      return source.read(at, length);
    },
  };
  const { rate, decoded, isCut } = await decodeSamples(counted, header, probedSeconds);
  return { rate, seconds: (decoded / rate) * (isCut ? source.size / read : 1) };
}

/** A canonical header before the samples: the decoder does not know padded chunks, nor RF64. */
async function* wavPieces(source: ByteSource, layout: WavLayout, maxSeconds: number): AsyncGenerator<Uint8Array> {
  const { format, dataStart, dataBytes, blockBytes, rate, isPlain } = layout;
  const wanted = isPlain ? Math.min(dataBytes, Math.ceil(maxSeconds * checkedRate(rate) + 1) * blockBytes) : dataBytes;
  const head = new Uint8Array(28 + format.length);
  const view = new DataView(head.buffer);
  head.set([0x52, 0x49, 0x46, 0x46, 0, 0, 0, 0, 0x57, 0x41, 0x56, 0x45, 0x66, 0x6d, 0x74, 0x20]);
  view.setUint32(16, format.length, true);
  head.set(format, 20);
  head.set([0x64, 0x61, 0x74, 0x61], 20 + format.length);
  view.setUint32(24 + format.length, wanted, true);
  const step = Math.max(blockBytes, Math.floor(rawPieceBytes / blockBytes) * blockBytes);
  for (let at = 0; at < wanted; at += step) {
    const part = await source.read(dataStart + at, Math.min(step, wanted - at));
    if (part.length === 0) return;
    yield at === 0 ? joined(head, part) : part;
  }
}

/** Cut where no byte 0xff lies in the 16 before: the FLAC decoder loses a frame whose header is in two pieces. */
async function* compressedPieces(source: ByteSource, format: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; ) {
    let part = await source.read(at, pieceBytes);
    if (part.length === 0) return;
    if (format === "flac" && part.length === pieceBytes) part = part.subarray(0, cutBeforeHeader(part));
    at += part.length;
    yield part;
  }
}

const flacHeaderBytes = 16;

function cutBeforeHeader(part: Uint8Array): number {
  let end = part.length;
  for (let last = part.lastIndexOf(0xff); last >= 0 && last > end - flacHeaderBytes; ) {
    end = last;
    last = end === 0 ? -1 : part.lastIndexOf(0xff, end - 1);
  }
  return end > 0 ? end : part.length;
}

/** All channels averaged; decoding ends with the longest time. */
async function mix(chunks: AsyncIterable<AudioData>, maxSeconds: number): Promise<DecodedSound> {
  const parts: Float32Array[] = [];
  let [rate, length, most] = [0, 0, Number.POSITIVE_INFINITY];
  for await (const { channelData, sampleRate } of chunks) {
    const own = channelData[0]?.length ?? 0;
    if (own === 0) continue;
    if (rate === 0) {
      rate = checkedRate(sampleRate);
      most = Math.max(1, Math.ceil(maxSeconds * rate));
    }
    if (sampleRate !== rate) throw new Error(`its rate changes from ${rate} to ${sampleRate} Hz on the way`);
    parts.push(average(channelData, Math.min(own, most - length)));
    length += own;
    if (length >= most) break;
  }
  if (rate === 0) throw new Error("no samples could be decoded");
  return { rate, samples: joinedSamples(parts), isCut: length >= most, decoded: length };
}

function average(channels: readonly Float32Array[], length: number): Float32Array {
  const mono = new Float32Array(length);
  for (const channel of channels) {
    // A float WAV may hold NaN: silence there, rather than NaN everywhere downstream.
    for (let i = 0; i < length; i++) mono[i]! += (Number.isFinite(channel[i]) ? channel[i]! : 0) / channels.length;
  }
  return mono;
}

function checkedRate(rate: number): number {
  if (rate >= fileRates.lowest && rate <= fileRates.highest) return rate;
  throw new Error(`its header says ${rate} samples a second, expected ${fileRates.lowest} to ${fileRates.highest}`);
}

/** STREAMINFO announces the samples, 0 where the encoder did not know. A frame more or less is told by none. */
async function checkFlacLength(source: ByteSource, decoded: number): Promise<void> {
  const head = await source.read(0, 26);
  if (head.length < 26 || head[0] !== 0x66) return;
  const announced = (head[21]! & 15) * 2 ** 32 + new DataView(head.buffer, head.byteOffset).getUint32(22);
  if (announced > decoded)
    throw new Error(`it is cut off or damaged: ${decoded} of ${announced} samples could be decoded`);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const result = new Uint8Array(a.length + b.length);
  result.set(a);
  result.set(b, a.length);
  return result;
}

function joinedSamples(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const result = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
