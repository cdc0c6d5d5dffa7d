/**
 * @file Where encoded rows are kept: few in memory and as an entry of the cache, many in one file of the cache, or in a temporary
 * one where the cache may not hold it. In: parts of rows, first to last. Out: an EncodedDataset, now or in a later run.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Issue } from "../../data/issues.ts";
import type { ArrayCache, CacheEntry } from "../../data/node/cache.ts";
import { batchRows } from "../batch.ts";
import { memoryRows } from "../encoded-rows.ts";
import type { Batch, TypedArray } from "../modality.ts";
import { batchFiller, type RecordLayout } from "../record-layout.ts";
import type { EncodedDataset } from "./encode-dataset.ts";
import { readRowFile, rowFileWriter } from "./row-file.ts";

export interface StorePlace {
  /** Names data, media and modalities. */
  readonly key: string;
  readonly layout: RecordLayout;
  /** Rows in all. */
  readonly count: number;
  readonly cache: ArrayCache | undefined;
  readonly inMemory: boolean;
}

export interface RowStore {
  append(batch: Batch): Promise<void>;
  finish(splits: Uint8Array, issues: readonly Issue[]): Promise<EncodedDataset>;
  /** Nothing of it stays. */
  abandon(): Promise<void>;
}

/** What an earlier run kept, or undefined. */
export async function keptRows(place: StorePlace): Promise<EncodedDataset | undefined> {
  if (place.inMemory) {
    const kept = await place.cache?.get(place.key);
    return kept && fromEntry(kept, place);
  }
  const file = await place.cache?.openFile(place.key);
  if (!file) return undefined;
  try {
    return await fromFile(file, place.layout, true);
  } catch {
    await file.close();
    return undefined;
  }
}

export const keepRows = (place: StorePlace): Promise<RowStore> =>
  place.inMemory ? Promise.resolve(memoryStore(place)) : fileStore(place);

function memoryStore({ key, layout, count, cache }: StorePlace): RowStore {
  const filler = batchFiller(layout, count);
  let rows = 0;
  return {
    append: async (batch) => {
      filler.setRows(rows, batch);
      rows += batchRows(batch);
    },
    async finish(splits, issues) {
      const arrays = { ...pack(filler.batch), [splitArray]: splits } as CacheEntry["arrays"];
      await cache?.put(key, { arrays, metadata: { issues } satisfies Metadata });
      return { rows: memoryRows(filler.batch), splits, issues, close: async () => undefined };
    },
    abandon: async () => undefined,
  };
}

async function fileStore({ key, layout, count, cache }: StorePlace): Promise<RowStore> {
  // Room for the footer, issues included, beside records, usable and splits.
  const bytes = count * (layout.bytes + 2) + 1_000_000;
  const kept = await cache?.createFile(key, bytes);
  const temporary = kept ? undefined : await temporaryFile();
  const handle = (kept ?? temporary)!.handle;
  const writer = rowFileWriter(handle, layout, count);
  const abandon = async () => {
    await handle.close();
    await (kept ?? temporary)!.drop();
  };
  return {
    append: writer.append,
    async finish(splits, issues) {
      await writer.finish(splits, { issues });
      await kept?.keep();
      const { close, ...encoded } = await fromFile(handle, layout, false);
      return { ...encoded, close: () => (temporary ? abandon() : close()) };
    },
    abandon,
  };
}

async function fromFile(file: FileHandle, layout: RecordLayout, verify: boolean): Promise<EncodedDataset> {
  const { rows, tail, metadata } = await readRowFile(file, layout, { verify });
  return { rows, splits: tail, issues: (metadata as Metadata).issues, close: () => file.close() };
}

interface Metadata {
  readonly issues: readonly Issue[];
}

/** Gone with the process, however it ends, where the system lets go of a name before its file. */
async function temporaryFile(): Promise<{ handle: FileHandle; drop(): Promise<void> }> {
  const path = join(tmpdir(), `polyvae-${randomUUID()}.rows`);
  const handle = await open(path, "wx+");
  const drop = () => rm(path, { force: true }).catch(() => undefined);
  if (process.platform !== "win32") await drop();
  return { handle, drop };
}

const separator = "\u0000";
const splitArray = `${separator}splits`;

/** Flat names for the cache: modality, array; presence under an array name that no modality can have. */
const pack = (batch: Batch): Record<string, TypedArray> =>
  Object.fromEntries(
    Object.entries(batch).flatMap(([modality, { arrays, present }]) => [
      ...Object.entries(arrays).map(([name, array]) => [modality + separator + name, array] as const),
      [modality + separator, present] as const,
    ]),
  );

function fromEntry({ arrays, metadata }: CacheEntry, { layout, count }: StorePlace): EncodedDataset | undefined {
  const batch: Record<string, { rows: number; arrays: Batch[string]["arrays"]; present: Uint8Array; issues: [] }> = {};
  for (const { modality, array } of layout.fields) {
    const own = (batch[modality] ??= { rows: count, arrays: {}, present: new Uint8Array(0), issues: [] });
    const found = arrays[modality + separator + (array ?? "")];
    if (!found) return undefined;
    if (array === null) own.present = found as Uint8Array;
    else own.arrays = { ...own.arrays, [array]: found as Uint8Array };
  }
  const { issues } = metadata as Metadata;
  return { rows: memoryRows(batch), splits: arrays[splitArray] as Uint8Array, issues, close: async () => undefined };
}
