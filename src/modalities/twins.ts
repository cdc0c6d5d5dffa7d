/**
 * @file Held-out values that nearly equal a training value: what is measured on them flatters the model. In: the marks of
 * held-out values, then of training values. Out: pairs that share nearly all of their marks. Candidates are found by MinHash with banding
 * (Broder 1997; Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", ch. 3), so time grows with the number of values and
 * memory with that of the held-out ones alone; each candidate is then compared mark by mark.
 */
import { mixed } from "./marks.ts";

export interface Twin {
  readonly row: number;
  readonly trainingRow: number;
}

export interface TwinFinder {
  /** A held-out row; all of them come before the first training row. */
  hold(row: number, marks: Uint32Array): void;
  /** A training row. */
  meet(row: number, marks: Uint32Array): void;
  /** Of each held-out row that has one, the first training row that is its twin. */
  twins(): Twin[];
  /** Held-out rows that had marks to be compared by. */
  readonly held: number;
}

/** Share of their marks together that two values have in common (Jaccard) from which they are twins. */
const alike = 0.9;
/** At a share of .9 a pair is missed with a chance of 2e-4; at .5 it is a candidate with one of .4. */
const bands = 8;
const rowsPerBand = 4;
const seeds = Uint32Array.from({ length: bands * rowsPerBand }, (_, i) => mixed(0x5bd1e995 ^ (i + 1)));

export function twinFinder(): TwinFinder {
  const held: { row: number; marks: ReadonlySet<number>; twin: number | undefined }[] = [];
  const buckets = Array.from({ length: bands }, () => new Map<number, number[]>());
  return {
    hold(row, marks) {
      if (marks.length === 0) return;
      const index = held.push({ row, marks: new Set(marks), twin: undefined }) - 1;
      bandsOf(marks).forEach((key, band) => {
        const bucket = buckets[band]!.get(key);
        if (bucket) bucket.push(index);
        else buckets[band]!.set(key, [index]);
      });
    },
    meet(row, marks) {
      if (marks.length === 0 || held.length === 0) return;
      const candidates = new Set(bandsOf(marks).flatMap((key, band) => buckets[band]!.get(key) ?? []));
      for (const index of candidates) {
        const other = held[index]!;
        if (other.twin === undefined && jaccard(marks, other.marks) >= alike) other.twin = row;
      }
    },
    twins: () => held.flatMap(({ row, twin }) => (twin === undefined ? [] : [{ row, trainingRow: twin }])),
    get held() {
      return held.length;
    },
  };
}

/** One number for each band: equal where the least hashes of both sets agree. */
function bandsOf(marks: Uint32Array): number[] {
  const least = new Uint32Array(seeds.length).fill(0xffffffff);
  for (const mark of marks)
    for (let i = 0; i < seeds.length; i++) {
      const hash = Math.imul(mark ^ seeds[i]!, 0x9e3779b1 ^ (seeds[i]! << 1)) >>> 0;
      if (hash < least[i]!) least[i] = hash;
    }
  return Array.from({ length: bands }, (_, band) => {
    let key = band;
    for (let i = 0; i < rowsPerBand; i++) key = mixed(key ^ least[band * rowsPerBand + i]!);
    return key;
  });
}

function jaccard(marks: Uint32Array, others: ReadonlySet<number>): number {
  let common = 0;
  for (const mark of marks) if (others.has(mark)) common++;
  return common / (marks.length + others.size - common);
}
