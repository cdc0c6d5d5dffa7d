/**
 * @file The training items that a backbone's modality answers with. In: encoded rows and the data set. Out: a Gallery: a seeded choice of
 * training rows, their features, and the items made small.
 */
import type { Dataset } from "../../data/dataset.ts";
import type { MediaDecoder } from "../../data/media.ts";
import type { Row } from "../../data/records.ts";
import { random, shuffle } from "../../engine/random.ts";
import {
  type Gallery,
  type GalleryItem,
  itemBytes,
  mostGalleryBytes,
  mostItems,
  thumbnail,
} from "../backbone/gallery.ts";
import type { Encoded, Modality } from "../modality.ts";
import { decodeRow } from "./encode-dataset.ts";

/** @param training numbers of the training rows, from 0 in the source's order */
export async function makeGallery(
  dataset: Pick<Dataset, "rows">,
  modality: Modality,
  encoded: Encoded,
  training: readonly number[],
  { decoder, seed }: { readonly decoder: MediaDecoder; readonly seed: number },
): Promise<Gallery> {
  const { name, media } = modality;
  const held = training.filter((row) => encoded.present[row] === 1);
  shuffle(held, random(seed, `gallery ${name}`));
  const chosen = new Set(held.slice(0, mostItems));
  const values = encoded.arrays.values as Float32Array;
  const size = values.length / Math.max(1, encoded.rows);
  const items: GalleryItem[] = [];
  const features: Float32Array[] = [];
  let bytes = 0;
  let at = -1;
  for await (const chunk of dataset.rows()) {
    for (const row of chunk) {
      at++;
      if (!chosen.has(at) || bytes >= mostGalleryBytes) continue;
      const item = await itemOf(row, name, media, decoder);
      if (!item) continue;
      bytes += itemBytes(item.value) + 4 * size;
      items.push(item);
      features.push(values.slice(at * size, (at + 1) * size));
    }
  }
  const joined = new Float32Array(items.length * size);
  for (const [i, own] of features.entries()) joined.set(own, i * size);
  return { features: joined, items };
}

async function itemOf(
  row: Row,
  column: string,
  media: Modality["media"],
  decoder: MediaDecoder,
): Promise<GalleryItem | undefined> {
  const cell = row.cells[column] ?? null;
  const { [column]: value } = await decodeRow({ ...row, cells: { [column]: cell } }, media, decoder, () => undefined);
  if (value === null || value === undefined || value instanceof Float32Array) return undefined;
  const path = typeof cell === "object" && cell && !cell.bytes ? cell.path : undefined;
  return {
    key: row.key,
    ...(path !== undefined && { path }),
    value: thumbnail(typeof value === "object" ? value : String(value)),
  };
}
