/**
 * @file The image modality. In: decoded pictures of one size. Out: `pixels` uint8 [height, width, channels], and pictures back.
 * Size: that of the files when all are equal and no side is above 64, else at most 64 on the longer side of the sample's
 * median shape, both sides multiples of 4 (strided networks halve them twice); up to 128 where asked for. Channels: 1 when every pixel is grey,
 * 4 when transparency varies, else 3.
 */
import * as z from "zod";
import type { ImageProbe, ImageRequest } from "../data/media.ts";
import type { Image, Values } from "../data/records.ts";
import { changePictures, defaultChanges, pictureChanges } from "./augmentation.ts";
import { gridMarks } from "./marks.ts";
import { complete, type Encoded, type Modality, type ModalityKind, type ModalityState } from "./modality.ts";
import { readOptions, readState } from "./options.ts";
import {
  parametersPerValue,
  pixelAnswers,
  pixelChoices,
  pixelFeatures,
  pixelLogLikelihood,
  pixelMoments,
  pixelOptions,
  pixelState,
} from "./pixels.ts";

const side = z.int().min(1).max(1024);
const chosenSide = z.int().min(4).max(128);
const channels = z.union([z.literal(1), z.literal(3), z.literal(4)]);
const options = z.strictObject({
  /** The longer side; the other follows the files' shape. `width` and `height` say a side each. */
  size: chosenSide.optional(),
  width: chosenSide.optional(),
  height: chosenSide.optional(),
  channels: channels.optional(),
  /** 0 black to 255 white: behind transparency and beside pictures of another shape. */
  background: z.int().min(0).max(255).default(0),
  augmentation: pictureChanges.prefault({}),
  ...pixelOptions,
});
const imageState = z.object({
  kind: z.literal("image"),
  name: z.string(),
  width: side,
  height: side,
  channels,
  background: z.number(),
  augmentation: pictureChanges.default(defaultChanges),
  ...pixelState,
});

const largestSide = 64;
const sideStep = 4;

/** How the column's files must be decoded, judged by the sizes of a sample; undefined where none could be read. */
export function planImage(name: string, probes: readonly ImageProbe[], given: unknown): ImageRequest | undefined {
  const [first] = probes;
  if (!first) return undefined;
  const chosen = readOptions(options, given, name);
  const natural = naturalSize(first, probes, chosen.size);
  const size = {
    width: chosen.width ?? (chosen.height ? scaled(natural.width, chosen.height / natural.height) : natural.width),
    height: chosen.height ?? (chosen.width ? scaled(natural.height, chosen.width / natural.width) : natural.height),
  };
  const most = ([4, 3] as const).find((depth) => probes.some((probe) => probe.channels === depth)) ?? 1;
  return { media: "image", ...size, channels: chosen.channels ?? most, background: chosen.background };
}

function naturalSize(
  first: ImageProbe,
  probes: readonly ImageProbe[],
  longer: number | undefined,
): { width: number; height: number } {
  const { width, height } = first;
  const equal = probes.every((probe) => probe.width === width && probe.height === height);
  if (longer === undefined && equal && Math.max(width, height) <= largestSide) return { width, height };
  const widths = probes.map((probe) => probe.width).sort((a, b) => a - b);
  const heights = probes.map((probe) => probe.height).sort((a, b) => a - b);
  const median = { width: widths[widths.length >> 1]!, height: heights[heights.length >> 1]! };
  const most = Math.max(median.width, median.height);
  const scale = longer === undefined ? Math.min(1, largestSide / most) : longer / most;
  if (longer !== undefined && median.width === median.height) return { width: longer, height: longer };
  return { width: scaled(median.width, scale), height: scaled(median.height, scale) };
}

const scaled = (length: number, scale: number) =>
  Math.max(sideStep, sideStep * Math.round((length * scale) / sideStep));

const isImage = (value: Values[string] | undefined): value is Image =>
  typeof value === "object" && value !== null && "pixels" in value;

/** Fits channels and scale on pictures decoded as `request` asks; null where the sample holds none. */
export function fitImage(
  name: string,
  request: ImageRequest,
  sample: readonly Values[],
  given: unknown,
): Modality | null {
  const chosen = readOptions(options, given, name);
  const images = sample.map((row) => row[name]).filter(isImage);
  if (images.length === 0) return null;
  const { width, height, background } = request;
  const depth = chosen.channels ?? neededChannels(images);
  const moments = pixelMoments(images.map((image) => convertChannels(image, depth, background)));
  return openImage({
    kind: "image",
    name,
    width,
    height,
    channels: depth,
    background,
    augmentation: chosen.augmentation,
    ...pixelChoices(chosen),
    ...moments,
  });
}

function neededChannels(images: readonly Image[]): 1 | 3 | 4 {
  if (images.some(isTranslucent)) return 4;
  return images.every(isGrey) ? 1 : 3;
}

function isTranslucent({ channels: depth, pixels }: Image): boolean {
  if (depth === 4) for (let i = 3; i < pixels.length; i += 4) if (pixels[i] !== 255) return true;
  return false;
}

function isGrey({ channels: depth, pixels }: Image): boolean {
  if (depth === 1) return true;
  for (let i = 0; i < pixels.length; i += depth) {
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return false;
  }
  return true;
}

/** Pixels with another number of channels: transparency laid over the background, grey by Rec. 601 luma. */
export function convertChannels({ channels: from, pixels }: Image, to: 1 | 3 | 4, background: number): Uint8Array {
  if (from === to) return from === 4 ? hideTransparent(pixels, background) : pixels;
  const count = pixels.length / from;
  const result = new Uint8Array(count * to);
  for (let i = 0; i < count; i++) {
    const opacity = from === 4 && to !== 4 ? pixels[i * 4 + 3]! / 255 : 1;
    const over = (c: number) => pixels[i * from + (from === 1 ? 0 : c)]! * opacity + background * (1 - opacity);
    if (to === 1) result[i] = Math.round(from === 1 ? over(0) : 0.299 * over(0) + 0.587 * over(1) + 0.114 * over(2));
    else for (let c = 0; c < to; c++) result[i * to + c] = c === 3 ? 255 : Math.round(over(c));
  }
  return result;
}

/** The colour under full transparency is no one's choice: it becomes the background, and so predictable. */
function hideTransparent(pixels: Uint8Array, background: number): Uint8Array {
  const result = pixels.slice();
  for (let i = 0; i < result.length; i += 4) if (result[i + 3] === 0) result.fill(background, i, i + 3);
  return result;
}

export function openImage(stored: ModalityState): Modality {
  const state = readState(imageState, stored, stored.name);
  const { name, width, height, channels: depth, background, augmentation } = state;
  const shape = [height, width, depth] as const;
  const size = width * height * depth;
  return {
    name,
    columns: [name],
    state,
    media: { [name]: { media: "image", width, height, channels: depth, background } },
    arrays: { pixels: { shape, type: "uint8" } },
    featureShape: shape,
    parameterShape: [height, width, depth * parametersPerValue(state)],
    gridAxes: 2,
    eventSize: size,
    features: ({ pixels }) => pixelFeatures(pixels!, state),
    logLikelihood: (parameters, { pixels }) => pixelLogLikelihood(parameters, pixels!, state),
    marks: ({ arrays }, row) => gridMarks((arrays.pixels as Uint8Array).subarray(row * size, (row + 1) * size), shape),
    encode(rows): Encoded {
      const pixels = new Uint8Array(rows.length * size);
      const present = new Uint8Array(rows.length);
      rows.forEach((row, i) => {
        const image = row[name];
        if (!isImage(image)) return;
        if (image.width !== width || image.height !== height) throw sizeError(name, image, width, height);
        pixels.set(convertChannels(image, depth, background), i * size);
        present[i] = 1;
      });
      return { rows: rows.length, arrays: { pixels }, present, issues: [] };
    },
    ...(augmentation !== "none" && {
      augment: ({ pixels }, rows, random) => ({
        pixels: changePictures(pixels as Uint8Array, rows, shape, augmentation, random),
      }),
    }),
    typical: (parameters, rows) =>
      complete(rows, { pixels: pixelAnswers(parameters, state, { rows, channels: depth }) }),
    decode(parameters, rows, random) {
      const pixels = pixelAnswers(parameters, state, { rows, channels: depth }, random);
      const image = (row: number): Image => ({
        width,
        height,
        channels: depth,
        pixels: pixels.slice(row * size, (row + 1) * size),
      });
      return Array.from({ length: rows }, (_, row) => ({ [name]: image(row) }));
    },
  };
}

const sizeError = (name: string, image: Image, width: number, height: number) =>
  new Error(
    `Cannot build batch for "${name}": expected a picture of ${width} x ${height} pixels, received ${image.width} x ${image.height}. Decode it as the modality's \`media\` request says.`,
  );

export const imageKind: ModalityKind = {
  plan: (name, probes, given) =>
    planImage(
      name,
      probes.filter((probe) => "width" in probe),
      given,
    ),
  fit: ({ name, request, sample, options: given }) =>
    request?.media === "image" ? fitImage(name, request, sample, given) : null,
  open: openImage,
};
