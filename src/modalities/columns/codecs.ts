/** @file Which codec a table column has. In: a column's kind, or its state. Out: the codec, and the column fitted. */
import * as z from "zod";
import type { Column, ColumnKind, Scalar } from "../../data/records.ts";
import { readOptions } from "../options.ts";
import { boolean, categorical } from "./category.ts";
import type { ColumnCodec, ColumnState } from "./column.ts";
import { count, fitLargeCount } from "./count.ts";
import { date } from "./date.ts";
import { ordinal } from "./order.ts";
import { positive } from "./positive.ts";
import { real } from "./real.ts";

const codecs = { real, positive, date, count, categorical, boolean, ordinal } satisfies Partial<
  Record<ColumnKind, unknown>
>;

/** A codec whose state's exact type is forgotten: state and codec are matched by `kind`. */
type AnyCodec = ColumnCodec<ColumnState>;

export const codecOf = ({ kind }: ColumnState): AnyCodec => codecs[kind] as unknown as AnyCodec;

type TabularKind = keyof typeof codecs;

export const isTabular = (kind: ColumnKind): kind is TabularKind => Object.hasOwn(codecs, kind);

/** The column's state, alone in a list; the list is empty where its cells hold nothing that can be learnt. */
export function fitColumn({ name, kind, spelling }: Column, cells: readonly Scalar[], given: unknown): ColumnState[] {
  if (!isTabular(kind)) throw new Error(`Cannot fit column "${name}" as part of a table: its kind is ${kind}.`);
  // Words have the order that inference found, unless the config says another.
  const options = kind === "ordinal" && spelling?.levels ? { levels: spelling.levels, ...(given as object) } : given;
  if (kind !== "ordinal") readOptions(z.strictObject({}), options, name);
  const codec = codecs[kind] as unknown as AnyCodec;
  const state =
    (kind === "count" ? fitLargeCount(name, cells) : null) ??
    codec.fit(name, cells, options) ??
    // A single level has no order.
    (kind === "ordinal" ? categorical.fit(name, cells, undefined) : null);
  return state ? [state] : [];
}
