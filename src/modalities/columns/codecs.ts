/** @file Which codec a table column has. In: a column's kind, or its state. Out: the codec, and the column fitted. */
import type { Column, ColumnKind, Scalar } from "../../data/records.ts";
import { boolean, categorical } from "./category.ts";
import { type ColumnCells, type ColumnCodec, type ColumnState, readNumbers } from "./column.ts";
import { count, fitLargeCount } from "./count.ts";
import { date } from "./date.ts";
import { fraction } from "./fraction.ts";
import { multilabel } from "./labels.ts";
import { ordinal } from "./order.ts";
import { positive } from "./positive.ts";
import { real } from "./real.ts";
import { ascending, quantile } from "./scaling.ts";

const codecs = {
  real,
  positive,
  fraction,
  date,
  count,
  categorical,
  boolean,
  ordinal,
  multilabel,
} satisfies Partial<Record<ColumnKind, unknown>>;

/** A codec whose state's exact type is forgotten: state and codec are matched by `kind`. */
type AnyCodec = ColumnCodec<ColumnState>;

export const codecOf = ({ kind }: ColumnState): AnyCodec => codecs[kind] as unknown as AnyCodec;

type TabularKind = keyof typeof codecs;

export const isTabular = (kind: ColumnKind): kind is TabularKind => Object.hasOwn(codecs, kind);

/** The column's state, alone in a list; the list is empty where its cells hold nothing that can be learnt. */
export function fitColumn({ name, kind, spelling }: Column, cells: readonly Scalar[], options: unknown): ColumnState[] {
  if (!isTabular(kind)) throw new Error(`Cannot fit column "${name}" as part of a table: its kind is ${kind}.`);
  const column: ColumnCells = { name, cells, options, spelling };
  const state = fitOtherwise[kind]?.(column) ?? (codecs[kind] as unknown as AnyCodec).fit(column);
  if (state) return [state];
  // A single level has no order.
  const single = kind === "ordinal" ? categorical.fit({ ...column, options: {} }) : null;
  return single ? [single] : [];
}

/** Columns whose cells suit another kind's likelihood better; null where they do not. */
const fitOtherwise: Partial<Record<TabularKind, (column: ColumnCells) => ColumnState | null>> = {
  count: fitLargeCount,
  real: fitAmount,
};

/** Amounts: from this share of zeros on, and with a largest number this many times the median of the others. */
const amountRule = { zeros: 0.02, tail: 3 };

/** Real numbers none of which is below 0, many exactly 0 and the others with a long tail: payments, rainfall. */
function fitAmount(column: ColumnCells): ColumnState | null {
  if (!isUnset(column.options)) return null;
  const sorted = ascending(readNumbers(column.cells));
  if (sorted.length === 0 || sorted[0]! < 0) return null;
  const above = sorted.filter((x) => x > 0);
  const hasZeros = sorted.length - above.length >= amountRule.zeros * sorted.length;
  const hasTail = above.length > 0 && above.at(-1)! >= amountRule.tail * quantile(above, 0.5);
  return hasZeros && hasTail ? positive.fit(column) : null;
}

const isUnset = (options: unknown): boolean =>
  options === undefined || options === null || Object.keys(options).length === 0;
