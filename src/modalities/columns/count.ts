/**
 * @file Counts. In: whole numbers ≥ 0. Out: the count itself, under one of four laws; the feature is log(1 + k), standardised.
 * Counts in the tens of thousands (populations) have no use for a discrete law: `fit` makes them log-normal, whole numbers.
 */
import * as z from "zod";
import type { Scalar } from "../../data/records.ts";
import { type CountLaw, chooseCountLaw, countLaws, countStarts } from "../likelihoods/count-law.ts";
import { readOptions } from "../options.ts";
import {
  type ColumnCells,
  type ColumnCodec,
  type CountState,
  type GaussianState,
  isFault,
  readNumber,
  readNumbers,
} from "./column.ts";
import { fitPositive, type PositiveLikelihood, positiveLikelihoods } from "./positive.ts";
import { allowed, describeNumbers } from "./real.ts";
import { ascending, quantile, robustScale, squash } from "./scaling.ts";

/** Beyond it log Γ in float32 is too coarse, and the neighbouring counts are as good as equal. */
const largest = 10_000;

const options = z.strictObject({ likelihood: z.enum([...countLaws, ...positiveLikelihoods]).optional() });

const isCountLaw = (likelihood: CountLaw | PositiveLikelihood): likelihood is CountLaw =>
  (countLaws as readonly string[]).includes(likelihood);

export const count: ColumnCodec<CountState> = {
  fit({ name, cells, options: given }) {
    const { likelihood } = readOptions(options, given, name);
    const values = wholeNumbers(cells);
    if (values.length === 0) return null;
    const held = values.map((k) => Math.min(k, largest));
    const law = likelihood !== undefined && isCountLaw(likelihood) ? likelihood : chooseCountLaw(held);
    const { low, high, judgement } = describeNumbers(name, values);
    return {
      name,
      family: law,
      kind: "count",
      ...robustScale(values.map((k) => Math.log1p(k))),
      decimals: 0,
      starts: countStarts(law, held),
      low,
      high,
      judgement,
    };
  },
  encoder:
    ({ center, scale }) =>
    (cell) => {
      const value = readNumber(cell);
      if (isFault(value)) return value;
      if (value < 0 || !Number.isInteger(value)) return "value-not-readable";
      return [Math.min(value, largest), squash((Math.log1p(value) - center) / scale)];
    },
  decode: ([target], state) => allowed(target!, state),
  expected: ([mean]) => [mean!],
  typical: ([mean], state) => allowed(mean!, state),
};

/** Large counts as whole positive numbers; null where a law of counts suits. */
export function fitLargeCount({ name, cells, options: given }: ColumnCells): GaussianState | null {
  const { likelihood } = readOptions(options, given, name);
  const values = wholeNumbers(cells);
  if (values.length === 0) return null;
  if (likelihood === undefined ? quantile(ascending(values), 0.99) <= largest / 2 : isCountLaw(likelihood)) return null;
  const asPositive = likelihood === undefined || isCountLaw(likelihood) ? undefined : likelihood;
  return { ...fitPositive(name, values, asPositive), decimals: 0 };
}

const wholeNumbers = (cells: readonly Scalar[]) => readNumbers(cells).filter((k) => k >= 0 && Number.isInteger(k));
