/**
 * @file Media files → pictures and sounds of the size asked for, by sharp (libvips) and audio-decode, and vectors; and pictures → PNG.
 * In: MediaFile and request. Out: Image, Sound, Float32Array. Content decides the format, the file's name never does.
 */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import decodeAudio from "audio-decode";
import sharp, { type Sharp } from "sharp";
import { type ImageRequest, type MediaDecoder, MediaError, type MediaFault, type SoundRequest } from "../media.ts";
import { headBytes, mediaByName, readMediaHeader } from "../media-header.ts";
import { readNpy } from "../npy.ts";
import type { Image, MediaFile, Sound } from "../records.ts";
import { resample } from "../resample.ts";
import { absence, mediaWords, mostBytes, mostPixels } from "./media-check.ts";

export const nodeMediaDecoder: MediaDecoder = {
  image: async (file, request) => {
    const bytes = await readMedia(file, "image");
    return decoding(file, () => decodeImage(bytes, request));
  },
  sound: async (file, request) => {
    const bytes = await readMedia(file, "sound");
    return decoding(file, () => decodeSound(file, bytes, request));
  },
  vector: async (file) => {
    const bytes = await readMedia(file, "vector");
    return decoding(file, () => Promise.resolve(readNpy(bytes).values));
  },
  probeImage: async (file) => {
    const bytes = await readMedia(file, "image");
    const { width, height, channels, hasAlpha, autoOrient } = await decoding(file, () => openImage(bytes).metadata());
    const colours = hasAlpha ? 4 : channels < 3 ? 1 : 3;
    return { width: autoOrient.width || width, height: autoOrient.height || height, channels: colours };
  },
  probeSound: async (file) => {
    const bytes = await readMedia(file, "sound");
    const { rate, samples } = await decoding(file, () => decodeWhole(file, bytes));
    return { rate, seconds: samples.length / rate };
  },
};

/** @throws MediaError where the path names no readable image, sound or vector. */
export async function mediaFile(path: string): Promise<MediaFile> {
  const absolute = resolve(path);
  const bytes = await readMedia({ media: mediaByName(path) ?? "image", path: absolute });
  const header = readMediaHeader(bytes.subarray(0, headBytes));
  if (header) return { media: header.media, path: absolute };
  throw unusable(
    "media-undecodable",
    path,
    "it is no image, sound or .npy array in a known format",
    "Name another file.",
  );
}

const unusable = (code: MediaFault, path: string, fact: string, remedy: string): MediaError =>
  new MediaError(code, `Cannot decode ${path}: ${fact}. ${remedy}`, `${path}: ${fact}`);

export async function encodePng({ width, height, channels, pixels }: Image): Promise<Uint8Array> {
  const png = sharp(pixels, { raw: { width, height, channels } });
  return (channels === 1 ? png.toColourspace("b-w") : png).png().toBuffer();
}

async function readMedia(file: MediaFile, expected?: MediaFile["media"]): Promise<Uint8Array> {
  const bytes = file.bytes ?? (await readBounded(file.path));
  if (bytes.length === 0) throw unusable("media-empty", file.path, "it has no bytes", "Replace the file.");
  const header = readMediaHeader(bytes.subarray(0, headBytes));
  if (expected && header && header.media !== expected) {
    const fact = `expected ${mediaWords[expected]}, found ${header.format}`;
    throw unusable("media-undecodable", file.path, fact, "Name another file.");
  }
  return bytes;
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size <= mostBytes) return await readFile(path);
  } catch (cause) {
    const { code, detail } = absence(path, cause);
    throw new MediaError(code as "media-absent", `Cannot read media: ${detail}. Check the path.`, detail);
  }
  throw unusable("media-too-large", path, `it has more than ${mostBytes / 2 ** 20} MiB`, "Shorten it.");
}

/** The decoders' own faults, told as facts about the file. */
async function decoding<T>(file: MediaFile, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (cause) {
    if (cause instanceof MediaError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    if (/pixel limit/.test(text))
      throw unusable("media-too-large", file.path, `it has more than ${mostPixels} pixels`, "Shrink it first.");
    throw unusable(
      "media-undecodable",
      file.path,
      `expected ${mediaWords[file.media]}, but ${text.split("\n")[0]}`,
      "Replace the file.",
    );
  }
}

const openImage = (bytes: Uint8Array): Sharp => sharp(bytes, { limitInputPixels: mostPixels, sequentialRead: true });

/** Shrinks while loading where the format can; upright as its EXIF says; alpha laid on the background unless asked for. */
async function decodeImage(bytes: Uint8Array, request: ImageRequest): Promise<Image> {
  const { width, height, channels } = request;
  const shade = { r: request.background, g: request.background, b: request.background };
  const background = { ...shade, alpha: channels === 4 ? 0 : 1 };
  const fitted = openImage(bytes).autoOrient().resize(width, height, { fit: "contain", background });
  const coloured =
    channels === 4
      ? fitted.ensureAlpha().toColourspace("srgb")
      : fitted.flatten({ background: shade }).toColourspace(channels === 1 ? "b-w" : "srgb");
  const { data, info } = await coloured.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels instead of ${channels}`);
  return { width, height, channels, pixels: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

async function decodeSound(file: MediaFile, bytes: Uint8Array, { rate, maxSeconds }: SoundRequest): Promise<Sound> {
  const whole = await decodeWhole(file, bytes);
  const kept = whole.samples.subarray(0, Math.ceil(maxSeconds * whole.rate));
  return { rate, samples: resample(kept, whole.rate, rate) };
}

/** All channels averaged, at the rate of the file. */
async function decodeWhole(file: MediaFile, bytes: Uint8Array): Promise<Sound> {
  const { channelData, sampleRate } = await decodeAudio(bytes);
  const length = channelData[0]?.length ?? 0;
  if (length === 0 || !(sampleRate > 0)) {
    const isWhole = readMediaHeader(bytes.subarray(0, headBytes))?.format === "wav";
    if (!isWhole) throw new Error("no samples could be decoded");
    throw unusable("media-empty", file.path, "it has no samples", "Replace the file.");
  }
  const samples = new Float32Array(length);
  for (const channel of channelData) {
    // A float WAV may hold NaN: silence there, rather than NaN everywhere downstream.
    for (let i = 0; i < length; i++)
      samples[i]! += (Number.isFinite(channel[i]) ? channel[i]! : 0) / channelData.length;
  }
  return { rate: sampleRate, samples };
}
