/**
 * @file Ordered levels. In: numbers, or words whose order the option `levels` or the source gives. Out: the level's rank, and back.
 * The best constant guess by |shift| is the median level.
 */
import * as z from "zod";
import type { Scalar, Spelling } from "../../data/records.ts";
import { thresholdBases } from "../likelihoods/ordinal.ts";
import { readOptions } from "../options.ts";
import { encodeLevel, tally } from "./category.ts";
import type { ColumnCodec, OrderState } from "./column.ts";

const options = z.strictObject({
  levels: z
    .array(z.union([z.string(), z.number()]))
    .min(2)
    .optional(),
});

export const ordinal: ColumnCodec<OrderState> = {
  fit({ name, cells, options: given, spelling }) {
    const counted = tally(cells);
    const declared = readOptions(options, given, name).levels ?? spelledLevels(spelling);
    const levels = declared ?? counted.map(({ level }) => level).sort(compareLevels);
    if (levels.length < 2) return null;
    const counts = levels.map((level) => counted.find((entry) => String(entry.level) === String(level))?.count ?? 0);
    const judgement = { kind: "shift" as const, guess: levels[medianRank(counts)]! };
    return { name, family: "order", kind: "ordinal", levels: [...levels], bases: thresholdBases(counts), judgement };
  },
  encoder: ({ levels }) => encodeLevel(levels),
  decode: ([target], { levels }) => levels[target!]!,
  expected: (chances) => chances,
  typical: (chances, { levels }) => levels[medianRank(chances)]!,
};

/** The order that the source itself gives its levels, where it does. */
function spelledLevels(spelling: (Spelling & { readonly levels?: readonly Scalar[] }) | undefined) {
  const levels = spelling?.levels;
  return levels !== undefined && levels.length >= 2 ? levels : undefined;
}

/** Numbers by size, before words in alphabetical order. */
function compareLevels(a: Scalar, b: Scalar): number {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return String(a) < String(b) ? -1 : 1;
}

/** The first rank at which half of the weight is reached. */
export function medianRank(weights: ArrayLike<number>): number {
  const total = Array.from(weights).reduce((a, b) => a + b, 0);
  let sofar = 0;
  for (let rank = 0; rank < weights.length; rank++) if ((sofar += weights[rank]!) >= total / 2) return rank;
  return weights.length - 1;
}
