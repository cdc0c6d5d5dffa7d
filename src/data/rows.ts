/**
 * @file Text of one chunk → rows. In: columns of text and bytes, and how each column is read. Out: Row values; faults of cells
 * go to whoever listens. The same code serves the survey at opening and every later reading, so both see the same values.
 */
import { type CellReader, cellReader } from "./cells.ts";
import type { MediaFault } from "./media.ts";
import type { Located } from "./media-path.ts";
import { missingTokens } from "./missing.ts";
import { type Cell, type Column, isFileKind, type MediaFile, type Row, type Split } from "./records.ts";
import { placeOf, type SplitCuts, type SplitRule, splitAt } from "./split.ts";
import { namesVectorFile } from "./vectors.ts";

export interface RowPlan {
  /** Name of the source's file, for keys of rows without an id. */
  readonly fileName: string;
  readonly columns: readonly Column[];
  readonly rule: SplitRule;
  readonly cuts: SplitCuts;
  /** Column whose values are the classes of the rule's strata. */
  readonly stratifyColumn?: string;
  /** What a media cell's text names: an absolute path, or why it names none. */
  locate(column: string, text: string): Located;
  /** Media cells known to be unusable: column → row numbers. */
  readonly unusable: ReadonlyMap<string, ReadonlySet<number>>;
}

/** One chunk as the source gives it: `text[column][row]`, and bytes where the column holds them. */
export interface RawChunk {
  /** 1-based numbers of the rows, where they are not all that there are. */
  readonly numbers?: readonly number[];
  readonly rows: number;
  readonly text: readonly (readonly (string | null)[])[];
  readonly bytes: readonly (readonly (Uint8Array | null)[] | undefined)[];
  /** Stable keys, where the source has some of its own. */
  readonly keys?: readonly (string | null)[];
}

export type CellFault = (
  column: string,
  row: number,
  code: "number-not-finite" | "value-not-readable",
  value: string,
) => void;

/** Whoever wants to hear of cells that become missing because they cannot be used. */
export interface RowListener {
  readonly fault: CellFault;
  readonly media: (column: string, row: number, code: MediaFault, detail: string) => void;
}

/** A function of consecutive chunks: it counts rows as it goes. */
export function rowBuilder(plan: RowPlan, listener?: RowListener): (chunk: RawChunk) => Row[] {
  const { columns } = plan;
  const readers = columns.map(({ kind, spelling }) => (isFileKind(kind) ? undefined : cellReader(kind, spelling)));
  const at = (role: Column["role"]) => columns.findIndex((column) => column.role === role);
  const [id, split, group] = [at("id"), at("split"), at("group")];
  const stratify = columns.findIndex(({ name }) => name === plan.stratifyColumn);
  let number = 0;
  const build = (chunk: RawChunk, i: number): Row => {
    number = chunk.numbers?.[i] ?? number + 1;
    const textAt = (column: number) => (column < 0 ? null : (chunk.text[column]![i] ?? null));
    const key = keyOf(plan.fileName, number, textAt(id), chunk.keys?.[i]);
    const cells: Record<string, Cell> = {};
    columns.forEach((column, c) => {
      const text = chunk.text[c]![i] ?? null;
      const read = readers[c];
      const bytes = chunk.bytes[c]?.[i] ?? null;
      const isFile = !read || bytes || (column.kind === "vector" && text !== null && namesVectorFile(text));
      cells[column.name] = !isFile
        ? readCell(read, column, text, number, listener)
        : mediaCell(plan, column, text, bytes, number, listener);
    });
    const place = placeOf(plan.rule, textAt(split), unitOf(key, textAt(group)), textAt(stratify));
    return { key, number, split: splitAt(place, plan.cuts), cells };
  };
  return (chunk) => Array.from({ length: chunk.rows }, (_, i) => build(chunk, i));
}

const keyOf = (fileName: string, number: number, id: string | null, own?: string | null): string =>
  id || own || `${fileName}:${number}`;
/** Equal groups stay together; a row without one stands for itself. */
const unitOf = (key: string, group: string | null): string => (group ? `group:${group}` : key);

/** Texts of the columns that decide a row's place, and the source's own key. */
export interface DecidingTexts {
  readonly id: string | null;
  readonly key: string | null;
  readonly split: string | null;
  readonly group: string | null;
  readonly stratum: string | null;
}

/** Every row's split, or its place before the cuts are known. In: texts of the columns that decide it, row by row. */
export function placeBuilder({ fileName, rule }: Pick<RowPlan, "fileName" | "rule">) {
  let number = 0;
  return ({ id, key, split, group, stratum }: DecidingTexts): Split | number =>
    placeOf(rule, split, unitOf(keyOf(fileName, ++number, id, key), group), stratum);
}

function readCell(read: CellReader, column: Column, text: string | null, row: number, listener?: RowListener): Cell {
  const { value, fault } = read(text);
  if (fault) listener?.fault(column.name, row, fault, text!);
  return value;
}

function mediaCell(
  plan: RowPlan,
  { name, kind }: Column,
  text: string | null,
  bytes: Uint8Array | null,
  row: number,
  listener?: RowListener,
): Cell {
  if (plan.unusable.get(name)?.has(row)) return null;
  const media: MediaFile["media"] = kind === "image" ? "image" : kind === "vector" ? "vector" : "sound";
  const named = text !== null && !(missingTokens as readonly string[]).includes(text) ? text : undefined;
  if (bytes) return { media, path: named ?? `${plan.fileName}:${row}:${name}`, bytes };
  if (named === undefined) return null;
  const found = plan.locate(name, named);
  if ("path" in found) return { media, path: found.path };
  listener?.media(name, row, found.code, found.detail);
  return null;
}
