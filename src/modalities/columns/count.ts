/**
 * @file Counts. In: whole numbers ≥ 0. Out: the count itself, under a negative binomial; the feature is log(1 + k), scaled.
 * Counts in the tens of thousands (populations) have no use for a discrete law: `fit` makes them log-normal, whole numbers.
 */
import type { Scalar } from "../../data/records.ts";
import { type ColumnCodec, type CountState, type GaussianState, isFault, readNumber, readNumbers } from "./column.ts";
import { fitPositive } from "./positive.ts";
import { ascending, average, quantile, robustScale } from "./scaling.ts";

/** Beyond it log Γ in float32 is too coarse, and the neighbouring counts are as good as equal. */
const largest = 10_000;

export const count: ColumnCodec<CountState> = {
  fit(name, cells) {
    const values = wholeNumbers(cells);
    if (values.length === 0) return null;
    const high = values.reduce((a, b) => Math.max(a, b));
    const low = values.reduce((a, b) => Math.min(a, b));
    const guess = average(values);
    const typical = average(values.map((k) => Math.min(k, largest)));
    const { center, scale } = robustScale(values.map((k) => Math.log1p(k)));
    return {
      name,
      family: "count",
      kind: "count",
      center,
      scale,
      logMean: Math.log(typical + 0.1),
      low,
      high,
      judgement: { kind: "range", guess, low, high },
    };
  },
  encoder: () => (cell) => {
    const value = readNumber(cell);
    if (isFault(value)) return value;
    return value >= 0 && Number.isInteger(value) ? Math.min(value, largest) : "value-not-readable";
  },
  // Half-up to a whole number, within what training showed; draws are whole already.
  decode: ({ value, deviation }, { low, high }) =>
    Math.round(deviation === 0 ? value : Math.min(Math.max(value, low), high)),
};

/** Large counts as whole positive numbers; null where the negative binomial suits. */
export function fitLargeCount(name: string, cells: readonly Scalar[]): GaussianState | null {
  const values = wholeNumbers(cells);
  if (values.length === 0 || quantile(ascending(values), 0.99) <= largest / 2) return null;
  return { ...fitPositive(name, values), decimals: 0 };
}

const wholeNumbers = (cells: readonly Scalar[]) => readNumbers(cells).filter((k) => k >= 0 && Number.isInteger(k));
