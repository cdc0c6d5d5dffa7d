/**
 * @file Several labels in one cell. In: labels joined by the column's separator. Out: 0 or 1 for each known label, and back,
 * most frequent label first. The vocabulary is that of training: labels of fewer than 2 cells, or of fewer than 1 in 1000, are
 * dropped, and of the rest the 256 most frequent are kept. The empty text is a cell without labels, which is not a missing one.
 */
import * as z from "zod";
import type { Scalar } from "../../data/records.ts";
import { readOptions } from "../options.ts";
import { tally } from "./category.ts";
import type { ColumnCodec, LabelsState, Target } from "./column.ts";

export const vocabularyRule = { cells: 2, share: 0.001, most: 256 } as const;
const defaultSeparator = "|";

const options = z.strictObject({ labels: z.array(z.string().min(1)).min(1).optional() });

export const multilabel: ColumnCodec<LabelsState> = {
  fit({ name, cells, options: given, spelling }) {
    const { labels: declared } = readOptions(options, given, name);
    const separator = spelling?.separator ?? defaultSeparator;
    const lists = cells.map((cell) => splitLabels(cell, separator));
    const counted = tally(lists.flat()).map(({ level, count }) => ({ label: String(level), count }));
    const least = Math.max(vocabularyRule.cells, vocabularyRule.share * cells.length);
    const frequent = counted.filter(({ count }) => count >= least).slice(0, vocabularyRule.most);
    // Where no label comes twice, the most frequent ones are better than none.
    const kept = (frequent.length > 0 ? frequent : counted.slice(0, vocabularyRule.most)).map(({ label }) => label);
    const labels = declared ?? kept;
    if (labels.length === 0) return null;
    const countOf = new Map(counted.map(({ label, count }) => [label, count]));
    const shares = labels.map((label) => ((countOf.get(label) ?? 0) + 0.5) / (cells.length + 1));
    const state = { separator, labels, shares, mayBeEmpty: lists.some((list) => list.length === 0) };
    const judgement = { kind: "labels" as const, guess: join(shares, state) };
    return { name, family: "labels", kind: "multilabel", ...state, judgement };
  },
  encoder({ labels, separator, mayBeEmpty }) {
    const known = new Map(labels.map((label, i) => [label, i]));
    return (cell) => {
      const own = splitLabels(cell, separator);
      const at = own.flatMap((label) => known.get(label) ?? []);
      // Dropped labels among known ones say nothing; a cell of none but unknown ones cannot be told from an empty one.
      if (at.length === 0 && (own.length > 0 || !mayBeEmpty)) return "category-unseen";
      const target = new Array<number>(labels.length).fill(0);
      for (const i of at) target[i] = 1;
      return target;
    };
  },
  decode: (target, state) => join(target, state),
  expected: (chances) => chances,
  typical: (chances, state) => join(chances, state),
};

/** Labels of a cell, each once. */
export function splitLabels(cell: Scalar, separator: string): string[] {
  const parts = String(cell)
    .split(separator)
    .map((label) => label.trim());
  return [...new Set(parts.filter((label) => label !== ""))];
}

/** Labels whose chance is above one half; the likeliest one where there is none and the column has no empty cells. */
function join(
  chances: Target,
  { labels, separator, mayBeEmpty }: Omit<LabelsState, "name" | "family" | "kind" | "judgement">,
) {
  const chosen = labels.filter((_, i) => chances[i]! > 0.5);
  if (chosen.length === 0 && !mayBeEmpty) chosen.push(labels[chances.indexOf(Math.max(...chances))]!);
  return chosen.join(separator);
}
