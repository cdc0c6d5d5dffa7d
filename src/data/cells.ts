/**
 * @file One cell of text ↔ one value. In: text as the file has it, and the column's kind and spelling. Out: the value, null
 * where missing, with the fault where something stood there that could not be read; and back into the file's own spelling.
 *
 * Missing: the empty cell and the spelling's tokens. Without such, the usual ones: exactly NA, N/A, #N/A, <NA>, null, NULL or ?,
 * and in number, boolean and date columns also na, n/a, none, nil, missing, unknown, -, --, . in any case. Elsewhere NaN and nan
 * are missing; in a number column they are listed as issues, as infinity is. Identifiers keep whatever they hold.
 */
import { readDate, writeDate } from "./dates.ts";
import { missingInNumbers, missingTokens } from "./missing.ts";
import { largestNumber, nonFiniteForm, numberReader, writeNumber } from "./numbers.ts";
import type { ColumnKind, Scalar, Spelling } from "./records.ts";

export interface CellReading {
  readonly value: Scalar | null;
  readonly fault?: "number-not-finite" | "value-not-readable";
}

export type CellReader = (text: string | null) => CellReading;

const missing: CellReading = { value: null };
const unreadable: CellReading = { value: null, fault: "value-not-readable" };
const numberTokens: ReadonlySet<string> = new Set(missingInNumbers);
const nanForm = /^nan$/i;

/** The reader of a column's text. Media kinds have none: their cells are files. */
export function cellReader(kind: Exclude<ColumnKind, "image" | "audio">, spelling: Spelling = {}): CellReader {
  const tokens: ReadonlySet<string> = new Set(spelling.missing ?? missingTokens);
  const typed =
    (read: (text: string) => CellReading): CellReader =>
    (text) =>
      text === null || text === "" || tokens.has(text) || numberTokens.has(text.toLowerCase()) ? missing : read(text);
  const words: CellReader = (text) =>
    text === null || text === "" || tokens.has(text) || nanForm.test(text) ? missing : { value: text };
  switch (kind) {
    case "real":
    case "positive":
    case "fraction":
    case "count":
      return typed(readNumber(spelling));
    case "ordinal":
      return spelling.levels ? words : typed(readNumber(spelling));
    case "boolean":
      return booleanReader(spelling, typed);
    case "date":
      return typed((text) => dateReading(text, spelling));
    case "text":
    case "categorical":
    case "multilabel":
    case "vector":
    case "constant":
      return words;
    case "identifier":
    case "empty":
      return (text) => (text === null || text === "" ? missing : { value: text });
  }
}

function readNumber({ numbers }: Spelling): (text: string) => CellReading {
  const read = numberReader(numbers);
  return (text) => {
    const value = read(text);
    if (value !== undefined) {
      return Math.abs(value) <= largestNumber ? { value } : { value: null, fault: "number-not-finite" };
    }
    return nonFiniteForm.test(text) ? { value: null, fault: "number-not-finite" } : unreadable;
  };
}

function booleanReader(
  { booleans = ["false", "true"] }: Spelling,
  typed: (read: (text: string) => CellReading) => CellReader,
): CellReader {
  const [no, yes] = booleans.map((word) => word.toLowerCase());
  const isWord = (text: string): CellReading | undefined => {
    const word = text.toLowerCase();
    return word === yes ? { value: true } : word === no ? { value: false } : undefined;
  };
  const others = typed((text) => (nanForm.test(text) ? missing : unreadable));
  // A word of the column is never missing: "-" beside "+", or the empty cell beside "x".
  return (text) => isWord(text ?? "") ?? others(text);
}

function dateReading(text: string, { dates }: Spelling): CellReading {
  const value = readDate(text, dates);
  if (value !== undefined) return { value };
  return nanForm.test(text) ? missing : unreadable;
}

/** A value written as the source would: booleans in its words, dates and numbers in its form. Null is the empty cell. */
export function writeCell(value: Scalar | null, spelling: Spelling = {}): string {
  if (value === null) return "";
  if (typeof value === "boolean") return (spelling.booleans ?? ["false", "true"])[value ? 1 : 0];
  if (typeof value === "number") return writeNumber(value, spelling.numbers);
  return spelling.dates === undefined ? value : writeDate(value, spelling.dates, spelling.times);
}
