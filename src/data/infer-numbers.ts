/**
 * @file Which numbers a column holds. In: a ColumnTally and its texts that may be numbers. Out: real, positive, fraction, count,
 * ordinal, date or identifier with the reason and the spelling; nothing where they are words.
 */
import { findDates, readDate } from "./dates.ts";
import { findSentinels } from "./missing.ts";
import { findNumbers, largestNumber, type NumbersFound, nonFiniteForm, numberReader } from "./numbers.ts";
import type { ColumnKind, DateFormat, Spelling } from "./records.ts";
import {
  ascending,
  type ColumnTally,
  cellsOf,
  cellsWhere,
  quantileOf,
  shortNumber,
  type Weighted,
  withoutTexts,
} from "./tally.ts";

export interface Inferred {
  readonly kind: ColumnKind;
  readonly why: string;
  readonly spelling?: Spelling;
  /** Unit → cells, where a column of numbers has more than one. */
  readonly units?: Readonly<Record<string, number>>;
}

const mostly = 0.95;
/** So many cells of one unit are enough where all are numbers of some unit. */
const majority = 0.6;

/** How texts are numbers; undefined where fewer than the least share of cells are. */
export function readsNumbers(counts: ReadonlyMap<string, number>, least = mostly): NumbersFound | undefined {
  const finite = new Map([...counts].filter(([text]) => !nonFiniteForm.test(text)));
  const found = findNumbers(finite);
  const cells = cellsOf(finite);
  if (cells === 0 || found.readable === 0) return undefined;
  const mixed = found.units.size > 1 && found.lexed >= mostly * cells && found.readable >= majority * cells;
  return mixed || found.readable >= least * cells ? found : undefined;
}

interface Numbers {
  readonly tally: ColumnTally;
  readonly values: Weighted;
  readonly cells: number;
  readonly distinct: number;
  readonly min: number;
  readonly max: number;
  readonly span: string;
}

/** @param counts without what may be missing; NaN and infinity are still among them */
export function inferNumbers(tally: ColumnTally, counts: ReadonlyMap<string, number>): Inferred | undefined {
  const found = readsNumbers(counts);
  if (!found) return onlyNonFinite(counts);
  // Codes such as 0042 lose their zeros as numbers, and their arithmetic means nothing.
  if (!found.spelling && cellsWhere(counts, (text) => /^-?0\d/.test(text)) > 0.02 * found.readable) return undefined;
  const read = numberReader(found.spelling);
  const entries = [...counts].flatMap(([text, count]): [string, number, number][] => {
    const value = read(text);
    return value === undefined || Math.abs(value) > largestNumber ? [] : [[text, value, count]];
  });
  if (entries.length === 0) return { kind: "empty", why: "no cell is a finite number" };
  const sentinels = found.spelling?.clock ? { texts: [], why: "" } : findSentinels(entries);
  const values = merged(entries.filter(([text]) => !sentinels.texts.includes(text)));
  const numbers = summarise(tally, values, sentinels.texts.length > 0);
  const dated = inferInstants(tally, withoutTexts(counts, sentinels.texts), numbers);
  const inferred = dated ?? (found.spelling?.clock ? { kind: "real" as const, why: "" } : kindOf(numbers));
  const notes = [
    ...found.notes,
    ...(found.units.size > 1 ? [nameUnits(found.units)] : []),
    ...(sentinels.why ? [sentinels.why] : []),
  ];
  const why = [inferred.why, ...notes].filter(Boolean).join("; ");
  // Codes and dates are written as they are.
  const numeric = inferred.kind !== "date" && inferred.kind !== "identifier";
  const spelling: Spelling = {
    ...inferred.spelling,
    ...(numeric && found.spelling && { numbers: found.spelling }),
    ...(sentinels.texts.length > 0 && { missing: sentinels.texts }),
  };
  return {
    kind: inferred.kind,
    why,
    ...(Object.keys(spelling).length > 0 && { spelling }),
    ...(found.units.size > 1 && { units: Object.fromEntries(found.units) }),
  };
}

const onlyNonFinite = (counts: ReadonlyMap<string, number>): Inferred | undefined =>
  [...counts.keys()].every((text) => nonFiniteForm.test(text))
    ? { kind: "empty", why: "no cell is a finite number" }
    : undefined;

function nameUnits(units: ReadonlyMap<string, number>): string {
  const parts = [...units].sort((a, b) => b[1] - a[1]).map(([unit, count]) => `${count} in ${unit || "no unit"}`);
  return `units are mixed (${parts.join(", ")}): only the first is read`;
}

function merged(entries: readonly (readonly [string, number, number])[]): Weighted {
  const values = new Map<number, number>();
  for (const [, value, count] of entries) values.set(value, (values.get(value) ?? 0) + count);
  return ascending(values);
}

function summarise(tally: ColumnTally, values: Weighted, withSentinels: boolean): Numbers {
  const range = withSentinels ? undefined : tally.range;
  const [min, max] = range ?? [values[0]![0], values.at(-1)![0]];
  const cells = Math.round((values.reduce((all, [, count]) => all + count, 0) * tally.rows) / tally.counted);
  const distinct = Math.min(cells, Math.max(values.length, tally.distinct ?? 0));
  return { tally, values, cells, distinct, min, max, span: `${shortNumber(min)} to ${shortNumber(max)}` };
}

function kindOf(n: Numbers): Inferred {
  const { values, min, max, span, distinct } = n;
  if (distinct === 1) return { kind: "constant", why: `always ${min}` };
  const whole = values.every(([value]) => Number.isSafeInteger(value));
  if (whole) return inferInteger(n);
  const tail = skewed(n, "numbers");
  const named = /rate|ratio|share|prob|frac|percent|pct|score|confidence|coverage/i.test(n.tally.name);
  // Small amounts with a long tail are amounts: 0.05 g of salt is no fraction.
  if (min >= 0 && max <= 1 && (named || !tail || max > 0.9))
    return { kind: "fraction", why: `between 0 and 1, ${span}` };
  return tail ?? { kind: "real", why: `numbers, ${span}` };
}

function inferInteger(n: Numbers): Inferred {
  const { tally, values, cells, distinct, min, max, span } = n;
  const width = max - min + 1;
  if (distinct === cells && cells >= 8 && width === distinct && cells >= 0.9 * tally.rows) {
    return { kind: "identifier", why: `counts the rows, ${span}` };
  }
  if (/(^|[^a-z])(id|uuid|guid|key)$/i.test(tally.name) || /[a-z](Id|ID|Key)$/.test(tally.name)) {
    if (distinct > 0.5 * cells)
      return { kind: "identifier", why: `integers in a column named ${tally.name}, ${distinct} distinct` };
  }
  const named = /^(n|num|nr|no|count)[_ .]|[_ .]?counts?$|^(number|count) of |^n[A-Z]/.test(tally.name);
  if (named && min >= 0 && max <= 10_000) return { kind: "count", why: `whole numbers, counts by their name, ${span}` };
  if (distinct <= 20 && max - min < 3 * distinct && cells >= 2 * distinct) {
    return { kind: "ordinal", why: `${distinct} whole numbers, ${span}` };
  }
  // Ranks: nearly every number of the range once.
  if (distinct >= 0.9 * cells && distinct > 0.5 * width && cells >= 20) {
    return { kind: "real", why: `ranks: whole numbers, ${span}, hardly any twice` };
  }
  // Counts reach down towards zero; body masses and years do not, and Poisson-like spread would misjudge them.
  if (min >= 0 && max <= 10_000 && min <= (max - min) / 4) return { kind: "count", why: `whole numbers, ${span}` };
  return skewed({ ...n, values }, "whole numbers") ?? { kind: "real", why: `whole numbers, ${span}` };
}

/** Above zero, with zeros at most, and a tail that a logarithm tames; a lone far value is an outlier and makes no tail. */
function skewed({ values, min, max, span }: Numbers, what: string): Inferred | undefined {
  if (min < 0) return undefined;
  const above = values.filter(([value]) => value > 0);
  const median = quantileOf(above, 0.5);
  const tail = max >= 5 * median && quantileOf(above, 0.99) >= 2.5 * median;
  if (!tail) return undefined;
  const zeros = values[0]![0] === 0 ? values[0]![1] / values.reduce((all, [, count]) => all + count, 0) : 0;
  const said = zeros >= 0.005 ? `${Math.round(100 * zeros)} % zeros, others` : "above zero";
  return { kind: "positive", why: `${what} with a long tail, ${said}, ${span}, median ${shortNumber(median)}` };
}

/** Dates that look like numbers: 20240131, or seconds since 1970 in a column whose name speaks of time. */
function inferInstants(tally: ColumnTally, counts: ReadonlyMap<string, number>, n: Numbers): Inferred | undefined {
  const cells = cellsOf(counts);
  const isId = /(^|[^a-z])(id|no|nr|code|key|number)$/i.test(tally.name);
  if (!isId && n.min >= 18_000_101 && n.max <= 21_991_231 && n.values.length >= 3) {
    const found = findDates(counts);
    if (found?.dates === "YYYYMMDD" && found.readable >= mostly * cells) {
      return { kind: "date", why: "dates written YYYYMMDD", spelling: { dates: "YYYYMMDD" } };
    }
  }
  if (!/time|date|stamp|epoch|created|updated|modified|seen|[_ ](at|on|ts)$|^ts$|(At|On)$/i.test(tally.name))
    return undefined;
  const epoch = (format: DateFormat, unit: string, [low, high]: readonly [number, number]): Inferred | undefined =>
    n.min >= low &&
    n.max <= high &&
    cellsWhere(counts, (text) => readDate(text, format) !== undefined) >= mostly * cells
      ? { kind: "date", why: `${unit} since 1970, by range and name`, spelling: { dates: format } }
      : undefined;
  // From 1980 to 2100.
  return (
    epoch("epoch-seconds", "seconds", [315e6, 4.1e9]) ?? epoch("epoch-milliseconds", "milliseconds", [315e9, 4.1e12])
  );
}
