/**
 * @file What a column holds, inferred from its texts alone. In: a ColumnTally, counted from a file or by hand in a test. Out: a kind,
 * the reason in words, and how the file spells it. Says what the column is, not what it is for (see roles.ts).
 */
import { findDates } from "./dates.ts";
import { type Inferred, inferNumbers, readsNumbers } from "./infer-numbers.ts";
import { findLevels } from "./levels.ts";
import { findLabels, findVectors } from "./lists.ts";
import { imageExtensions, soundExtensions } from "./media-header.ts";
import { allMissing, findMissing, type MissingFound, whyMissing } from "./missing.ts";
import { type ColumnKind, isFileKind, type Spelling } from "./records.ts";
import { type ColumnTally, cellsOf, cellsWhere, isWhole, withoutTexts } from "./tally.ts";

export type { Inferred } from "./infer-numbers.ts";

const mostly = 0.95;
const booleanWords: readonly (readonly [string, string])[] = [
  ["false", "true"],
  ["no", "yes"],
  ["n", "y"],
  ["f", "t"],
  ["off", "on"],
  ["0", "1"],
  ["0.0", "1.0"],
  ["nein", "ja"],
  ["nej", "ja"],
  ["nee", "ja"],
  ["non", "oui"],
  ["no", "si"],
  ["no", "sí"],
  ["no", "sì"],
  ["não", "sim"],
  ["nao", "sim"],
  ["nie", "tak"],
  ["нет", "да"],
  ["否", "是"],
  ["faux", "vrai"],
  ["falsch", "wahr"],
  ["falso", "vero"],
  ["absent", "present"],
  ["disabled", "enabled"],
  ["inactive", "active"],
  ["✗", "✓"],
  ["✘", "✔"],
  ["-", "+"],
];
/** A mark that stands where something holds, beside empty cells where it does not. */
const crosses = /^([xX]|✓|✔|☑|✅|×)$/;

export function inferKind(tally: ColumnTally): Inferred {
  const bytes = inferBytes(tally);
  if (bytes) return bytes;
  if (tally.counts.size === 0) return { kind: "empty", why: "every cell is empty" };
  const cross = inferCross(tally);
  if (cross) return cross;
  // Without all that could mean nothing: what is left says whether the column is of numbers or of words.
  const loosely = findMissing(tally.counts, true);
  const rest = withoutTexts(tally.counts, loosely.tokens);
  if (rest.size === 0) return inferRest(tally, loosely);
  const typed =
    inferMedia(rest) ??
    inferBoolean(tally.counts) ??
    inferBoolean(rest) ??
    inferNumbers(tally, rest) ??
    inferDate(rest);
  if (typed?.spelling?.booleans?.includes("-")) return typed;
  if (typed) return withMissing(typed, withoutRareNaN(tally.counts, loosely));
  const found = findMissing(tally.counts, false);
  const words = withoutTexts(tally.counts, found.tokens);
  return withMissing(inferWords(tally, words), found);
}

/** A NaN among many numbers is a fault worth a line; where it is common it is how the file writes a gap. */
function withoutRareNaN(counts: ReadonlyMap<string, number>, found: MissingFound): MissingFound {
  const isNaNText = (text: string) => /^nan$/i.test(text);
  if (cellsWhere(counts, isNaNText) >= 0.01 * cellsOf(counts)) return found;
  const tokens = found.tokens.filter((text) => !isNaNText(text));
  return { ...found, tokens, why: tokens.length === found.tokens.length ? found.why : whyMissing(tokens) };
}

const numberKinds: ReadonlySet<ColumnKind> = new Set(["real", "positive", "fraction", "count"]);
const isNumeric = (kind: ColumnKind): boolean => numberKinds.has(kind);

/** The reason, and the tokens where the usual ones of the kind would not do. */
function withMissing(inferred: Inferred, found: MissingFound): Inferred {
  const { kind, spelling = {} } = inferred;
  const { tokens } = found;
  // Their cells are kept as they are.
  if (kind === "identifier" || isFileKind(kind)) return inferred;
  const named = tokens.length > 0 || found.kept.length > 0;
  const why = named && found.why ? `${inferred.why}; ${found.why}` : inferred.why;
  const missing = spelling.missing;
  const all = named || missing ? [...new Set([...allMissing(found), ...(missing ?? [])])] : undefined;
  return {
    ...inferred,
    why,
    ...((all || inferred.spelling) && { spelling: { ...spelling, ...(all && { missing: all }) } }),
  };
}

function inferBytes({ bytes }: ColumnTally): Inferred | undefined {
  if (!bytes || bytes.filled === 0) return undefined;
  if (bytes.of === "unknown")
    return { kind: "identifier", why: "bytes that are neither an image nor a sound nor a .npy file" };
  if (bytes.of === "image") return { kind: "image", why: "holds the bytes of image files" };
  if (bytes.of === "vector") return { kind: "vector", why: "holds the bytes of .npy files" };
  return { kind: "audio", why: "holds the bytes of sound files" };
}

/** Nothing but what could mean nothing. */
function inferRest(tally: ColumnTally, { tokens }: MissingFound): Inferred {
  const cells = cellsOf(tally.counts);
  const nan = cellsWhere(tally.counts, (text) => /^nan$/i.test(text));
  if (nan === cells) return { kind: "empty", why: "no cell is a finite number" };
  const usual = tokens.filter((text) => !/^(none|nil|-|\+|[.]|\*)$/i.test(text));
  if (usual.length === tokens.length) {
    return { kind: "empty", why: `nothing but ${tokens.slice(0, 4).join(", ")}`, spelling: { missing: tokens } };
  }
  return inferWords(tally, tally.counts);
}

function inferMedia(counts: ReadonlyMap<string, number>): Inferred | undefined {
  const cells = cellsOf(counts);
  const named = (extensions: readonly string[]) => {
    const form = new RegExp(`[.](${extensions.join("|")})$`, "i");
    return cellsWhere(counts, (text) => form.test(text));
  };
  const [images, sounds] = [named(imageExtensions), named(soundExtensions)];
  if (images >= 0.9 * cells) return { kind: "image", why: `${images} cells name image files` };
  if (sounds >= 0.9 * cells) return { kind: "audio", why: `${sounds} cells name sound files` };
  return undefined;
}

function inferCross(tally: ColumnTally): Inferred | undefined {
  const [word] = tally.counts.keys();
  const empty = tally.counted - cellsOf(tally.counts);
  if (tally.counts.size !== 1 || !crosses.test(word!) || empty === 0) return undefined;
  return { kind: "boolean", why: `${word} or empty, which means no`, spelling: { booleans: ["", word!] } };
}

function inferBoolean(counts: ReadonlyMap<string, number>): Inferred | undefined {
  if (counts.size < 2 || counts.size > 8) return undefined;
  const words = new Map<string, string>();
  // The commonest way of writing each word stands for it: Yes, yes and YES are one.
  for (const text of [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!)) {
    const word = text.toLowerCase();
    if (!words.has(word)) words.set(word, text);
  }
  const pair = booleanWords.find(([no, yes]) => words.size === 2 && words.has(no) && words.has(yes));
  if (!pair) return undefined;
  const booleans: [string, string] = [words.get(pair[0])!, words.get(pair[1])!];
  return { kind: "boolean", why: `only ${booleans[0]} and ${booleans[1]}`, spelling: { booleans } };
}

function inferDate(counts: ReadonlyMap<string, number>): Inferred | undefined {
  const words = new Map([...counts].filter(([text]) => !/^nan$/i.test(text)));
  const found = findDates(words);
  if (!found || found.readable < mostly * cellsOf(words)) return undefined;
  const { dates, times, note } = found;
  const at = times ? " with a time of day" : "";
  return { kind: "date", why: `dates written ${dates}${at}${note}`, spelling: { dates, ...(times && { times }) } };
}

/** @param counts what is not missing */
function inferWords(tally: ColumnTally, counts: ReadonlyMap<string, number>): Inferred {
  const cells = cellsOf(counts);
  const texts = [...counts.keys()];
  if (texts.length === 1 && isWhole(tally)) return { kind: "constant", why: `always ${shorten(texts[0]!)}` };
  const filled = Math.round((cells * tally.rows) / tally.counted);
  const distinct = tally.distinct ?? texts.length;
  const share = distinct / Math.max(1, filled);
  const length = findVectors(counts);
  if (length !== undefined) return { kind: "vector", why: `lists of ${length} numbers` };
  if (cellsWhere(counts, (text) => /[.]npy$/i.test(text)) >= mostly * cells) {
    return { kind: "vector", why: "cells name .npy files" };
  }
  const levels = share <= 0.5 ? findLevels(texts, tally.name) : undefined;
  if (levels) {
    const [low, high] = [levels.levels[0]!, levels.levels.at(-1)!];
    return { kind: "ordinal", why: `${levels.scale}, ${low} to ${high}`, spelling: { levels: levels.levels } };
  }
  const labels = findLabels(counts);
  if (labels) {
    const { separator, perCell } = labels;
    const why = `lists parted by "${separator.trim()}": ${labels.labels} labels, ${perCell.toFixed(1)} a cell`;
    return { kind: "multilabel", why, spelling: { separator } };
  }
  const few = distinct <= 50 ? share <= 0.5 : distinct <= 300 && share <= 0.2;
  if (few) return { kind: "categorical", why: `${distinct} distinct values in ${filled} cells` };
  return (
    inferCodes(tally.name, counts, distinct, filled) ?? {
      kind: "text",
      why: `words, ${distinct} distinct values in ${filled} cells`,
    }
  );
}

const codeForms: readonly (readonly [what: string, form: RegExp])[] = [
  ["e-mail addresses", /^[^\s@]+@[^\s@]+[.][^\s@]+$/],
  ["web addresses", /^([a-z][a-z0-9+.-]*:\/\/|www[.])\S+$/i],
  ["UUIDs", /^\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i],
  ["hashes", /^[0-9a-f]{16,128}$/i],
  ["phone numbers", /^([+]|00)?[(]?\d{1,4}[)]?([-\s./()]{1,2}\d{2,6}){2,5}$|^[+]\d{7,15}$/],
  ["network addresses", /^(\d{1,3}[.]){3}\d{1,3}(:\d+)?$/],
];

/** Names of things rather than properties: codes, or words that hardly ever repeat. */
function inferCodes(
  name: string,
  counts: ReadonlyMap<string, number>,
  distinct: number,
  filled: number,
): Inferred | undefined {
  const cells = cellsOf(counts);
  const share = distinct / Math.max(1, filled);
  const said = `${distinct} distinct values in ${filled} cells`;
  for (const [what, form] of codeForms) {
    if (cellsWhere(counts, (text) => form.test(text)) >= 0.9 * cells)
      return { kind: "identifier", why: `${what}, ${said}` };
  }
  if (isNamedId(name) && share > 0.5) return { kind: "identifier", why: `a column named ${name}, ${said}` };
  const [first] = counts.keys();
  if (distinct <= 500 && share < 0.8 && first!.length <= 3) {
    const alike = new RegExp(`^[A-Z]{${first!.length}}$`);
    if (cellsWhere(counts, (text) => alike.test(text)) >= mostly * cells) {
      return { kind: "categorical", why: `codes of ${first!.length} letters, ${said}` };
    }
  }
  let [length, words, codes] = [0, 0, 0];
  for (const [text, count] of counts) {
    length += count * text.length;
    // "Red|Green" is two words to a reader, so words are parted by bars as well as by spaces.
    words += count * text.split(/[ |]/).length;
    if (/^[^ |]*([0-9]|:\/\/)[^ |]*$/.test(text)) codes += count;
  }
  if (words >= 1.3 * cells) return { kind: "text", why: `free text, ${(words / cells).toFixed(1)} words on average` };
  if (codes >= 0.5 * cells) return { kind: "identifier", why: `codes, ${said}` };
  // Scripts without spaces make one long "word" of a sentence.
  if (share >= mostly && length < 12 * cells) {
    return { kind: "identifier", why: `almost every value is different (${distinct} of ${filled})` };
  }
  return undefined;
}

export const isNamedId = (name: string): boolean =>
  /(^|[^a-z])(id|uuid|guid|key)$/i.test(name) || /[a-z](Id|ID|Uuid|Key)$/.test(name);

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);

/** How the column is spelled where somebody else says its kind. */
export function inferSpelling(tally: ColumnTally, kind: ColumnKind): Spelling | undefined {
  const inferred = inferKind(tally);
  if (inferred.kind === kind) return inferred.spelling;
  const loosely = findMissing(tally.counts, true);
  const rest = withoutTexts(tally.counts, loosely.tokens);
  const missing = loosely.tokens.length > 0 ? { missing: allMissing(loosely) } : {};
  if (isNumeric(kind) || (kind === "ordinal" && readsNumbers(rest))) {
    return {
      ...missing,
      ...(inferred.spelling?.missing && isNumeric(inferred.kind) && { missing: inferred.spelling.missing }),
      ...numbersOf(rest),
    };
  }
  if (kind === "boolean") return { ...missing, ...pairOf(rest) };
  if (kind === "date") {
    const found = findDates(rest);
    return found && { ...missing, dates: found.dates, ...(found.times && { times: found.times }) };
  }
  const found = findMissing(tally.counts, false);
  const words = found.tokens.length + found.kept.length > 0 ? { missing: allMissing(found) } : undefined;
  if (kind === "multilabel") return { ...words, separator: findLabels(rest)?.separator ?? likelySeparator(rest) };
  if (kind !== "ordinal") return words;
  const texts = [...withoutTexts(tally.counts, found.tokens).keys()];
  return { ...words, levels: findLevels(texts, tally.name)?.levels ?? texts.sort() };
}

const numbersOf = (counts: ReadonlyMap<string, number>): Spelling => {
  const numbers = readsNumbers(counts, 0)?.spelling;
  return numbers ? { numbers } : {};
};

function pairOf(counts: ReadonlyMap<string, number>): Spelling {
  const found = inferBoolean(counts)?.spelling;
  if (found) return found;
  const words = [...counts.keys()].sort();
  return words.length === 2 ? { booleans: [words[0]!, words[1]!] } : {};
}

/** Of the usual marks the one that most cells have. */
function likelySeparator(counts: ReadonlyMap<string, number>): string {
  const marks = ["|", ";", ", ", ",", " "].map(
    (mark) => [mark, cellsWhere(counts, (text) => text.includes(mark))] as const,
  );
  const best = marks.reduce((a, b) => (b[1] > a[1] ? b : a));
  return best[1] === 0 ? "|" : best[0];
}
