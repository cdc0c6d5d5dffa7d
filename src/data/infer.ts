/**
 * @file What a column holds, inferred from its statistics alone. In: ColumnStatistics, counted by SQL or by hand in a test.
 * Out: a kind, the reason in words, and how the file spells it. Says what the column is, not what it is for (see roles.ts).
 */
import type { ColumnKind, DateFormat, Spelling } from "./records.ts";

/** Counts over the cells that are not missing by `missingTokens`; NaN, infinity and "none" are still among them. */
export interface ColumnStatistics {
  readonly name: string;
  readonly rows: number;
  readonly filled: number;
  /** Cells that only a number column takes as missing: none, n/a, -, … */
  readonly missingInNumbers: number;
  readonly nan: number;
  /** NaN, infinite or beyond 1e30. */
  readonly nonFinite: number;
  readonly numbers: number;
  readonly integers: number;
  /** Numbers written with leading zeros, as codes are: 007. */
  readonly zeroPadded: number;
  readonly distinct: number;
  readonly distinctNumbers: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly dates: Readonly<Record<DateFormat, number>>;
  /** Slashed dates whose first part exceeds 12, so that it cannot be a month. */
  readonly dayFirst: number;
  readonly images: number;
  /** Cells that hold a list of numbers, and those that name a .npy file. */
  readonly vectors: number;
  readonly vectorFiles: number;
  readonly sounds: number;
  readonly meanLength: number;
  readonly meanWords: number;
  /** Cells of one word that contain a digit or are a web address, as codes do. */
  readonly codes: number;
  /** First and last in alphabetical order. */
  readonly lowest: string;
  readonly highest: string;
  /** Cells that hold bytes, or a struct with bytes, rather than text. */
  readonly bytes?: "image" | "sound" | "vector" | "unknown";
}

export interface Inferred {
  readonly kind: ColumnKind;
  readonly why: string;
  readonly spelling?: Spelling;
}

const mostly = 0.95;
const booleanWords: readonly (readonly [string, string])[] = [
  ["false", "true"],
  ["no", "yes"],
  ["n", "y"],
  ["f", "t"],
  ["off", "on"],
  ["0", "1"],
  ["0.0", "1.0"],
];

export function inferKind(s: ColumnStatistics): Inferred {
  return inferMedia(s) ?? inferNothing(s) ?? inferBoolean(s) ?? inferNumber(s) ?? inferDate(s) ?? inferWords(s);
}

function inferMedia(s: ColumnStatistics): Inferred | undefined {
  if (s.bytes === "unknown" && s.filled > 0) {
    return { kind: "identifier", why: "bytes that are no image, sound or .npy array" };
  }
  if (s.bytes === "image") return { kind: "image", why: "holds the bytes of image files" };
  if (s.bytes === "sound") return { kind: "audio", why: "holds the bytes of sound files" };
  if (s.bytes === "vector") return { kind: "vector", why: "holds the bytes of .npy files" };
  const enough = s.filled > 0 && s.filled * 0.9;
  if (enough && s.images >= enough) return { kind: "image", why: `${s.images} cells name image files` };
  if (enough && s.vectorFiles >= enough) return { kind: "vector", why: `${s.vectorFiles} cells name .npy files` };
  if (enough && s.vectors >= enough) return { kind: "vector", why: `${s.vectors} cells are lists of numbers` };
  if (enough && s.sounds >= enough) return { kind: "audio", why: `${s.sounds} cells name sound files` };
  return undefined;
}

function inferNothing(s: ColumnStatistics): Inferred | undefined {
  if (s.filled === 0) return { kind: "empty", why: "every cell is empty" };
  if (s.nonFinite > 0 && s.numbers === 0 && s.nonFinite + s.missingInNumbers === s.filled) {
    return { kind: "empty", why: "no cell is a finite number" };
  }
  if (s.distinct === 1) return { kind: "constant", why: `always ${s.lowest}` };
  return undefined;
}

function inferBoolean(s: ColumnStatistics): Inferred | undefined {
  if (s.distinct !== 2) return undefined;
  const pair = [s.lowest.toLowerCase(), s.highest.toLowerCase()];
  for (const [no, yes] of booleanWords) {
    if (!pair.includes(no) || !pair.includes(yes)) continue;
    const booleans: [string, string] = pair[0] === no ? [s.lowest, s.highest] : [s.highest, s.lowest];
    return { kind: "boolean", why: `only ${booleans[0]} and ${booleans[1]}`, spelling: { booleans } };
  }
  return undefined;
}

function inferNumber(s: ColumnStatistics): Inferred | undefined {
  const candidates = s.filled - s.missingInNumbers;
  if (s.numbers === 0 || s.numbers + s.nonFinite < mostly * candidates) return undefined;
  // Codes such as 0042 lose their zeros as numbers, and their arithmetic means nothing.
  if (s.zeroPadded > 0.02 * s.numbers) return undefined;
  if (s.distinctNumbers === 1) return { kind: "constant", why: `always ${s.min}` };
  const span = `${shortNumber(s.min)} to ${shortNumber(s.max)}`;
  if (s.integers === s.numbers) return inferInteger(s, span);
  return isSkewed(s)
    ? { kind: "positive", why: `numbers above zero with a long tail, ${span}, median ${shortNumber(s.median)}` }
    : { kind: "real", why: `numbers, ${span}` };
}

function inferInteger(s: ColumnStatistics, span: string): Inferred {
  const { numbers, distinctNumbers: distinct, min, max } = s;
  if (distinct === numbers && numbers >= 8 && max - min + 1 === distinct) {
    return { kind: "identifier", why: `counts the rows, ${span}` };
  }
  if (isNamedId(s.name) && distinct > 0.5 * numbers) {
    return { kind: "identifier", why: `integers in a column named ${s.name}, ${distinct} distinct` };
  }
  if (distinct <= 20 && max - min < 3 * distinct && numbers >= 2 * distinct) {
    return { kind: "ordinal", why: `${distinct} whole numbers, ${span}` };
  }
  // Counts reach down towards zero; body masses and years do not, and Poisson-like spread would misjudge them.
  if (min >= 0 && max <= 10_000 && min <= (max - min) / 4) return { kind: "count", why: `whole numbers, ${span}` };
  return isSkewed(s)
    ? { kind: "positive", why: `whole numbers above zero with a long tail, ${span}` }
    : { kind: "real", why: `whole numbers, ${span}` };
}

const isSkewed = ({ min, median, max }: ColumnStatistics): boolean => min > 0 && max >= 5 * median;

function inferDate(s: ColumnStatistics): Inferred | undefined {
  const candidates = s.filled - s.missingInNumbers - s.nan;
  for (const [form, count] of Object.entries(s.dates) as [DateFormat, number][]) {
    if (count === 0 || count < mostly * candidates) continue;
    const slashed = form === "MM/DD/YYYY" || form === "DD/MM/YYYY";
    const dates = slashed ? (s.dayFirst > 0 ? "DD/MM/YYYY" : "MM/DD/YYYY") : form;
    return { kind: "date", why: `dates written ${dates}`, spelling: { dates } };
  }
  return undefined;
}

function inferWords(s: ColumnStatistics): Inferred {
  const filled = s.filled - s.nan;
  const { distinct, meanWords, meanLength } = s;
  const share = distinct / filled;
  const few = distinct <= 50 ? share <= 0.5 : distinct <= 300 && share <= 0.2;
  if (few) return { kind: "categorical", why: `${distinct} distinct values in ${filled} cells` };
  if (isNamedId(s.name) && share > 0.5) {
    return { kind: "identifier", why: `a column named ${s.name}, ${distinct} distinct values in ${filled} cells` };
  }
  // "Red|Green" is two words to a reader, so words are parted by bars as well as by spaces.
  if (meanWords >= 1.3) return { kind: "text", why: `free text, ${meanWords.toFixed(1)} words on average` };
  if (s.codes >= 0.5 * filled) {
    return { kind: "identifier", why: `codes, ${distinct} distinct values in ${filled} cells` };
  }
  // Scripts without spaces make one long "word" of a sentence.
  if (share >= mostly && meanLength < 12) {
    return { kind: "identifier", why: `almost every value is different (${distinct} of ${filled})` };
  }
  return { kind: "text", why: `words, ${distinct} distinct values in ${filled} cells` };
}

const isNamedId = (name: string): boolean =>
  /(^|[^a-z])(id|uuid|guid|key)$/i.test(name) || /[a-z](Id|ID|Uuid|Key)$/.test(name);

export const shortNumber = (value: number): string => String(Number(value.toPrecision(4)));
