/** @file Real numbers. In: cells. Out: s = squash((x - median) / robust deviation) and back; Gaussian on s. */
import * as z from "zod";
import { readOptions } from "../options.ts";
import { type ColumnCodec, type GaussianState, isFault, type NumberState, readNumber, readNumbers } from "./column.ts";
import { average, commonDecimals, robustScale, roundTo, squash, unsquash } from "./scaling.ts";

const options = z.strictObject({ likelihood: z.enum(["gaussian"]).optional() });

export const real: ColumnCodec<GaussianState> = {
  fit({ name, cells, options: given }) {
    readOptions(options, given, name);
    const values = readNumbers(cells);
    return values.length === 0 ? null : { ...describeNumbers(name, values), ...robustScale(values), kind: "real" };
  },
  encoder:
    ({ center, scale }) =>
    (cell) => {
      const value = readNumber(cell);
      return isFault(value) ? value : [squash((value - center) / scale)];
    },
  decode: ([target], state) => allowed(fromScale(target!, state), state),
  expected: ([mean], state) => [fromScale(mean!, state)],
  typical: ([mean], state) => allowed(mean!, state),
};

/** What the state of any numeric column holds beside its scale. */
export function describeNumbers(name: string, values: readonly number[]) {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return {
    name,
    family: "gaussian" as const,
    offset: 0,
    decimals: commonDecimals(values),
    low,
    high,
    wholeDays: false,
    cycles: [],
    starts: [0, 0],
    judgement: { kind: "range" as const, guess: average(values), low, high },
  };
}

/** A standardised number back on the column's scale (or its logarithm's). */
export const fromScale = (target: number, { center, scale }: Pick<NumberState, "center" | "scale">): number =>
  center + scale * unsquash(target);

/** The nearest number that the column allows: within the range of training, written with as many digits. */
export const allowed = (value: number, { low, high, decimals }: NumberState): number =>
  roundTo(Math.min(Math.max(value, low), high), decimals);
