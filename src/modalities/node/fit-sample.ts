/**
 * @file Training rows from which modalities are fitted: all of them where they are few, else a choice by the hash of their keys,
 * the same whatever the order of the rows, with a row added for every category that the choice would miss.
 * In: a Dataset. Out: Rows without the bytes of their media, and for each media column the files of some hundreds of them.
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Cell, Column, MediaFile, Row, Values } from "../../data/records.ts";
import { position } from "../../data/split.ts";
import { random, shuffle } from "../../engine/random.ts";

export interface FitSample {
  readonly rows: readonly Row[];
  /** Media column → row → the file to be decoded. */
  readonly files: Readonly<Record<string, ReadonlyMap<Row, MediaFile>>>;
}

export interface FitSampleOptions {
  /** Columns of media. */
  readonly media: readonly string[];
  readonly seed: number;
  /** Cells kept, at most, over all rows; 1,200,000: 100,000 rows of 12 columns. */
  readonly mostCells?: number;
}

const fewestRows = 5000;
/** Training files looked at before the size, rate and scale of a media column are chosen. */
const mediaSample = 400;
/** Categories of a column that are looked for among all rows; rarer ones of so varied a column may become missing. */
const mostLevels = 10_000;

export async function fitSample(
  dataset: Dataset,
  { media, seed, mostCells = 1_200_000 }: FitSampleOptions,
): Promise<FitSample> {
  const most = Math.max(fewestRows, Math.floor(mostCells / dataset.columns.length));
  const share = most / Math.max(1, dataset.splitCounts.train);
  const rows: Row[] = [];
  const rare = rareLevels(dataset.columns);
  let withBytes = false;
  for await (const chunk of dataset.rows()) {
    for (const row of chunk) {
      if (row.split !== "train") continue;
      // Another seed than that of the split, which goes by the same hash.
      const place = share >= 1 ? 0 : position(row.key, seed ^ 0x5eed);
      if (place >= share) {
        rare.offer(row, place, lean);
        continue;
      }
      withBytes ||= media.some((name) => bytesOf(row.cells[name]) !== undefined);
      rows.push(lean(row, media));
    }
  }
  if (share < 1) rows.push(...rare.missedBy(rows));
  const chosen = Object.fromEntries(
    media.map((name) => {
      // A vector may stand in the cell itself: then there is no file to decode.
      const holding = rows.filter(({ cells }) => typeof cells[name] === "object" && cells[name] !== null);
      return [name, sampleRows(holding, mediaSample, seed, name)];
    }),
  );
  return { rows, files: await filesOf(dataset, chosen, withBytes) };
}

const bytesOf = (cell: Cell | undefined): Uint8Array | undefined =>
  typeof cell === "object" ? cell?.bytes : undefined;

/** Without the content of media, which would fill the memory. */
function lean(row: Row, media: readonly string[] = Object.keys(row.cells)): Row {
  if (!media.some((name) => bytesOf(row.cells[name]))) return row;
  const cells = Object.entries(row.cells).map(([name, cell]): [string, Cell] => {
    if (bytesOf(cell) === undefined) return [name, cell];
    const { media: kind, path } = cell as MediaFile;
    return [name, { media: kind, path }];
  });
  return { ...row, cells: Object.fromEntries(cells) };
}

function sampleRows(rows: readonly Row[], count: number, seed: number, name: string): Row[] {
  const order = rows.map((_, i) => i);
  shuffle(order, random(seed, `sample ${name}`));
  return order.slice(0, count).map((i) => rows[i]!);
}

/** The files of the chosen rows; where they hold bytes, which were let go, the data is read once more. */
async function filesOf(
  dataset: Dataset,
  chosen: Readonly<Record<string, readonly Row[]>>,
  withBytes: boolean,
): Promise<FitSample["files"]> {
  const files = Object.entries(chosen).map(
    ([name, rows]) => [name, new Map(rows.map((row) => [row, row.cells[name] as MediaFile]))] as const,
  );
  if (!withBytes) return Object.fromEntries(files);
  const wanted = new Map(Object.values(chosen).flatMap((rows) => rows.map((row) => [row.number, row] as const)));
  for await (const chunk of dataset.rows()) {
    for (const { number, cells } of chunk) {
      const row = wanted.get(number);
      if (row === undefined) continue;
      for (const [name, own] of files) if (own.has(row)) own.set(row, cells[name] as MediaFile);
      wanted.delete(number);
    }
    if (wanted.size === 0) break;
  }
  return Object.fromEntries(files);
}

const levelled: readonly Column["kind"][] = ["categorical", "boolean", "ordinal", "multilabel"];

/** For every category of the rows left out, the one of them that comes first by hash. */
function rareLevels(columns: readonly Column[]) {
  const watched = columns
    .filter(({ kind, role }) => role === "feature" && levelled.includes(kind))
    .map(({ name, spelling }) => ({
      name,
      separator: spelling?.separator,
      first: new Map<string, { place: number; row: Row }>(),
    }));
  const levelsOf = (cell: Cell, separator: string | undefined): string[] =>
    separator === undefined ? [String(cell)] : String(cell).split(separator);
  return {
    offer(row: Row, place: number, kept: (row: Row) => Row): void {
      for (const { name, separator, first } of watched) {
        const cell = row.cells[name] ?? null;
        if (cell === null) continue;
        for (const level of levelsOf(cell, separator)) {
          const known = first.get(level);
          if (known ? place < known.place : first.size < mostLevels) first.set(level, { place, row: kept(row) });
        }
      }
    },
    missedBy(rows: readonly Row[]): Row[] {
      const added = new Map<number, Row>();
      for (const { name, separator, first } of watched) {
        for (const { cells } of rows)
          if ((cells[name] ?? null) !== null)
            for (const level of levelsOf(cells[name]!, separator)) first.delete(level);
        for (const { row } of first.values()) added.set(row.number, row);
      }
      return [...added.values()].sort((a, b) => a.number - b.number);
    },
  };
}

/** The sample with values of these columns in some hundreds of its rows alone, null elsewhere: a backbone takes its time. */
export function featureSample(sample: readonly Values[], columns: readonly string[], seed: number): Values[] {
  const shown = new Map(
    columns.map((name) => {
      const holding = [...sample.keys()].filter((i) => (sample[i]![name] ?? null) !== null);
      shuffle(holding, random(seed, `sample ${name}`));
      return [name, new Set(holding.slice(0, mediaSample))];
    }),
  );
  return sample.map((values, i) => {
    const hidden = columns.filter((name) => !shown.get(name)!.has(i));
    return { ...values, ...Object.fromEntries(hidden.map((name) => [name, null])) };
  });
}
