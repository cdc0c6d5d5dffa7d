/**
 * @file Fractions. In: cells in 0..1. Out: the cell itself under a beta law, and as its feature the standardised log-odds.
 * Where training has cells of exactly 0 or 1 these have chances of their own; elsewhere they are moved inside by `edge`.
 */
import * as z from "zod";
import { edge, fractionStarts } from "../likelihoods/beta.ts";
import { readOptions } from "../options.ts";
import { type ColumnCodec, type FractionState, isFault, readNumber, readNumbers } from "./column.ts";
import { allowed, describeNumbers } from "./real.ts";
import { robustScale, squash } from "./scaling.ts";

const options = z.strictObject({ likelihood: z.enum(["beta", "inflated-beta"]).optional() });

const inside = (x: number) => Math.min(Math.max(x, edge), 1 - edge);
const logOdds = (x: number) => Math.log(inside(x)) - Math.log1p(-inside(x));

export const fraction: ColumnCodec<FractionState> = {
  fit({ name, cells, options: given }) {
    const { likelihood } = readOptions(options, given, name);
    const values = readNumbers(cells).filter((x) => x >= 0 && x <= 1);
    if (values.length === 0) return null;
    const { low, high, decimals, judgement } = describeNumbers(name, values);
    const family = likelihood ?? (low === 0 || high === 1 ? "inflated-beta" : "beta");
    const between = values.filter((x) => x > 0 && x < 1);
    return {
      name,
      family,
      kind: "fraction",
      ...robustScale((between.length > 0 ? between : values).map(logOdds)),
      decimals,
      starts: fractionStarts(family, values),
      low,
      high,
      judgement,
    };
  },
  encoder:
    ({ family, center, scale }) =>
    (cell) => {
      const value = readNumber(cell);
      if (isFault(value)) return value;
      if (value < 0 || value > 1) return "value-not-readable";
      if (family === "beta") return [inside(value), squash((logOdds(value) - center) / scale)];
      const isEdge = value === 0 || value === 1;
      const feature = isEdge ? 0 : squash((logOdds(value) - center) / scale);
      return [isEdge ? value : inside(value), feature, value === 0 ? 1 : 0, value === 1 ? 1 : 0];
    },
  decode: ([target], state) => allowed(target!, state),
  expected: ([mean]) => [mean!],
  typical: ([mean], state) => allowed(mean!, state),
};
