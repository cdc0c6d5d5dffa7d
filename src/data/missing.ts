/**
 * @file Which cells mean nothing. In: a column's texts with their counts. Out: its missing tokens and why: `NA` is no country
 * among measurements, and Namibia among two-letter codes.
 */
import { shortNumber } from "./tally.ts";

/** Missing in every column, where nothing else was decided. */
export const missingTokens = ["", "NA", "N/A", "#N/A", "<NA>", "null", "NULL", "?"] as const;
/** Missing besides in number, boolean and date columns, in any case. */
export const missingInNumbers = ["na", "n/a", "none", "nil", "missing", "unknown", "-", "--", "."] as const;

/** Nothing else is ever meant by these, in lower case. */
const plainly = new Set(
  (
    "na n/a #n/a <na> n.a. n.a #na #null! #value! #div/0! #ref! #name? null (null) <null> nan \\n nil " +
    "missing unknown undefined nodata no_data n/d n.d."
  ).split(" "),
);
const phrases = new Set([
  "no data",
  "not available",
  "not applicable",
  "not known",
  "not specified",
  "no value",
  "keine angabe",
]);
/** Marks: missing unless other cells are such marks as well. */
const marks = new Set(["-", "--", "---", "–", "—", ".", "..", "...", "?", "??", "???", "*"]);
/** A category as well as nothing. */
const maybe = new Set(["none", "nil"]);

export interface MissingFound {
  /** As written; without the empty cell, which is always missing. */
  readonly tokens: readonly string[];
  /** Candidates that are kept as values. */
  readonly kept: readonly string[];
  readonly why: string;
}

const isCandidate = (text: string): boolean => {
  if (text.length > 16) return false;
  const word = text.toLowerCase();
  return plainly.has(word) || marks.has(word) || maybe.has(word) || phrases.has(word);
};

/** @param counts text → cells, none empty @param numeric the other cells are numbers, dates or yes and no */
export function findMissing(counts: ReadonlyMap<string, number>, numeric: boolean): MissingFound {
  const candidates = [...counts.keys()].filter(isCandidate);
  if (candidates.length === 0) return { tokens: [], kept: [], why: "" };
  const others = [...counts].filter(([text]) => !candidates.includes(text));
  const judged = candidates.map((text) => [text, numeric ? undefined : meaning(text, counts, others)] as const);
  const tokens = judged.filter(([, kept]) => kept === undefined).map(([text]) => text);
  const kept = judged.flatMap(([text, why]) => (why === undefined ? [] : [[text, why] as const]));
  const why = [
    ...(tokens.length > 0 ? [whyMissing(tokens)] : []),
    ...kept.map(([text, because]) => `${text} is kept, ${because}`),
  ].join("; ");
  return { tokens, kept: kept.map(([text]) => text), why };
}

export const whyMissing = (tokens: readonly string[]): string =>
  tokens.length === 0 ? "" : `${nameTokens(tokens)} ${tokens.length === 1 ? "means" : "mean"} missing`;

const nameTokens = (tokens: readonly string[]): string =>
  tokens.length <= 4 ? tokens.join(", ") : `${tokens.slice(0, 3).join(", ")} and ${tokens.length - 3} others`;

/** Why a candidate is a value in a column of words; undefined where it means nothing. */
function meaning(
  text: string,
  counts: ReadonlyMap<string, number>,
  others: readonly (readonly [string, number])[],
): string | undefined {
  const word = text.toLowerCase();
  if (others.length === 0) return undefined;
  const share = (test: RegExp) => others.filter(([other]) => test.test(other)).length / others.length;
  if (marks.has(word)) {
    if (text === "-" && others.some(([other]) => other === "+")) return "the opposite of +";
    return share(/^[\p{P}\p{S}]{1,3}$/u) >= 0.3 ? "a mark among marks" : undefined;
  }
  const count = counts.get(text)!;
  // Codes of one length that occur about as often as the others: NA is Namibia, NIL a code like NLD.
  if (/^[A-Z]{2,3}$/.test(text) && text !== "NAN" && others.length >= 4) {
    const alike = new RegExp(`^[A-Z]{${text.length}}$`);
    const most = others.reduce((top, [, cells]) => Math.max(top, cells), 0);
    if (share(alike) >= 0.9 && count <= 2 * most) return `a code of ${text.length} letters like the others`;
  }
  if (!maybe.has(word)) return undefined;
  const long = others.filter(([other]) => /\s/.test(other.trim())).length / others.length;
  const isProse = others.length > 50 && long > 0.5;
  return isProse ? undefined : "a category of its own";
}

/** Usual tokens of a kind of column, less those that this one keeps, and what it was found to have: all that is missing in it. */
export function allMissing({ tokens, kept }: MissingFound): readonly string[] {
  const usual = missingTokens.filter((token) => token !== "" && !kept.includes(token));
  return [...new Set([...usual, ...tokens])];
}

/** Numbers that stand for nothing: -999, 9999 and the like, far outside the rest. */
export function findSentinels(numbers: readonly (readonly [text: string, value: number, count: number])[]): {
  readonly texts: readonly string[];
  readonly why: string;
} {
  const nines = numbers.filter(([, value, count]) => count >= 2 && isNines(value));
  const rest = numbers.filter((entry) => !nines.includes(entry)).map(([, value]) => value);
  if (nines.length === 0 || rest.length < 3) return { texts: [], why: "" };
  const low = rest.reduce((a, b) => Math.min(a, b));
  const high = rest.reduce((a, b) => Math.max(a, b));
  const width = Math.max(high - low, Math.abs(high) / 100, 1e-9);
  const found = nines.filter(
    ([, value, count]) =>
      (value < low && (low - value > width || (low >= 0 && value <= -99))) ||
      (value > high && value - high > 2 * width && count >= 3),
  );
  if (found.length === 0) return { texts: [], why: "" };
  const texts = found.map(([text]) => text);
  const verb = texts.length === 1 ? "stands" : "stand";
  const span = `${shortNumber(low)} to ${shortNumber(high)}`;
  return {
    texts,
    why: `${nameTokens(texts)} ${verb} far outside ${span} and ${texts.length === 1 ? "means" : "mean"} missing`,
  };
}

const isNines = (value: number): boolean => /^(9{2,8}|9{2,7}[.](9|0)+|8{3,5}|7{3,5})$/.test(String(Math.abs(value)));
