/**
 * @file What a column holds once it is known how to read it. In: a ColumnTally, kind and spelling. Out: cells that are values,
 * different ones, and how they lie.
 */
import { cellReader } from "./cells.ts";
import { type ColumnKind, type Distribution, isFileKind, type Scalar, type Spelling } from "./records.ts";
import { ascending, type ColumnTally, isWhole, quantileOf, type Weighted } from "./tally.ts";

export interface Measured {
  /** Of a sample: what it makes of the whole file. */
  readonly present: number;
  readonly missing: number;
  readonly distinct: number;
  readonly distribution?: Distribution;
}

const binCount = 12;
const topCount = 5;

export function measureColumn(tally: ColumnTally, kind: ColumnKind, spelling?: Spelling): Measured {
  const { rows, counted, counts, bytes } = tally;
  if (bytes) return { present: bytes.filled, missing: rows - bytes.filled, distinct: bytes.filled };
  const read = cellReader(isFileKind(kind) ? "identifier" : kind, spelling);
  const values = new Map<Scalar, number>();
  for (const [text, count] of counts) {
    const { value } = read(text);
    if (value !== null) values.set(value, (values.get(value) ?? 0) + count);
  }
  // Where the empty cell means no, no cell is missing for being empty.
  const empty = read(null).value;
  const filled = [...counts.values()].reduce((all, count) => all + count, 0);
  if (empty !== null && counted > filled) values.set(empty, (values.get(empty) ?? 0) + counted - filled);
  const cells = kind === "empty" ? 0 : [...values.values()].reduce((all, count) => all + count, 0);
  const present = Math.min(rows, Math.round((cells * rows) / Math.max(1, counted)));
  const distinct = isWhole(tally) ? values.size : Math.min(present, Math.max(values.size, tally.distinct ?? 0));
  const distribution = cells === 0 ? undefined : distributionOf(kind, values, cells, spelling);
  return { present, missing: rows - present, distinct, ...(distribution && { distribution }) };
}

function distributionOf(
  kind: ColumnKind,
  values: ReadonlyMap<Scalar, number>,
  cells: number,
  spelling: Spelling = {},
): Distribution | undefined {
  switch (kind) {
    case "real":
    case "positive":
    case "fraction":
    case "count":
      return histogram(
        "numbers",
        [...values].map(([value, count]) => [Number(value), count]),
      );
    case "date":
      return histogram(
        "dates",
        [...values].map(([value, count]) => [Date.parse(String(value)) / 86_400_000, count]),
      );
    case "text":
      return histogram(
        "lengths",
        [...values].map(([value, count]) => [[...String(value)].length, count]),
      );
    case "ordinal":
      return inOrder(values, spelling);
    case "categorical":
    case "boolean":
      return topOf(values, cells);
    case "multilabel":
      return topOf(labelsOf(values, spelling.separator ?? "|"), cells);
    case "image":
    case "audio":
    case "vector":
    case "identifier":
    case "constant":
    case "empty":
      return undefined;
  }
}

/** Bins between the outermost hundredths: one far value must not squeeze all others into one bin. */
function histogram(of: "numbers" | "dates" | "lengths", entries: readonly (readonly [number, number])[]): Distribution {
  const values: Weighted = ascending(entries.filter(([value]) => !Number.isNaN(value)));
  if (values.length === 0) return { of, low: 0, high: 0, bins: [] };
  const [low, high] = [quantileOf(values, 0.01), quantileOf(values, 0.99)];
  // A bin holds as many whole numbers as any other: combs would only be seen where there are none.
  const whole = values.every(([value]) => Number.isInteger(value));
  const width = whole ? Math.max(1, Math.ceil((high - low + 1) / binCount)) : (high - low) / binCount;
  const size = whole ? Math.ceil((high - low + 1) / width) : binCount;
  const bins = new Array<number>(low === high ? 1 : size).fill(0);
  for (const [value, count] of values) {
    if (value < low || value > high) continue;
    const at = low === high ? 0 : Math.floor((value - low) / width);
    bins[Math.min(bins.length - 1, at)]! += count;
  }
  return { of, low, high, bins };
}

/** Levels as bins from lowest to highest. */
function inOrder(values: ReadonlyMap<Scalar, number>, { levels }: Spelling): Distribution {
  const total = [...values.values()].reduce((all, count) => all + count, 0);
  const ordered = levels ?? [...values.keys()].sort((a, b) => Number(a) - Number(b));
  const shares = ordered.map((level): readonly [string, number] => [String(level), (values.get(level) ?? 0) / total]);
  return { of: "levels", shares };
}

function topOf(values: ReadonlyMap<Scalar, number>, total: number): Distribution {
  const top = [...values]
    .sort((a, b) => b[1] - a[1] || (String(a[0]) < String(b[0]) ? -1 : 1))
    .slice(0, topCount)
    .map(([value, count]): readonly [string, number] => [String(value), count / total]);
  return { of: "categories", top };
}

function labelsOf(values: ReadonlyMap<Scalar, number>, separator: string): ReadonlyMap<Scalar, number> {
  const labels = new Map<Scalar, number>();
  for (const [value, count] of values) {
    for (const part of String(value).split(separator.trim() || separator)) {
      const label = part.trim();
      labels.set(label, (labels.get(label) ?? 0) + count);
    }
  }
  return labels;
}
