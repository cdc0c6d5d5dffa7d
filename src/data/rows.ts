/**
 * @file Text of one chunk → rows. In: columns of text and bytes, and how each column is read. Out: Row values; faults of cells
 * go to whoever listens. The same code serves the survey at opening and every later reading, so both see the same values.
 */
import { type CellReader, cellReader } from "./cells.ts";
import { missingTokens } from "./missing.ts";
import type { Cell, Column, MediaFile, Row, Split } from "./records.ts";
import { placeOf, type SplitCuts, type SplitRule, splitAt } from "./split.ts";

export interface RowPlan {
  /** Name of the source's file, for keys of rows without an id. */
  readonly fileName: string;
  readonly columns: readonly Column[];
  readonly rule: SplitRule;
  readonly cuts: SplitCuts;
  /** What a media cell's text names: an absolute path. */
  locate(text: string): string;
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
}

export type CellFault = (
  column: string,
  row: number,
  code: "number-not-finite" | "value-not-readable",
  value: string,
) => void;

/** A function of consecutive chunks: it counts rows as it goes. */
export function rowBuilder(plan: RowPlan, fault?: CellFault): (chunk: RawChunk) => Row[] {
  const { columns } = plan;
  const readers = columns.map(({ kind, spelling }) =>
    kind === "image" || kind === "audio" ? undefined : cellReader(kind, spelling),
  );
  const at = (role: Column["role"]) => columns.findIndex((column) => column.role === role);
  const [id, split, group] = [at("id"), at("split"), at("group")];
  let number = 0;
  const build = (chunk: RawChunk, i: number): Row => {
    number = chunk.numbers?.[i] ?? number + 1;
    const textAt = (column: number) => (column < 0 ? null : (chunk.text[column]![i] ?? null));
    const key = keyOf(plan.fileName, number, textAt(id));
    const cells: Record<string, Cell> = {};
    columns.forEach((column, c) => {
      const text = chunk.text[c]![i] ?? null;
      const read = readers[c];
      cells[column.name] = read
        ? readCell(read, column, text, number, fault)
        : mediaCell(plan, column, text, chunk.bytes[c]?.[i] ?? null, number);
    });
    const place = placeOf(plan.rule, textAt(split), unitOf(key, textAt(group)));
    return { key, number, split: splitAt(place, plan.cuts), cells };
  };
  return (chunk) => Array.from({ length: chunk.rows }, (_, i) => build(chunk, i));
}

const keyOf = (fileName: string, number: number, id: string | null): string => id || `${fileName}:${number}`;
/** Equal groups stay together; a row without one stands for itself. */
const unitOf = (key: string, group: string | null): string => (group ? `group:${group}` : key);

/** Every row's split, or its place before the cuts are known. In: texts of the columns that decide it, row by row. */
export function placeBuilder({ fileName, rule }: Pick<RowPlan, "fileName" | "rule">) {
  let number = 0;
  return (id: string | null, split: string | null, group: string | null): Split | number =>
    placeOf(rule, split, unitOf(keyOf(fileName, ++number, id), group));
}

function readCell(read: CellReader, column: Column, text: string | null, row: number, fault?: CellFault): Cell {
  const { value, fault: code } = read(text);
  if (code) fault?.(column.name, row, code, text!);
  return value;
}

function mediaCell(
  plan: RowPlan,
  { name, kind }: Column,
  text: string | null,
  bytes: Uint8Array | null,
  row: number,
): Cell {
  if (plan.unusable.get(name)?.has(row)) return null;
  const media: MediaFile["media"] = kind === "image" ? "image" : "sound";
  const named = text !== null && !(missingTokens as readonly string[]).includes(text) ? text : undefined;
  if (bytes) return { media, path: named ?? `${plan.fileName}:${row}:${name}`, bytes };
  return named === undefined ? null : { media, path: plan.locate(named) };
}
