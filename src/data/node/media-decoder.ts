/**
 * @file Media files → pictures and sounds of the size asked for, and vectors, every fault told as a fact about the file; pictures → PNG.
 * In: MediaFile and request. Out: Image, Sound, Float32Array. Content decides the format, the file's name never does.
 */
import { resolve } from "node:path";
import sharp from "sharp";
import { type MediaDecoder, MediaError, type MediaFault, type SoundRequest } from "../media.ts";
import { headBytes, type MediaHeader, mediaByName, readMediaHeader } from "../media-header.ts";
import { readNpy } from "../npy.ts";
import type { Image, MediaFile, Sound } from "../records.ts";
import { resample } from "../resample.ts";
import { type ByteSource, withBytes } from "./byte-source.ts";
import { decodeImage, probeImage, TooLarge } from "./image-decoder.ts";
import { checkMedia, mediaWords } from "./media-check.ts";
import { decodeSamples, soundLength } from "./sound-decoder.ts";

export const nodeMediaDecoder: MediaDecoder = {
  image: (file, request) => opened(file, "image", (_, header) => decodeImage(file, header, request)),
  sound: (file, request) => opened(file, "sound", (source, header) => decodeSound(source, header, request)),
  vector: (file) => opened(file, "vector", async (source) => readNpy(await source.read(0, source.size)).values),
  probeImage: (file) => opened(file, "image", () => probeImage(file)),
  probeSound: (file) => opened(file, "sound", (source, header) => soundLength(source, header)),
};

export async function encodePng({ width, height, channels, pixels }: Image): Promise<Uint8Array> {
  const png = sharp(pixels, { raw: { width, height, channels } });
  return (channels === 1 ? png.toColourspace("b-w") : png).png().toBuffer();
}

/** @throws MediaError where the path names no readable image, sound or vector. */
export async function mediaFile(path: string): Promise<MediaFile> {
  const file = { media: mediaByName(path) ?? ("image" as const), path: resolve(path) };
  const header = await withBytes(file, async (source) => readMediaHeader(await source.read(0, headBytes)));
  if (header) return { media: header.media, path: file.path };
  throw unusable(
    "media-undecodable",
    path,
    "it is neither an image nor a sound in a known format",
    "Name another file.",
  );
}

const unusable = (code: MediaFault, path: string, fact: string, remedy: string): MediaError =>
  new MediaError(code, `Cannot decode ${path}: ${fact}. ${remedy}`, `${path}: ${fact}`);

const remedies: Readonly<Record<MediaFault, string>> = {
  "media-absent": "Check the path.",
  "media-outside": "Name a file of the data folder.",
  "media-empty": "Replace the file.",
  "media-too-large": "Shrink it first.",
  "media-undecodable": "Replace the file.",
};

/** What can be seen from size and first bytes is refused before any decoder runs. */
async function opened<T>(
  file: MediaFile,
  expected: MediaFile["media"],
  decode: (source: ByteSource, header: MediaHeader) => Promise<T>,
): Promise<T> {
  const [finding] = await checkMedia([{ ...file, media: expected }]);
  if (finding && finding.code !== "media-large")
    throw new MediaError(
      finding.code,
      `Cannot decode media: ${finding.detail}. ${remedies[finding.code]}`,
      finding.detail,
    );
  return withBytes(file, async (source) => {
    try {
      const header = readMediaHeader(await source.read(0, headBytes));
      return await decode(source, header!);
    } catch (cause) {
      throw told(file, expected, cause);
    }
  });
}

/** The decoders' own faults, told as facts about the file. */
function told({ path }: MediaFile, expected: MediaFile["media"], cause: unknown): MediaError {
  if (cause instanceof MediaError) return cause;
  const text = (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]!;
  if (cause instanceof TooLarge || /pixel limit/.test(text))
    return unusable("media-too-large", path, text, remedies["media-too-large"]);
  return unusable(
    "media-undecodable",
    path,
    `expected ${mediaWords[expected]}, but ${text}`,
    remedies["media-undecodable"],
  );
}

async function decodeSound(source: ByteSource, header: MediaHeader, request: SoundRequest): Promise<Sound> {
  const { rate, samples } = await decodeSamples(source, header, request.maxSeconds);
  return { rate: request.rate, samples: resample(samples, rate, request.rate), fileRate: rate };
}
