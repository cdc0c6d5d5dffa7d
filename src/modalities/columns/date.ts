/**
 * @file Dates. In: ISO 8601 text, or Unix seconds as a number. Out: days since 1970, standardised as a real number, and back to
 * ISO; features beside it: time of day, day of week and day of year as points on a circle, where the column spans them.
 * The likelihood is over the instant alone.
 */
import * as z from "zod";
import type { Scalar } from "../../data/records.ts";
import { readOptions } from "../options.ts";
import { type ColumnCodec, type CycleName, type Fault, type GaussianState, isFault } from "./column.ts";
import { describeNumbers, fromScale } from "./real.ts";
import { robustScale, squash } from "./scaling.ts";

const millisecondsPerDay = 86_400_000;
/** Years 1 to 9999: what four digits can write. */
const earliest = -719_162;
const latest = 2_932_896;

/** Length in days, and how many days a column must span for it to be a feature: two rounds of it. */
const cycles: Readonly<Record<CycleName, { readonly length: number; readonly span: number }>> = {
  day: { length: 1, span: 2 },
  week: { length: 7, span: 14 },
  year: { length: 365.2425, span: 731 },
};

export const date: ColumnCodec<GaussianState> = {
  fit({ name, cells, options }) {
    readOptions(z.strictObject({}), options, name);
    const days = cells.map(readDays).filter((day) => typeof day === "number");
    if (days.length === 0) return null;
    const wholeDays = days.every((day) => Number.isInteger(day));
    const described = describeNumbers(name, days);
    const spans = (cycle: CycleName) => described.high - described.low >= cycles[cycle].span;
    return {
      ...described,
      ...robustScale(days),
      kind: "date",
      decimals: null,
      wholeDays,
      cycles: [
        ...(spans("day") && !wholeDays ? (["day"] as const) : []),
        ...(spans("week") ? (["week"] as const) : []),
        ...(spans("year") ? (["year"] as const) : []),
      ],
      judgement: { ...described.judgement, guess: writeDays(described.judgement.guess, wholeDays) },
    };
  },
  encoder:
    ({ center, scale, cycles: own }) =>
    (cell) => {
      const day = readDays(cell);
      if (isFault(day)) return day;
      const target = squash((day - center) / scale);
      return own.length === 0 ? [target] : [target, target, ...own.flatMap((cycle) => onCircle(day, cycle))];
    },
  decode: ([target], state) => allowedDate(fromScale(target!, state), state),
  expected: ([mean], state) => [fromScale(mean!, state)],
  typical: ([mean], state) => allowedDate(mean!, state),
};

function onCircle(day: number, cycle: CycleName): [number, number] {
  const angle = (2 * Math.PI * day) / cycles[cycle].length;
  return [Math.sin(angle), Math.cos(angle)];
}

const allowedDate = (day: number, { low, high, wholeDays }: GaussianState): string =>
  writeDays(Math.min(Math.max(day, low), high), wholeDays);

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
