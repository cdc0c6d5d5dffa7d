/**
 * @file Ordered levels. In: numbers, or words whose order the option `levels` gives. Out: the level's rank, and back.
 * The best constant guess by |shift| is the median level.
 */
import * as z from "zod";
import type { Scalar } from "../../data/records.ts";
import { thresholdBases } from "../likelihoods/ordinal.ts";
import { readOptions } from "../options.ts";
import { encodeLevels, tally } from "./category.ts";
import type { ColumnCodec, OrderState } from "./column.ts";

const options = z.strictObject({
  levels: z
    .array(z.union([z.string(), z.number()]))
    .min(2)
    .optional(),
});

export const ordinal: ColumnCodec<OrderState> = {
  fit(name, cells, given) {
    const { levels: declared } = readOptions(options, given, name);
    const counted = tally(cells);
    const levels = declared ?? counted.map(({ level }) => level).sort(compareLevels);
    if (levels.length < 2) return null;
    const counts = levels.map((level) => counted.find((entry) => String(entry.level) === String(level))?.count ?? 0);
    const judgement = { kind: "shift" as const, guess: levels[medianRank(counts)]! };
    return { name, family: "order", kind: "ordinal", levels: [...levels], bases: thresholdBases(counts), judgement };
  },
  encoder: ({ levels }) => encodeLevels(levels),
  decode: ({ value }, { levels }) => levels[value]!,
};

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
