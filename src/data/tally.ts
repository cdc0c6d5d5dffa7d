/**
 * @file One column counted. In: its texts. Out: how often each occurs, and small sums over them that inference asks for.
 * Of a large file the counts may be those of a sample of rows; what only the whole file can tell then stands beside them.
 */
export interface ColumnTally {
  readonly name: string;
  /** Rows of the whole file. */
  readonly rows: number;
  /** Rows that were counted. */
  readonly counted: number;
  /** Text → cells; empty cells are left out. */
  readonly counts: ReadonlyMap<string, number>;
  /** Different texts in the whole file, where the counts are of a sample. */
  readonly distinct?: number;
  /** Least and greatest number of the whole file, where the counts are of a sample. */
  readonly range?: readonly [number, number];
  /** Cells that hold bytes, or a struct with bytes, rather than text, and how many. */
  readonly bytes?: { readonly of: "image" | "sound" | "vector" | "unknown"; readonly filled: number };
}

/** A column of values as a test or a small file has them. */
export function tallyOf(name: string, values: readonly (string | null)[]): ColumnTally {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== null && value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
  return { name, rows: values.length, counted: values.length, counts };
}

export const isWhole = ({ rows, counted }: ColumnTally): boolean => rows === counted;

export const cellsOf = (counts: ReadonlyMap<string, number>): number => {
  let cells = 0;
  for (const count of counts.values()) cells += count;
  return cells;
};

export const cellsWhere = (counts: ReadonlyMap<string, number>, test: (text: string) => boolean): number => {
  let cells = 0;
  for (const [text, count] of counts) if (test(text)) cells += count;
  return cells;
};

export const withoutTexts = (
  counts: ReadonlyMap<string, number>,
  left: readonly string[],
): ReadonlyMap<string, number> => {
  if (left.length === 0) return counts;
  const kept = new Map(counts);
  for (const text of left) kept.delete(text);
  return kept;
};

/** Values with their counts, ascending: quantiles by cells. */
export type Weighted = readonly (readonly [value: number, count: number])[];

export const ascending = (values: Iterable<readonly [number, number]>): Weighted =>
  [...values].sort((a, b) => a[0] - b[0]);

/** The least value below which no less than `share` of the cells lie; `values` ascends and is not empty. */
export function quantileOf(values: Weighted, share: number): number {
  const total = values.reduce((all, [, count]) => all + count, 0);
  let sofar = 0;
  for (const [value, count] of values) if ((sofar += count) >= share * total) return value;
  return values.at(-1)![0];
}

export const shortNumber = (value: number): string => String(Number(value.toPrecision(4)));
