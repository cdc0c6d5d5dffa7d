import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Dataset } from "../../data/dataset.ts";
import { type MediaDecoder, MediaError } from "../../data/media.ts";
import { arrayCache } from "../../data/node/cache.ts";
import type { MediaFile, Row } from "../../data/records.ts";
import { column } from "../../data/testing/column.ts";
import { plainReading } from "../../data/testing/reading.ts";
import { type EncodedDataset, encodeDataset, fitDataset } from "./encode-dataset.ts";

const folder = mkdtempSync(join(tmpdir(), "polyvae-encode-"));
afterAll(() => rmSync(folder, { recursive: true }));

const broken = 7;
const absent = 11;

/** 600 rows (more than are encoded at once): a picture held in bytes, a number; the picture of one row cannot be read. */
function dataset(fingerprint = "a", changed?: number): Dataset {
  const photo = (i: number): MediaFile => ({
    media: "image",
    path: `photo ${i}`,
    bytes: Uint8Array.of(i % 256, i >> 8, i === changed ? 1 : 0),
  });
  const rows = Array.from({ length: 600 }, (_, i): Row => {
    const split = i % 3 === 0 ? "train" : i % 3 === 1 ? "validation" : "test";
    return { key: `k${i}`, number: i + 1, split, cells: { photo: i === absent ? null : photo(i), size: i / 10 } };
  });
  return {
    source: "/rows.csv",
    reading: plainReading(),
    fingerprint,
    rowCount: rows.length,
    usableRows: rows.length,
    splitCounts: { train: 200, validation: 200, test: 200 },
    columns: [column("photo", "image"), column("size", "real")],
    issues: [],
    async *rows() {
      yield rows.slice(0, 250);
      yield rows.slice(250);
    },
    close: () => undefined,
  };
}

/** Each picture is of one grey, told by its bytes. Counts what was decoded. */
function decoder() {
  const decoded: string[] = [];
  const never = () => Promise.reject(new Error("no sound here"));
  const pictures: MediaDecoder = {
    vector: () => Promise.reject(new Error("no vectors here")),
    sound: never,
    probeSound: never,
    probeImage: async () => ({ width: 8, height: 8, channels: 1 }),
    async image({ path, bytes }, { width, height }) {
      decoded.push(path);
      // Later rows are done first.
      await new Promise((resolve) => setTimeout(resolve, bytes![0]! % 2 === 0 ? 1 : 0));
      if (path === `photo ${broken}`) throw new MediaError("media-undecodable", "this is no picture");
      return { width, height, channels: 1, pixels: new Uint8Array(width * height).fill(bytes![0]! + bytes![1]!) };
    },
  };
  return { pictures, decoded };
}

const readAll = ({ rows }: EncodedDataset) => rows.read([...Array(rows.count).keys()]);

test("rows stay in order; what cannot be read or is not there is missing, the first told by its row", async () => {
  const { pictures } = decoder();
  const modalities = await fitDataset(dataset(), { decoder: pictures, seed: 0 });
  const shares: number[] = [];
  const encoded = await encodeDataset(dataset(), modalities, { decoder: pictures, onDecoded: (s) => shares.push(s) });
  expect(Array.from(encoded.splits.slice(0, 4))).toEqual([0, 1, 2, 0]);
  expect(encoded.rows.count).toBe(600);
  const { photo, table } = await readAll(encoded);
  const missing = Array.from(photo!.present.keys()).filter((i) => photo!.present[i] === 0);
  expect(missing).toEqual([broken, absent]);
  const [pixels] = Object.values(photo!.arrays);
  const width = pixels!.length / 600;
  for (const row of [0, 6, 255, 256, 599]) expect(pixels![row * width]).toBe((row % 256) + (row >> 8));
  expect(table!.rows).toBe(600);
  expect(encoded.issues).toEqual([
    { code: "media-undecodable", column: "photo", row: broken + 1, detail: "this is no picture" },
  ]);
  expect(shares.at(-1)).toBe(1);
});

test.each([
  ["in memory", undefined],
  ["on disk", 0],
])("%s: what was decoded is kept, issues too, until data, media or modalities change", async (where, memory) => {
  const { pictures, decoded } = decoder();
  const cache = arrayCache(join(folder, where));
  const modalities = await fitDataset(dataset(), { decoder: pictures, seed: 0 });
  const encode = async (data: Dataset, kinds = modalities) => {
    decoded.length = 0;
    const encoded = await encodeDataset(data, kinds, { decoder: pictures, cache, memory });
    const { splits, issues } = encoded;
    const batch = await readAll(encoded);
    await encoded.close();
    return { batch, splits, issues, files: decoded.length };
  };
  const fresh = await encode(dataset());
  expect(fresh.files).toBe(599);
  const kept = await encode(dataset());
  expect(kept).toEqual({ ...fresh, files: 0 });
  expect((await encode(dataset("b"))).files).toBe(599);
  expect((await encode(dataset("a", 20))).files).toBe(599);
  expect((await encode(dataset(), modalities.slice(0, 1))).files).toBe(599);
  expect((await encode(dataset())).files).toBe(0);
});

test("an error that is not the file's own ends the work", async () => {
  const { pictures } = decoder();
  const modalities = await fitDataset(dataset(), { decoder: pictures, seed: 0 });
  const failing = { ...pictures, image: () => Promise.reject(new Error("out of memory")) };
  await expect(encodeDataset(dataset(), modalities, { decoder: failing })).rejects.toThrow("out of memory");
});
