/**
 * @file The training items that a backbone's modality answers with. In: encoded rows and the data set. Out: a Gallery: a seeded choice of
 * training rows, their features, and the items made small.
 */
import type { Dataset } from "../../data/dataset.ts";
import type { MediaDecoder } from "../../data/media.ts";
import { type Row, splits } from "../../data/records.ts";
import { random, shuffle } from "../../engine/random.ts";
import {
  type Gallery,
  type GalleryItem,
  itemBytes,
  mostGalleryBytes,
  mostItems,
  thumbnail,
} from "../backbone/gallery.ts";
import type { Modality } from "../modality.ts";
import { decodeRow, type EncodedDataset } from "./encode-dataset.ts";

export async function makeGallery(
  dataset: Pick<Dataset, "rows">,
  modality: Modality,
  { rows: encoded, splits: codes }: Pick<EncodedDataset, "rows" | "splits">,
  { decoder, seed }: { readonly decoder: MediaDecoder; readonly seed: number },
): Promise<Gallery> {
  const { name, media } = modality;
  const training = [...codes.keys()].filter((row) => splits[codes[row]!] === "train");
  shuffle(training, random(seed, `gallery ${name}`));
  // Some of them may lack the column.
  const chosen = new Set(training.slice(0, 2 * mostItems));
  const items: GalleryItem[] = [];
  const features: Float32Array[] = [];
  let [bytes, first] = [0, 0];
  for await (const chunk of dataset.rows()) {
    const wanted = chunk.flatMap((_, i) => (chosen.has(first + i) ? [i] : []));
    const indices = wanted.map((i) => first + i);
    first += chunk.length;
    if (indices.length === 0) continue;
    const { arrays, present } = (await encoded.read(indices))[name]!;
    for (const [at, i] of wanted.entries()) {
      if (present[at] !== 1 || bytes >= mostGalleryBytes || items.length >= mostItems) continue;
      const item = await itemOf(chunk[i]!, name, media, decoder);
      if (!item) continue;
      const size = arrays.values!.length / wanted.length;
      bytes += itemBytes(item.value) + 4 * size;
      items.push(item);
      features.push(arrays.values!.slice(at * size, (at + 1) * size) as Float32Array);
    }
  }
  const size = features[0]?.length ?? 0;
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
