/**
 * @file Positive numbers. In: cells ≥ 0. Out: the standardised logarithm and back; Gaussian on it, so log-normal on the cell.
 * The typical value is the log-normal's mean, held within the range of training and within what can be learnt of a tail.
 */
import { type ColumnCodec, type GaussianState, isFault, readNumber, readNumbers } from "./column.ts";
import { describeNumbers } from "./real.ts";
import { robustScale, roundTo, squash, unsquash } from "./scaling.ts";

/**
 * Deviation of the logarithm up to which the mean is believed. Beyond, it rests on the few largest values: with countries'
 * areas, whose logarithm deviates by 3, it lies a hundred times above the median and errs eleven times as much as a constant.
 */
const widestSpread = 1;

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
    const spread = Math.min(scale * deviation, widestSpread);
    const mean = median * Math.exp(0.5 * spread ** 2) - offset;
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
