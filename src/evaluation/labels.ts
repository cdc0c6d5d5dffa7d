/** @file A label column as class numbers. In: cells of the column. Out: classes and a number for each row, or why there are none. */
import type { Scalar } from "../data/records.ts";
import type { Reason } from "./metrics.ts";

export interface Labels {
  readonly column: string;
  readonly classes: readonly string[];
  /** Class of each row; -1 where the row has no label. */
  readonly of: Int32Array;
}

/** More classes than this cannot be judged from the few rows of each. */
const mostClasses = 200;

export function readLabels(
  cells: Readonly<Record<string, readonly (Scalar | null)[]>>,
  column: string | undefined,
): Labels | Reason {
  if (column === undefined) return { reason: "no label column was named; name one with --label" };
  const values = cells[column];
  if (!values) return { reason: `the data has no column "${column}"` };
  const seen = new Set(values.flatMap((value) => (value === null ? [] : [String(value)])));
  if (seen.size < 2) return { reason: `label "${column}" has fewer than two classes` };
  if (seen.size > mostClasses)
    return {
      reason: `label "${column}" has ${seen.size} different values, more than ${mostClasses}: no classes to judge by`,
    };
  const classes = [...seen].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
  const numberOf = new Map(classes.map((name, i) => [name, i]));
  return {
    column,
    classes,
    of: Int32Array.from(values, (value) => (value === null ? -1 : numberOf.get(String(value))!)),
  };
}
