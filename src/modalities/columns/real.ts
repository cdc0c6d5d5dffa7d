/** @file Real numbers. In: cells. Out: s = squash((x - median) / robust deviation) and back; Gaussian on s. */
import { type ColumnCodec, type GaussianState, isFault, readNumber, readNumbers } from "./column.ts";
import { average, commonDecimals, robustScale, roundTo, squash, unsquash } from "./scaling.ts";

export const real: ColumnCodec<GaussianState> = {
  fit(name, cells) {
    const values = readNumbers(cells);
    return values.length === 0 ? null : { ...describeNumbers(name, values), ...robustScale(values), kind: "real" };
  },
  encoder:
    ({ center, scale }) =>
    (cell) => {
      const value = readNumber(cell);
      return isFault(value) ? value : squash((value - center) / scale);
    },
  decode: ({ value }, { center, scale, decimals }) => roundTo(center + scale * unsquash(value), decimals),
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
    judgement: { kind: "range" as const, guess: average(values), low, high },
  };
}
