/**
 * @file The rows that an evaluation looks at, in memory. In: an encoded data set and which split is judged. Out: which of its rows:
 * all of few, a seeded choice of many. `node/study-rows.ts` reads them.
 */
import type { Issue } from "../data/issues.ts";
import { type Scalar, type Split, splits } from "../data/records.ts";
import { chooseWhere, random } from "../engine/random.ts";
import type { EncodedRows } from "../modalities/encoded-rows.ts";
import type { Batch } from "../modalities/modality.ts";

export interface StudyRows {
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
  /** Rows of each split in the data, where these are a choice of them. */
  readonly available?: Readonly<Record<Split, number>>;
}

/** Metrics of more rows than this would be no more telling; a seeded choice stands for them. */
export const mostRows = 10_000;
const fewestRows = 2000;
/** Of arrays, for the rows of one split. */
const mostBytes = 96 * 1024 * 1024;

/** So many rows of one split are looked at, at most. */
export const rowsOfSplit = ({ rowBytes }: Pick<EncodedRows, "rowBytes">): number =>
  Math.max(fewestRows, Math.min(mostRows, Math.floor(mostBytes / Math.max(1, rowBytes))));

export interface RowChoice {
  readonly split: Split | "all";
  readonly seed: number;
  /** Whether training and validation rows are wanted beside: for judges. */
  readonly isTrainingData: boolean;
}

/** Indices in the order of the data: all rows where they are few. */
export function chooseStudyRows(
  { rows, splits: codes }: { readonly rows: EncodedRows; readonly splits: Uint8Array },
  { split, seed, isTrainingData }: RowChoice,
): number[] {
  const { count, usable } = rows;
  const most = rowsOfSplit(rows);
  if (count <= 3 * most) return Array.from({ length: count }, (_, row) => row);
  const choose = (passes: (row: number) => boolean, limit: number) =>
    chooseWhere(count, (row) => usable[row] === 1 && passes(row), limit, random(seed, "evaluated rows"));
  if (split === "all") return choose(() => true, isTrainingData ? 3 * most : most);
  const wanted = isTrainingData ? splits : [split];
  const chosen = wanted.flatMap((own) => choose((row) => codes[row] === splits.indexOf(own), most));
  return chosen.sort((a, b) => a - b);
}
