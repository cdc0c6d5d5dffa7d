/** @file Dates. In: ISO 8601 text, or Unix seconds as a number. Out: days since 1970, standardised as a real number, and back to ISO. */
import type { Scalar } from "../../data/records.ts";
import { type ColumnCodec, type Fault, type GaussianState, isFault } from "./column.ts";
import { describeNumbers } from "./real.ts";
import { robustScale, squash, unsquash } from "./scaling.ts";

const millisecondsPerDay = 86_400_000;
/** Years 1 to 9999: what four digits can write. */
const earliest = -719_162;
const latest = 2_932_896;

export const date: ColumnCodec<GaussianState> = {
  fit(name, cells) {
    const days = cells.map(readDays).filter((day) => typeof day === "number");
    if (days.length === 0) return null;
    const wholeDays = days.every((day) => Number.isInteger(day));
    const described = describeNumbers(name, days);
    const guess = writeDays(described.judgement.guess, wholeDays);
    return {
      ...described,
      ...robustScale(days),
      kind: "date",
      decimals: null,
      wholeDays,
      judgement: { ...described.judgement, guess },
    };
  },
  encoder:
    ({ center, scale }) =>
    (cell) => {
      const day = readDays(cell);
      return isFault(day) ? day : squash((day - center) / scale);
    },
  decode: ({ value }, { center, scale, wholeDays }) => writeDays(center + scale * unsquash(value), wholeDays),
};

/** Days since 1970-01-01 UTC; a time without a zone is taken as UTC, so that no machine's zone enters a model. */
export function readDays(cell: Scalar): number | Fault {
  if (typeof cell === "boolean") return "value-not-readable";
  if (typeof cell === "number") return Number.isFinite(cell) ? cell / (millisecondsPerDay / 1000) : "number-not-finite";
  const text = cell.trim().replace(/^(\d{4}-\d{2}-\d{2}) (?=\d)/, "$1T");
  const zoned = /T/.test(text) && !/(Z|[+-]\d{2}:?\d{2})$/i.test(text) ? `${text}Z` : text;
  const milliseconds = Date.parse(zoned);
  return Number.isNaN(milliseconds) ? "value-not-readable" : milliseconds / millisecondsPerDay;
}

function writeDays(days: number, whole: boolean): string {
  const held = Math.min(Math.max(days, earliest), latest);
  const written = new Date(Math.round(whole ? Math.round(held) * millisecondsPerDay : held * millisecondsPerDay));
  return whole ? written.toISOString().slice(0, 10) : written.toISOString().replace(/\.\d{3}Z$/, "Z");
}
