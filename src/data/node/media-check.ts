/**
 * @file Whether a media file is worth decoding, from its size and first bytes. In: MediaFiles. Out: for each the fault that
 * makes it missing, a remark, or nothing. Thousands a second, so that `inspect` can ask it of every file.
 */
import { open, stat } from "node:fs/promises";
import type { MediaFault } from "../media.ts";
import { headBytes, type MediaHeader, readMediaHeader } from "../media-header.ts";
import type { MediaFile } from "../records.ts";

/** Pixels that are still decoded: 16,384 squared. Decoding streams, so memory stays bounded; time does not. */
export const mostPixels = 2 ** 28;
/** Bytes that a picture may take at once, in formats that are decoded as a whole. */
const mostHeldBytes = 2 ** 28;
/** Bytes of one image file that are still read. Of a sound no more is read than is used. */
const mostImageBytes = 2 ** 29;
/** A picture this long on a side, or a quarter of the limit in all, is worth a remark. */
const longSide = 10_000;
const manyPixels = mostPixels / 4;
const filesAtOnce = 16;

/** What a file was expected to be, in messages. */
export const mediaWords: Readonly<Record<MediaFile["media"], string>> = {
  image: "an image",
  sound: "a sound",
  vector: "a .npy array",
};

export interface MediaFinding {
  readonly code: MediaFault | "media-large";
  readonly detail: string;
}

/** One finding or undefined per file, in their order. */
export async function checkMedia(files: readonly MediaFile[]): Promise<(MediaFinding | undefined)[]> {
  const findings = new Array<MediaFinding | undefined>(files.length);
  let next = 0;
  const worker = async () => {
    while (next < files.length) {
      const index = next++;
      findings[index] = await checkFile(files[index]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(filesAtOnce, files.length) }, worker));
  return findings;
}

async function checkFile(file: MediaFile): Promise<MediaFinding | undefined> {
  if (file.bytes) return judge(file, file.bytes.subarray(0, headBytes), file.bytes.length);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(file.path)) {
    return { code: "media-absent", detail: `${file.path} is a web address; download it and name the file` };
  }
  try {
    // Asked before it is opened: a pipe would be waited for.
    const found = await stat(file.path);
    if (!found.isFile()) return { code: "media-absent", detail: `${file.path} is not a file` };
    const handle = await open(file.path);
    try {
      const head = new Uint8Array(headBytes);
      const { bytesRead } = await handle.read(head, 0, headBytes, 0);
      return judge(file, head.subarray(0, bytesRead), found.size);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    return absence(file.path, cause);
  }
}

export function absence(path: string, cause: unknown): MediaFinding {
  const { code, message } = cause as NodeJS.ErrnoException;
  const gone = code === "ENOENT" || code === "ENOTDIR";
  return { code: "media-absent", detail: gone ? `there is no file ${path}` : `${path} cannot be read: ${message}` };
}

function judge(file: MediaFile, head: Uint8Array, size: number): MediaFinding | undefined {
  if (size === 0) return { code: "media-empty", detail: `${file.path} has no bytes` };
  if (file.media === "image" && size > mostImageBytes) {
    const detail = `${file.path} has ${Math.round(size / 1e6)} MB, the limit is ${mostImageBytes / 2 ** 20} MiB`;
    return { code: "media-too-large", detail };
  }
  const header = readMediaHeader(head);
  const wanted = mediaWords[file.media];
  if (header === undefined)
    return { code: "media-undecodable", detail: `${file.path} is not ${wanted} in a known format` };
  if (header.media !== file.media) {
    return { code: "media-undecodable", detail: `${file.path} is a ${header.format} file, expected ${wanted}` };
  }
  return judgeSamples(file.path, header, size) ?? judgeSize(file.path, header);
}

function judgeSamples(path: string, { dataBytes, dataStart }: MediaHeader, size: number): MediaFinding | undefined {
  if (dataBytes === undefined || dataStart === undefined) return undefined;
  const held = size - dataStart;
  if (held <= 0 && (dataBytes === 0 || dataBytes === unknownBytes))
    return { code: "media-empty", detail: `${path} has no samples` };
  // As the decoder judges it: a lost last sample is no harm, a placeholder no claim.
  if (dataBytes <= held + leastLoss || dataBytes === unknownBytes) return undefined;
  const detail = `${path} is cut off: its header announces ${dataBytes} bytes of samples, the file holds ${held}`;
  return { code: "media-undecodable", detail };
}

const unknownBytes = 0xffff_ffff;
/** No sample of all channels is longer than this in any file that was not made to deceive. */
const leastLoss = 128;

function judgeSize(path: string, header: MediaHeader): MediaFinding | undefined {
  const { width, height } = header;
  if (width === undefined || height === undefined) return undefined;
  const size = `${path} has ${width} x ${height} pixels`;
  if (width === 0 || height === 0) return { code: "media-undecodable", detail: size };
  const fault = tooLarge({ ...header, width, height });
  if (fault) return { code: "media-too-large", detail: `${path} ${fault}` };
  const large = Math.max(width, height) >= longSide || width * height >= manyPixels;
  return large ? { code: "media-large", detail: `${size}; used, but slow to decode` } : undefined;
}

/** Why a picture of this size is not decoded, as a fact about it; undefined where it is. */
export function tooLarge(picture: { width: number; height: number; heldBytes?: number }): string | undefined {
  const { width, height, heldBytes = 0 } = picture;
  const size = `has ${width} x ${height} pixels`;
  if (width * height > mostPixels) return `${size}, the limit is ${mostPixels} in all`;
  if (width * height * heldBytes <= mostHeldBytes) return undefined;
  return `${size}, the limit is ${Math.floor(mostHeldBytes / heldBytes)} in all in its format, which is decoded as a whole`;
}
