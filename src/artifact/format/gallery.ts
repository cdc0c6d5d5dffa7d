/**
 * @file A gallery in a model file. In: features and items. Out: bytes, and back: 8 bytes little-endian length of a safetensors part that
 * holds the features, the same of a JSON part that lists the items, both, then the pictures' bytes and the sounds' samples (16 bits).
 */
import * as z from "zod";
import type { Gallery, GalleryItem } from "../../modalities/backbone/gallery.ts";
import { readTensors, writeTensors } from "./safetensors.ts";

const whole = z.number().int().min(1);
const itemSchema = z.object({
  key: z.string(),
  path: z.string().optional(),
  text: z.string().optional(),
  picture: z.tuple([whole, whole, z.union([z.literal(1), z.literal(3), z.literal(4)])]).optional(),
  /** Rate and number of samples. */
  sound: z.tuple([z.number().positive(), z.number().int().min(0)]).optional(),
});
type Listed = z.infer<typeof itemSchema>;

export function writeGallery({ features, items }: Gallery): Uint8Array {
  const width = features.length / Math.max(1, items.length);
  const tensors = writeTensors({ features: { shape: [items.length, width], values: features } });
  const listed = new TextEncoder().encode(JSON.stringify(items.map(list)));
  const contents = items.map(contentOf);
  const size = contents.reduce((total, { length }) => total + length, 0);
  const bytes = new Uint8Array(16 + tensors.length + listed.length + size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(tensors.length), true);
  view.setBigUint64(8, BigInt(listed.length), true);
  let at = 16;
  for (const part of [tensors, listed, ...contents]) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function list({ key, path, value }: GalleryItem): Listed {
  const named = { key, ...(path !== undefined && { path }) };
  if (typeof value === "string") return { ...named, text: value };
  if ("pixels" in value) return { ...named, picture: [value.width, value.height, value.channels] };
  return { ...named, sound: [value.rate, value.samples.length] };
}

function contentOf({ value }: GalleryItem): Uint8Array {
  if (typeof value === "string") return new Uint8Array();
  if ("pixels" in value) return value.pixels;
  const bytes = new Uint8Array(2 * value.samples.length);
  const view = new DataView(bytes.buffer);
  value.samples.forEach((x, i) => {
    view.setInt16(2 * i, Math.round(32_767 * Math.min(1, Math.max(-1, x))), true);
  });
  return bytes;
}

/** @throws Error where the bytes are no gallery */
export function readGallery(bytes: Uint8Array): Gallery {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [first, second] = [0, 8].map((at) => Number(view.getBigUint64(at, true))) as [number, number];
  if (16 + first + second > bytes.length) throw new Error("it is cut off");
  const { features } = readTensors(bytes.slice(16, 16 + first));
  const text = new TextDecoder().decode(bytes.subarray(16 + first, 16 + first + second));
  const listed = z.array(itemSchema).parse(JSON.parse(text));
  if (features?.shape[0] !== listed.length) throw new Error(`it lists ${listed.length} items, with other features`);
  let at = 16 + first + second;
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Error("it is cut off");
    return bytes.slice(at, (at += length));
  };
  const read = ({ text: string = "", picture, sound }: Listed): GalleryItem["value"] => {
    if (picture) {
      const [width, height, channels] = picture;
      return { width, height, channels, pixels: take(width * height * channels) };
    }
    if (!sound) return string;
    const own = take(2 * sound[1]);
    const samples = new DataView(own.buffer);
    return {
      rate: sound[0],
      samples: Float32Array.from({ length: sound[1] }, (_, i) => samples.getInt16(2 * i, true) / 32_767),
    };
  };
  const items = listed.map((item) => ({
    key: item.key,
    ...(item.path !== undefined && { path: item.path }),
    value: read(item),
  }));
  return { features: features.values, items };
}
