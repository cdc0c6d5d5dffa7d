/**
 * @file A data set → modalities fitted to it, and → arrays. The one place where media files are decoded in bulk.
 * In: a Dataset, a MediaDecoder, a cache. Out: Modality values; EncodedRows in the order of the source, with splits and issues.
 * Rows are read, decoded and encoded part by part: few stand in memory, many go to a file as they come.
 */
import { createHash } from "node:crypto";
import { DataError } from "../../data/data-error.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { Issue } from "../../data/issues.ts";
import { decodeMedia, type MediaDecoder, MediaError, type MediaProbe, type MediaRequest } from "../../data/media.ts";
import type { ArrayCache } from "../../data/node/cache.ts";
import { mediaStamper } from "../../data/node/fingerprint.ts";
import { issueCollector } from "../../data/node/survey.ts";
import {
  type Cell,
  type MediaFile,
  type Row,
  type Scalar,
  splits,
  type Value,
  type Values,
} from "../../data/records.ts";
import { extractFeatures } from "../backbone/extract.ts";
import { encodeRows } from "../batch.ts";
import type { EncodedRows } from "../encoded-rows.ts";
import type { Batch, Modality, ModalityKinds } from "../modality.ts";
import { backboneUses, fitModalities, mediaColumns, planMedia } from "../open-modality.ts";
import { type RecordLayout, recordLayout } from "../record-layout.ts";
import { keepRows, keptRows } from "./encoded-store.ts";
import { featureSample, fitSample } from "./fit-sample.ts";
import type { Backbones } from "./read-backbones.ts";

export interface EncodedDataset {
  readonly rows: EncodedRows;
  /** Each row's split, by its place in `splits` of data/records.ts. */
  readonly splits: Uint8Array;
  /** Met while decoding and encoding; those of opening are the data set's own. */
  readonly issues: readonly Issue[];
  /** Lets go of the rows; a file of theirs that the cache does not keep is gone then. */
  close(): Promise<void>;
}

export interface EncodeOptions {
  readonly decoder: MediaDecoder;
  readonly cache?: ArrayCache | undefined;
  /** Values of columns that are read through a backbone → features, a part of the rows at a time. */
  readonly extract?: ((rows: readonly Values[]) => Promise<readonly Values[]>) | undefined;
  /** Bytes of arrays that may stand in memory; larger ones are read from disk as they are needed. */
  readonly memory?: number | undefined;
  /** Share of the rows decoded, in 0..1; not called when the cache has them. */
  onDecoded?(share: number): void;
}

/** Raised when the same values become other arrays than before: what an older version kept is then no longer used. */
const encodingVersion = 2;
/** Files decoded at once: enough to keep all cores busy, few enough to stay small. */
const filesAtOnce = 8;
/** Rows decoded and encoded at once. */
const rowsAtOnce = 256;
const defaultMemory = 64 * 1024 * 1024;

export interface FitOptions {
  readonly decoder: MediaDecoder;
  readonly seed: number;
  readonly kinds?: ModalityKinds | undefined;
  readonly backbones?: Pick<Backbones, "kinds" | "networkOf"> | undefined;
}

/** Fits every modality to the training rows: a choice of many of them, and of some hundreds of their media. */
export async function fitDataset(
  dataset: Dataset,
  { decoder, seed, kinds, backbones }: FitOptions,
): Promise<Modality[]> {
  const { columns: settings } = dataset.reading;
  const more = { kinds, backbones: backbones?.kinds };
  const media = mediaColumns(dataset.columns, settings, more).map(({ name }) => name);
  const { rows: training, files } = await fitSample(dataset, { media, seed });
  const probes: Record<string, MediaProbe[]> = {};
  for (const name of media) {
    const found = await inParallel([...files[name]!.values()], (file) => probe(file, decoder));
    probes[name] = found.filter((one) => one !== undefined);
  }
  const requests = planMedia(dataset.columns, settings, probes, more);
  const sample = await inParallel(training, (row) => {
    const own = media.flatMap((name) => (files[name]!.has(row) ? [[name, files[name]!.get(row)!] as const] : []));
    if (own.length === 0) return withoutMedia(row.cells);
    const wanted = Object.fromEntries(own.flatMap(([name]) => (requests[name] ? [[name, requests[name]]] : [])));
    return decodeRow({ ...row, cells: { ...row.cells, ...Object.fromEntries(own) } }, wanted, decoder, () => undefined);
  });
  const uses = backboneUses(dataset.columns, settings, requests, more);
  if (!backbones || Object.keys(uses).length === 0)
    return fitModalities(dataset.columns, settings, sample, requests, more);
  const shown = featureSample(sample, Object.keys(uses), seed);
  const prepared = await extractFeatures(uses, shown, backbones.networkOf);
  return fitModalities(dataset.columns, settings, prepared, requests, more);
}

/** All rows as arrays. Decoded arrays come from the cache when neither data, media nor modalities have changed. */
export async function encodeDataset(
  dataset: Dataset,
  modalities: readonly Modality[],
  options: EncodeOptions,
): Promise<EncodedDataset> {
  const layout = recordLayout(modalities);
  const place = {
    key: await keyOf(dataset, modalities),
    layout,
    count: dataset.rowCount,
    cache: options.cache,
    inMemory: dataset.rowCount * layout.bytes <= (options.memory ?? defaultMemory),
  };
  return (await keptRows(place)) ?? (await encodeAll(dataset, modalities, options, place));
}

type Place = Parameters<typeof keepRows>[0];

/** Names the arrays by all that they depend on. Without media the fingerprint says it all. */
async function keyOf(dataset: Dataset, modalities: readonly Modality[]): Promise<string> {
  const states = modalities.map(({ state }) => state);
  const hash = createHash("sha256").update(
    JSON.stringify([encodingVersion, dataset.fingerprint, dataset.reading, states]),
  );
  const media = modalities.flatMap((modality) => Object.keys(modality.media));
  if (media.length > 0) {
    const stamper = mediaStamper();
    for await (const rows of dataset.rows())
      await stamper.add(rows.flatMap(({ cells }) => media.map((name) => asMedia(cells[name] ?? null))));
    hash.update(stamper.digest());
  }
  return hash.digest("hex");
}

async function encodeAll(
  dataset: Dataset,
  modalities: readonly Modality[],
  { decoder, extract, onDecoded }: EncodeOptions,
  place: Place & { readonly layout: RecordLayout },
): Promise<EncodedDataset> {
  const requests: Record<string, MediaRequest> = Object.assign({}, ...modalities.map(({ media }) => media));
  const issues = issueCollector();
  const store = await keepRows(place);
  const codes = new Uint8Array(place.count);
  let done = 0;
  try {
    for await (const chunk of ahead(dataset.rows())) {
      for (let start = 0; start < chunk.length; start += rowsAtOnce) {
        const part = chunk.slice(start, start + rowsAtOnce);
        if (done + part.length > place.count) throw changed(dataset);
        await store.append(await encodePart(part, modalities, requests, { decoder, extract }, issues.add));
        part.forEach(({ split }, i) => {
          codes[done + i] = splits.indexOf(split);
        });
        done += part.length;
        onDecoded?.(Math.min(1, done / place.count));
      }
    }
    if (done < place.count) throw changed(dataset);
    return await store.finish(
      codes,
      issues.list().sort((a, b) => rowOf(a) - rowOf(b)),
    );
  } catch (cause) {
    await store.abandon();
    throw cause;
  }
}

/** Rows → arrays; issues are told by the rows' numbers. */
export async function encodePart(
  part: readonly Row[],
  modalities: readonly Modality[],
  requests: Readonly<Record<string, MediaRequest>>,
  { decoder, extract }: Pick<EncodeOptions, "decoder" | "extract">,
  onIssue: (issue: Issue & { readonly column: string }) => void,
): Promise<Batch> {
  const values =
    Object.keys(requests).length === 0
      ? part.map(({ cells }) => withoutMedia(cells))
      : await inParallel(part, (row) => decodeRow(row, requests, decoder, onIssue));
  const batch = encodeRows(modalities, extract ? await extract(values) : values);
  for (const { issues } of Object.values(batch))
    for (const issue of issues) if (issue.code !== "row-empty") onIssue({ ...issue, row: part[issue.row]!.number });
  return batch;
}

const rowOf = (issue: Issue): number => issue.row ?? 0;

const changed = ({ source }: Dataset) =>
  new DataError(`Cannot read ${source}: its rows became more or fewer while it was read. Try again.`);

/** A row's cells as values: media decoded as asked, everything else as it stands. A file that fails is missing and told. */
export async function decodeRow(
  row: Pick<Row, "number" | "cells">,
  requests: Readonly<Record<string, MediaRequest>>,
  decoder: MediaDecoder,
  onIssue: (issue: Issue & { readonly column: string }) => void,
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

/** The same where no file is asked for, at once. */
function withoutMedia(cells: Row["cells"]): Values {
  if (!Object.values(cells).some(asMedia)) return cells as Values;
  return Object.fromEntries(
    Object.entries(cells).map(([name, cell]) => [name, asMedia(cell) ? null : (cell as Scalar | null)]),
  );
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

/** Results in order, some at a time. */
async function inParallel<A, B>(items: readonly A[], f: (item: A) => B | Promise<B>): Promise<B[]> {
  const results = new Array<B>(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const own = next++;
      results[own] = await f(items[own]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(filesAtOnce, items.length) }, worker));
  return results;
}

/** The next item is on its way while one is worked on. */
async function* ahead<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let coming = iterator.next();
  coming.catch(() => undefined);
  try {
    for (;;) {
      const { value, done } = await coming;
      if (done === true) return;
      coming = iterator.next();
      coming.catch(() => undefined);
      yield value;
    }
  } finally {
    await coming.catch(() => undefined);
    await iterator.return?.();
  }
}
