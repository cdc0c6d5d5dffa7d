/**
 * @file What a media file is, from its first bytes. In: the head of the file. Out: format, picture size or sample count where
 * the header tells; undefined where the bytes are no image, sound or .npy array that can be decoded. Cheap enough to ask of every file.
 */
import { isNpy } from "./npy.ts";

export interface MediaHeader {
  readonly media: "image" | "sound" | "vector";
  readonly format: string;
  readonly width?: number;
  readonly height?: number;
  /** Bytes of each pixel that lie in memory at once, where the format cannot be decoded line by line. */
  readonly heldBytes?: number;
  /** Bytes of samples that a WAV file announces, and where they start. */
  readonly dataBytes?: number;
  readonly dataStart?: number;
  /** Channels of a sound, where the head tells. */
  readonly channels?: number;
}

/** Enough for the headers below in nearly every file. */
export const headBytes = 4096;

export const imageExtensions = ["png", "jpg", "jpeg", "webp", "gif", "tif", "tiff", "avif"] as const;
export const soundExtensions = ["wav", "mp3", "flac", "ogg", "oga", "opus"] as const;

export function mediaByName(path: string): MediaHeader["media"] | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase();
  if (extension === undefined) return undefined;
  if ((imageExtensions as readonly string[]).includes(extension)) return "image";
  if (extension === "npy") return "vector";
  return (soundExtensions as readonly string[]).includes(extension) ? "sound" : undefined;
}

export function readMediaHeader(head: Uint8Array): MediaHeader | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const ascii = (at: number, length: number) => String.fromCharCode(...head.subarray(at, at + length));
  if (ascii(0, 8) === "\x89PNG\r\n\x1a\n" && head.length >= 29) {
    const [depth, interlaced] = [head[24]!, head[28] === 1];
    const held = interlaced && { heldBytes: depth === 16 ? 8 : 4 };
    return { media: "image", format: "png", width: view.getUint32(16), height: view.getUint32(20), ...held };
  }
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff)
    return { media: "image", format: "jpeg", ...jpegSize(view) };
  if (ascii(0, 4) === "GIF8" && head.length >= 10) {
    const [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
    return { media: "image", format: "gif", width, height, heldBytes: 4 };
  }
  if (ascii(0, 4) === "RIFF" && ascii(8, 4) === "WEBP")
    return { media: "image", format: "webp", heldBytes: 4, ...webpSize(view, ascii) };
  if (ascii(0, 4) === "II*\0" || ascii(0, 4) === "MM\0*") return { media: "image", format: "tiff" };
  if (ascii(4, 4) === "ftyp" && /avi[fs]|mif1/.test(ascii(8, 24))) return { media: "image", format: "avif" };
  if (ascii(8, 4) === "WAVE" && /RIFF|RF64/.test(ascii(0, 4)))
    return { media: "sound", format: "wav", ...wavSize(view, ascii) };
  if (ascii(0, 4) === "fLaC") return { media: "sound", format: "flac" };
  if (ascii(0, 4) === "OggS") return { media: "sound", ...oggCodec(head, ascii) };
  if (isNpy(head)) return { media: "vector", format: "npy" };
  if (ascii(0, 3) === "ID3" || isMpegFrame(head)) return { media: "sound", format: "mp3" };
  return undefined;
}

/** The size stands in the first start-of-frame segment; thumbnails and profiles may push it past the head. */
function jpegSize(view: DataView): { width?: number; height?: number; heldBytes?: number } {
  let at = 2;
  while (at + 9 < view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      const size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
      // Progressive: the coefficients of all channels, 16 bits each, are kept until the last scan.
      return marker === 0xc2 ? { ...size, heldBytes: 6 } : size;
    }
    at += 2 + view.getUint16(at + 2);
  }
  return {};
}

/** Three layouts: lossy, lossless, and extended, whose canvas holds any of both. */
function webpSize(view: DataView, ascii: (at: number, length: number) => string): { width?: number; height?: number } {
  if (view.byteLength < 30) return {};
  const kind = ascii(12, 4);
  if (kind === "VP8X") {
    const three = (at: number) => 1 + view.getUint16(at, true) + (view.getUint8(at + 2) << 16);
    return { width: three(24), height: three(27) };
  }
  if (kind === "VP8L") {
    const bits = view.getUint32(21, true);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
  }
  if (kind === "VP8 ") return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  return {};
}

/** The first packet names what the Ogg pages carry. */
function oggCodec(head: Uint8Array, ascii: (at: number, length: number) => string) {
  const at = 27 + (head[26] ?? 0);
  if (ascii(at, 8) === "OpusHead") return { format: "opus", channels: head[at + 9] ?? 0 };
  if (ascii(at, 7) === "\x01vorbis") return { format: "vorbis", channels: head[at + 11] ?? 0 };
  return { format: ascii(at, 5) === "\x7fFLAC" ? "flac" : "ogg" };
}

function wavSize(
  view: DataView,
  ascii: (at: number, length: number) => string,
): { dataBytes?: number; dataStart?: number } {
  let at = 12;
  while (at + 8 <= view.byteLength) {
    const size = view.getUint32(at + 4, true);
    if (ascii(at, 4) === "data") return { dataBytes: size, dataStart: at + 8 };
    at += 8 + size + (size & 1);
  }
  return {};
}

/** Sync word, a known layer, and a bit rate and sample rate that exist. */
function isMpegFrame(head: Uint8Array): boolean {
  if (head.length < 4 || head[0] !== 0xff || (head[1]! & 0xe0) !== 0xe0) return false;
  const version = (head[1]! >> 3) & 3;
  const layer = (head[1]! >> 1) & 3;
  return version !== 1 && layer !== 0 && head[2]! >> 4 !== 15 && ((head[2]! >> 2) & 3) !== 3;
}
