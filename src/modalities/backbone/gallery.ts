/**
 * @file Training items that stand for what a backbone's features cannot be turned back into. In: features of items, and the items.
 * Out: the item nearest to some features. Kept in the model file, a bounded number of them.
 */
import type { Image, Sound, Value } from "../../data/records.ts";

export interface GalleryItem {
  /** The row's key, and the path of its file where it has one. */
  readonly key: string;
  readonly path?: string;
  /** What is given back: the text itself; a picture or sound made small. */
  readonly value: string | Image | Sound;
}

export interface Gallery {
  /** [items, dimensions], as the modality's array `values` holds them. */
  readonly features: Float32Array;
  readonly items: readonly GalleryItem[];
}

export const mostItems = 5000;
/** Bytes of features, pictures and sounds together. */
export const mostGalleryBytes = 2 ** 25;
const thumbnailSide = 48;

/** The item whose features are nearest, by Euclid's distance. */
export function nearestItem({ features, items }: Gallery, wanted: Float32Array): GalleryItem | undefined {
  const size = wanted.length;
  let [best, least] = [-1, Number.POSITIVE_INFINITY];
  for (let item = 0; item < items.length; item++) {
    let distance = 0;
    for (let d = 0; d < size && distance < least; d++) distance += (features[item * size + d]! - wanted[d]!) ** 2;
    if (distance < least) [best, least] = [item, distance];
  }
  return items[best];
}

/** The item as an answer: media tell which row and file they are. */
export function itemValue({ key, path, value }: GalleryItem): Value {
  return typeof value === "string" ? value : { ...value, source: { key, ...(path !== undefined && { path }) } };
}

export function itemBytes(value: GalleryItem["value"]): number {
  if (typeof value === "string") return 2 * value.length;
  return "pixels" in value ? value.pixels.length : 2 * value.samples.length;
}

/** No side above 48 pixels, by averaging; sounds and texts stay. */
export function thumbnail(value: GalleryItem["value"]): GalleryItem["value"] {
  if (typeof value === "string" || !("pixels" in value)) return value;
  const { width, height, channels, pixels } = value;
  const scale = thumbnailSide / Math.max(width, height);
  if (scale >= 1) return { width, height, channels, pixels };
  const [wide, high] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const result = new Uint8Array(wide * high * channels);
  const edge = (i: number, count: number, length: number) => Math.floor((i * length) / count);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const [top, bottom] = [edge(y, high, height), edge(y + 1, high, height)];
      const [left, right] = [edge(x, wide, width), edge(x + 1, wide, width)];
      for (let c = 0; c < channels; c++) {
        let total = 0;
        for (let v = top; v < bottom; v++)
          for (let u = left; u < right; u++) total += pixels[(v * width + u) * channels + c]!;
        result[(y * wide + x) * channels + c] = Math.round(total / ((bottom - top) * (right - left)));
      }
    }
  }
  return { width: wide, height: high, channels, pixels: result };
}
