/**
 * @file Positive numbers. In: cells ≥ 0. Out: the standardised logarithm and back; Gaussian on it, so log-normal on the cell.
 * A column with a share of exact zeros has a hurdle: zero or not by a Bernoulli, the size of what is not zero log-normal.
 * The typical value is the mean, held within the range of training and within what can be learnt of a tail.
 */
import * as z from "zod";
import { zeroMark } from "../likelihoods/hurdle.ts";
import { readOptions } from "../options.ts";
import { type ColumnCodec, type GaussianState, isFault, readNumber, readNumbers } from "./column.ts";
import { allowed, describeNumbers, fromScale } from "./real.ts";
import { robustScale, squash } from "./scaling.ts";

/**
 * Deviation of the logarithm up to which the mean is believed. Beyond, it rests on the few largest values: with countries'
 * areas, whose logarithm deviates by 3, it lies a hundred times above the median and errs eleven times as much as a constant.
 */
const widestSpread = 1;

/** Zeros are a class of their own where they are this share of the cells, and this many. */
const zerosThatMatter = { share: 0.01, count: 5 };

export const positiveLikelihoods = ["log-normal", "hurdle-log-normal"] as const;
export type PositiveLikelihood = (typeof positiveLikelihoods)[number];
const options = z.strictObject({ likelihood: z.enum(positiveLikelihoods).optional() });

export const positive: ColumnCodec<GaussianState> = {
  fit({ name, cells, options: given }) {
    const { likelihood } = readOptions(options, given, name);
    const values = readNumbers(cells).filter((value) => value >= 0);
    return values.length === 0 ? null : fitPositive(name, values, likelihood);
  },
  encoder: (state) => (cell) => {
    const { family, center, scale, offset } = state;
    const value = readNumber(cell);
    if (isFault(value)) return value;
    if (family === "hurdle" && value === 0) return [zeroMark, 0, 0];
    // A number that has no logarithm does not fit the column's kind.
    if (!(value + offset > 0)) return "value-not-readable";
    const target = squash((Math.log(value + offset) - center) / scale);
    return family === "hurdle" ? [target, 1, target] : [target];
  },
  decode: ([target], state) =>
    allowed(target === zeroMark ? 0 : Math.exp(fromScale(target!, state)) - state.offset, state),
  expected([target, deviation, zeros = 0], state) {
    const { scale, offset, high } = state;
    const spread = Math.min(scale * deviation!, widestSpread);
    const mean = Math.exp(fromScale(target!, state) + 0.5 * spread ** 2) - offset;
    return [(1 - zeros) * Math.min(Math.max(mean, 0), high)];
  },
  typical: ([mean], state) => allowed(mean!, state),
};

/** Few zeros are shifted by half the smallest number above 0, so that they stay apart from it. */
export function fitPositive(name: string, values: readonly number[], likelihood?: PositiveLikelihood): GaussianState {
  const described = describeNumbers(name, values);
  const above = values.filter((x) => x > 0);
  const zeros = values.length - above.length;
  const { share, count } = zerosThatMatter;
  const chosen = likelihood ?? (zeros >= count && zeros >= share * values.length ? "hurdle-log-normal" : "log-normal");
  if (chosen === "hurdle-log-normal" && above.length > 0) {
    // Half a cell of each kind, so that no chance is 0.
    const start = Math.log((zeros + 0.5) / (above.length + 0.5));
    const scaled = robustScale(above.map((x) => Math.log(x)));
    return { ...described, ...scaled, family: "hurdle", kind: "positive", starts: [0, 0, start] };
  }
  const least = above.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const offset = described.low > 0 ? 0 : Number.isFinite(least) ? least / 2 : 1;
  return { ...described, ...robustScale(values.map((x) => Math.log(x + offset))), kind: "positive", offset };
}
