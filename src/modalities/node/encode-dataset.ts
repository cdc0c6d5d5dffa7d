/**
 * @file A data set → modalities fitted to it, and → arrays. The one place where media files are decoded in bulk.
 * In: a Dataset, a MediaDecoder, a cache. Out: Modality values; a Batch of all rows with keys, splits and issues.
 */
import { createHash } from "node:crypto";
import type { Dataset } from "../../data/dataset.ts";
import type { Issue } from "../../data/issues.ts";
import { decodeMedia, type MediaDecoder, MediaError, type MediaProbe, type MediaRequest } from "../../data/media.ts";
import type { ArrayCache, CacheEntry } from "../../data/node/cache.ts";
import { mediaStamp } from "../../data/node/fingerprint.ts";
import type { Cell, MediaFile, Row, Scalar, Split, Value, Values } from "../../data/records.ts";
import { random, shuffle } from "../../engine/random.ts";
import { extractFeatures } from "../backbone/extract.ts";
import { encodeRows, joinBatches } from "../batch.ts";
import type { Batch, Encoded, Modality, ModalityKinds, TypedArray } from "../modality.ts";
import { backboneUses, fitModalities, mediaColumns, planMedia } from "../open-modality.ts";
import type { Backbones } from "./read-backbones.ts";

export interface EncodedDataset {
  /** Stable key of each row. */
  readonly keys: readonly string[];
  /** 1-based row number in the source. */
  readonly rows: readonly number[];
  readonly splits: readonly Split[];
  readonly batch: Batch;
  /** Met while decoding and encoding; those of opening are the data set's own. */
  readonly issues: readonly Issue[];
  /** Cells as read (media as paths): column → one value a row. */
  readonly cells: Readonly<Record<string, readonly (Scalar | null)[]>>;
}

export interface EncodeOptions {
  readonly decoder: MediaDecoder;
  readonly cache?: ArrayCache | undefined;
  /** Values of columns that are read through a backbone → features, a part of the rows at a time. */
  readonly extract?: ((rows: readonly Values[]) => Promise<readonly Values[]>) | undefined;
  /** Share of the rows decoded, in 0..1; not called when the cache has them. */
  onDecoded?(share: number): void;
}

/** Raised when the same values become other arrays than before: what an older version kept is then no longer used. */
const encodingVersion = 1;
/** Files decoded at once: enough to keep all cores busy, few enough to stay small. */
const filesAtOnce = 8;
/** Training files looked at before the size, rate and scale of a media column are chosen. */
const mediaSample = 400;

export interface FitOptions {
  readonly decoder: MediaDecoder;
  readonly seed: number;
  readonly kinds?: ModalityKinds | undefined;
  readonly backbones?: Pick<Backbones, "kinds" | "networkOf"> | undefined;
}

/** Fits every modality to the training rows. Text and table see all of them, media a seeded sample. */
export async function fitDataset(
  dataset: Dataset,
  { decoder, seed, kinds, backbones }: FitOptions,
): Promise<Modality[]> {
  const training: Row[] = [];
  for await (const chunk of dataset.rows()) training.push(...chunk.filter(({ split }) => split === "train"));
  const { columns: settings } = dataset.reading;
  const more = { kinds, backbones: backbones?.kinds };
  const media = mediaColumns(dataset.columns, settings, more);
  const chosen: Record<string, ReadonlySet<Row>> = {};
  const probes: Record<string, MediaProbe[]> = {};
  for (const { name } of media) {
    const rows = sampleRows(
      training.filter(({ cells }) => cells[name] !== null),
      mediaSample,
      seed,
      name,
    );
    chosen[name] = new Set(rows);
    const found = await inParallel(rows, async (row) => {
      const file = asMedia(row.cells[name] ?? null);
      return file ? probe(file, decoder) : undefined;
    });
    probes[name] = found.filter((one) => one !== undefined);
  }
  const requests = planMedia(dataset.columns, settings, probes, more);
  const sample = await inParallel(training, (row) => {
    const wanted = Object.entries(requests).filter(([name]) => chosen[name]?.has(row));
    return decodeRow(row, Object.fromEntries(wanted), decoder, () => undefined);
  });
  const uses = backboneUses(dataset.columns, settings, requests, more);
  if (!backbones || Object.keys(uses).length === 0)
    return fitModalities(dataset.columns, settings, sample, requests, more);
  // Features of the chosen rows alone: a network takes its time.
  const shown = sample.map((values, i) => {
    const left = Object.keys(uses).filter((name) => !chosen[name]?.has(training[i]!));
    return { ...values, ...Object.fromEntries(left.map((name) => [name, null])) };
  });
  const prepared = await extractFeatures(uses, shown, backbones.networkOf);
  return fitModalities(dataset.columns, settings, prepared, requests, more);
}

/** All rows as arrays. Decoded arrays come from the cache when neither data, media nor modalities have changed. */
export async function encodeDataset(
  dataset: Dataset,
  modalities: readonly Modality[],
  options: EncodeOptions,
): Promise<EncodedDataset> {
  const rows: Row[] = [];
  for await (const chunk of dataset.rows()) rows.push(...chunk);
  const { batch, issues } = await cachedBatch(dataset, rows, modalities, options);
  return {
    keys: rows.map(({ key }) => key),
    rows: rows.map(({ number }) => number),
    splits: rows.map(({ split }) => split),
    batch,
    issues,
    cells: Object.fromEntries(
      dataset.columns.map(({ name }) => [name, rows.map(({ cells }) => plainCell(cells[name] ?? null))]),
    ),
  };
}

interface Arrays {
  readonly batch: Batch;
  readonly issues: readonly Issue[];
}

async function cachedBatch(
  dataset: Dataset,
  rows: readonly Row[],
  modalities: readonly Modality[],
  options: EncodeOptions,
): Promise<Arrays> {
  const media = modalities.flatMap((modality) => Object.keys(modality.media));
  const key = createHash("sha256")
    .update(
      JSON.stringify([encodingVersion, dataset.fingerprint, dataset.reading, modalities.map(({ state }) => state)]),
    )
    .update(await mediaStamp(media.flatMap((name) => rows.map(({ cells }) => asMedia(cells[name] ?? null)))))
    .digest("hex");
  const kept = await options.cache?.get(key);
  if (kept) return unpack(kept.arrays, kept.metadata as PackedIssues);
  const fresh = await encodeAll(rows, modalities, options);
  await options.cache?.put(key, {
    arrays: pack(fresh.batch) as CacheEntry["arrays"],
    metadata: { rows: rows.length, issues: fresh.issues } satisfies PackedIssues,
  });
  return fresh;
}

async function encodeAll(
  rows: readonly Row[],
  modalities: readonly Modality[],
  { decoder, extract, onDecoded }: EncodeOptions,
): Promise<Arrays> {
  const requests: Record<string, MediaRequest> = Object.assign({}, ...modalities.map(({ media }) => media));
  const issues: Issue[] = [];
  const parts: Batch[] = [];
  const size = 256;
  for (let start = 0; start < rows.length; start += size) {
    const part = rows.slice(start, start + size);
    const values = await inParallel(part, (row) => decodeRow(row, requests, decoder, (issue) => issues.push(issue)));
    const batch = encodeRows(modalities, extract ? await extract(values) : values);
    for (const { issues: own } of Object.values(batch))
      issues.push(...own.map((issue) => ({ ...issue, row: part[issue.row]!.number })));
    parts.push(batch);
    onDecoded?.(Math.min(1, (start + size) / rows.length));
  }
  return { batch: joinBatches(parts), issues: issues.sort((a, b) => (a.row ?? 0) - (b.row ?? 0)) };
}

/** A row's cells as values: media decoded as asked, everything else as it stands. A file that fails is missing and told. */
export async function decodeRow(
  row: Pick<Row, "number" | "cells">,
  requests: Readonly<Record<string, MediaRequest>>,
  decoder: MediaDecoder,
  onIssue: (issue: Issue) => void,
): Promise<Values> {
  const entries = Object.entries(row.cells).map(async ([column, cell]): Promise<[string, Value | null]> => {
    const file = asMedia(cell);
    if (!file) return [column, cell as Scalar | null];
    const request = requests[column];
    if (!request) return [column, null];
    try {
      return [column, await decodeMedia(decoder, file, request)];
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      onIssue({ code: error.code, column, row: row.number, detail: error.detail });
      return [column, null];
    }
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function probe(file: MediaFile, decoder: MediaDecoder): Promise<MediaProbe | undefined> {
  if (file.media === "vector") return undefined;
  try {
    return await (file.media === "image" ? decoder.probeImage(file) : decoder.probeSound(file));
  } catch (error) {
    if (error instanceof MediaError) return undefined;
    throw error;
  }
}

const asMedia = (cell: Cell): MediaFile | null => (typeof cell === "object" ? cell : null);
const plainCell = (cell: Cell): Scalar | null => (typeof cell === "object" ? (cell?.path ?? null) : cell);

function sampleRows(rows: readonly Row[], count: number, seed: number, name: string): Row[] {
  const order = rows.map((_, i) => i);
  shuffle(order, random(seed, `sample ${name}`));
  return order.slice(0, count).map((i) => rows[i]!);
}

/** Results in order, some at a time. */
async function inParallel<A, B>(items: readonly A[], f: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (let start = 0; start < items.length; start += filesAtOnce) {
    results.push(...(await Promise.all(items.slice(start, start + filesAtOnce).map(f))));
  }
  return results;
}

interface PackedIssues {
  readonly rows: number;
  readonly issues: readonly Issue[];
}

const separator = "\u0000";

/** Flat names for the cache: modality, array; presence under an array name that no modality can have. */
const pack = (batch: Batch): Record<string, TypedArray> =>
  Object.fromEntries(
    Object.entries(batch).flatMap(([modality, { arrays, present }]) => [
      ...Object.entries(arrays).map(([name, array]) => [modality + separator + name, array] as const),
      [modality + separator, present] as const,
    ]),
  );

function unpack(arrays: Readonly<Record<string, unknown>>, { rows, issues }: PackedIssues): Arrays {
  const batch: Record<
    string,
    { rows: number; arrays: Record<string, TypedArray>; present: Uint8Array; issues: Encoded["issues"] }
  > = {};
  for (const [key, array] of Object.entries(arrays) as [string, TypedArray][]) {
    const [modality, name] = key.split(separator) as [string, string];
    const encoded = (batch[modality] ??= { rows, arrays: {}, present: new Uint8Array(0), issues: [] });
    if (name === "") encoded.present = array as Uint8Array;
    else encoded.arrays[name] = array;
  }
  return { batch, issues };
}
