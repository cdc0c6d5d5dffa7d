/**
 * @file Positive numbers. In: cells ≥ 0. Out: the standardised logarithm and back; Gaussian on it, so log-normal on the cell.
 * The typical value is the log-normal's mean, held within the range of training (a wide spread would carry it away).
 */
import { type ColumnCodec, type GaussianState, isFault, readNumber, readNumbers } from "./column.ts";
import { describeNumbers } from "./real.ts";
import { robustScale, roundTo, squash, unsquash } from "./scaling.ts";

export const positive: ColumnCodec<GaussianState> = {
  fit(name, cells) {
    const values = readNumbers(cells).filter((value) => value >= 0);
    return values.length === 0 ? null : fitPositive(name, values);
  },
  encoder:
    ({ center, scale, offset }) =>
    (cell) => {
      const value = readNumber(cell);
      if (isFault(value)) return value;
      // A number that has no logarithm does not fit the column's kind.
      return value + offset > 0 ? squash((Math.log(value + offset) - center) / scale) : "value-not-readable";
    },
  decode({ value, deviation }, { center, scale, offset, decimals, low, high }) {
    const median = Math.exp(center + scale * unsquash(value));
    if (deviation === 0) return roundTo(Math.max(0, median - offset), decimals);
    const mean = median * Math.exp(0.5 * (scale * deviation) ** 2) - offset;
    return roundTo(Math.min(Math.max(mean, low), high), decimals);
  },
};

/** Zeros are shifted by half the smallest number above 0, so that they stay apart from it. */
export function fitPositive(name: string, values: readonly number[]): GaussianState {
  const described = describeNumbers(name, values);
  const least = values.reduce((sofar, x) => (x > 0 && x < sofar ? x : sofar), Number.POSITIVE_INFINITY);
  const offset = described.low > 0 ? 0 : Number.isFinite(least) ? least / 2 : 1;
  return { ...described, ...robustScale(values.map((x) => Math.log(x + offset))), kind: "positive", offset };
}
