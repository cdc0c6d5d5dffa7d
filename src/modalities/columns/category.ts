/** @file Categories and booleans. In: cells. Out: the number of the level, most frequent first, and back. */

import * as z from "zod";
import type { Scalar } from "../../data/records.ts";
import { argMax } from "../likelihoods/categorical.ts";
import { readOptions } from "../options.ts";
import { type CategoryState, type ColumnCodec, type Fault, isFault } from "./column.ts";

const codec = (kind: CategoryState["kind"]): ColumnCodec<CategoryState> => ({
  fit({ name, cells, options }) {
    readOptions(z.strictObject({}), options, name);
    const levels = tally(cells).map(({ level }) => level);
    const [guess] = levels;
    return guess === undefined
      ? null
      : { name, family: "category", kind, levels, judgement: { kind: "mismatch", guess } };
  },
  encoder: ({ levels }) => encodeLevel(levels),
  decode: ([target], { levels }) => levels[target!]!,
  expected: (chances) => chances,
  typical: (chances, { levels }) => levels[argMax(chances)]!,
});

export const categorical = codec("categorical");
export const boolean = codec("boolean");

/** Distinct cells with their counts, most frequent first, then by name so that the order is always the same. */
export function tally(cells: readonly Scalar[]): { level: Scalar; count: number }[] {
  const found = new Map<string, { level: Scalar; count: number }>();
  for (const cell of cells) {
    const entry = found.get(String(cell));
    if (entry) entry.count++;
    else found.set(String(cell), { level: cell, count: 1 });
  }
  return [...found.values()].sort((a, b) => b.count - a.count || (String(a.level) < String(b.level) ? -1 : 1));
}

/** Cells are the same level when they are written the same: 1 and "1" are. */
export function levelNumbers(levels: readonly Scalar[]): (cell: Scalar) => number | Fault {
  const numbers = new Map(levels.map((level, i) => [String(level), i]));
  return (cell) => numbers.get(String(cell)) ?? "category-unseen";
}

/** The number of a cell's level as its target. */
export function encodeLevel(levels: readonly Scalar[]): (cell: Scalar) => readonly [number] | Fault {
  const numberOf = levelNumbers(levels);
  return (cell) => {
    const number = numberOf(cell);
    return isFault(number) ? number : [number];
  };
}
