/**
 * @file Image files → pictures of the size asked for, by sharp (libvips).
 * In: bytes or a path, and a request. Out: Image. Upright as EXIF says, colours in sRGB as the embedded profile says, 8 bits.
 */
import sharp, { type Sharp } from "sharp";
import type { ImageProbe, ImageRequest } from "../media.ts";
import type { MediaHeader } from "../media-header.ts";
import type { Image, MediaFile } from "../records.ts";
import { mostPixels, tooLarge } from "./media-check.ts";

// A file that was replaced must not be answered from memory.
sharp.cache(false);

/** Pictures of more pixels are decoded one after another: each may take a quarter of a gigabyte. */
const manyPixels = 2 ** 24;

/** @throws TooLarge, or what libvips says */
export async function decodeImage(file: MediaFile, header: MediaHeader, request: ImageRequest): Promise<Image> {
  const { width, height } = header;
  const pixels = width && height ? width * height : await checkedPixels(file);
  return pixels > manyPixels ? oneByOne(() => decode(file, request)) : decode(file, request);
}

export async function probeImage(file: MediaFile): Promise<ImageProbe> {
  const { width, height, channels, hasAlpha, space, autoOrient } = await openImage(file).metadata();
  const colours = hasAlpha ? 4 : channels < 3 || space === "b-w" || space === "grey16" ? 1 : 3;
  return { width: autoOrient.width || width, height: autoOrient.height || height, channels: colours };
}

const openImage = ({ path, bytes }: MediaFile): Sharp =>
  sharp(bytes ?? path, { limitInputPixels: mostPixels, sequentialRead: true });

const depths: Readonly<Record<string, number>> = { ushort: 2, short: 2, uint: 4, int: 4, float: 4, double: 8 };

/** Where the file's head does not tell the size, libvips is asked. */
async function checkedPixels(file: MediaFile): Promise<number> {
  const { width, height, channels, depth, format, isProgressive } = await openImage(file).metadata();
  const isWhole = isProgressive || (format !== "jpeg" && format !== "png");
  const heldBytes = isWhole ? channels * (format === "jpeg" ? 2 : (depths[depth] ?? 1)) : 0;
  const fault = tooLarge({ width, height, heldBytes });
  if (fault) throw new TooLarge(`it ${fault}`);
  return width * height;
}

export class TooLarge extends Error {}

/** Shrinks while loading where the format can; alpha is laid on the background unless asked for. */
async function decode(file: MediaFile, request: ImageRequest): Promise<Image> {
  const { width, height, channels } = request;
  const shade = { r: request.background, g: request.background, b: request.background };
  const background = { ...shade, alpha: channels === 4 ? 0 : 1 };
  const fitted = openImage(file).autoOrient().resize(width, height, { fit: "contain", background });
  const coloured =
    channels === 4
      ? fitted.ensureAlpha().toColourspace("srgb")
      : fitted.flatten({ background: shade }).toColourspace(channels === 1 ? "b-w" : "srgb");
  const { data, info } = await coloured.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`it decodes to ${info.channels} channels instead of ${channels}`);
  return { width, height, channels, pixels: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

let last: Promise<unknown> = Promise.resolve();

function oneByOne<T>(task: () => Promise<T>): Promise<T> {
  const next = last.then(task, task);
  last = next.catch(() => undefined);
  return next;
}
