/**
 * @file One cell of text ↔ one value. In: text as the file has it, and the column's kind and spelling. Out: the value, null
 * where missing, with the fault where something stood there that could not be read; and back into the file's own spelling.
 *
 * Missing in every column: the empty cell and exactly NA, N/A, #N/A, <NA>, null, NULL or ?. Missing in number, boolean and
 * date columns too: na, n/a, none, nil, missing, unknown, -, --, . in any case. Elsewhere NaN and nan are missing; in a number
 * column they are listed as issues, as infinity is. Identifiers keep whatever they hold ("NA" is Namibia's code).
 */
import type { ColumnKind, DateFormat, Scalar, Spelling } from "./records.ts";

export const missingTokens = ["", "NA", "N/A", "#N/A", "<NA>", "null", "NULL", "?"] as const;
export const missingInNumbers = ["na", "n/a", "none", "nil", "missing", "unknown", "-", "--", "."] as const;

/** Patterns that SQL (RE2) and JavaScript read alike. A leading plus marks codes (+44), not numbers. */
export const numberPattern = "^-?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?$";
export const nonFinitePattern = "^[-+]?(nan|inf|infinity)$";
/** A list of numbers: in brackets from two on, bare from eight on, where it can hardly be anything else. */
const listed = "[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?";
export const vectorPattern = `^([[(] *${listed}([ ,;]+${listed})+ *[])]|${listed}([ ,;]+${listed}){7,})$`;

export const datePatterns: Readonly<Record<DateFormat, string>> = {
  "YYYY-MM-DD":
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?( ?(Z|[-+][0-9]{2}(:?[0-9]{2})?))?)?$",
  "YYYY/MM/DD": "^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}$",
  "DD.MM.YYYY": "^[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}$",
  "MM/DD/YYYY": "^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$",
  "DD/MM/YYYY": "^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$",
};
/** Beyond this a number overflows once squared in float32. */
export const largestNumber = 1e30;

export interface CellReading {
  readonly value: Scalar | null;
  readonly fault?: "number-not-finite" | "value-not-readable";
}

export type CellReader = (text: string | null) => CellReading;

const missing: CellReading = { value: null };
const unreadable: CellReading = { value: null, fault: "value-not-readable" };
const tokens: ReadonlySet<string> = new Set(missingTokens);
const numberTokens: ReadonlySet<string> = new Set(missingInNumbers);
const numberForm = new RegExp(numberPattern);
const nonFiniteForm = new RegExp(nonFinitePattern, "i");
const nanForm = /^nan$/i;
const dateForms = Object.fromEntries(
  Object.entries(datePatterns).map(([format, pattern]) => [format, new RegExp(pattern)]),
) as Record<DateFormat, RegExp>;

/** The reader of a column's text. Media kinds have none: their cells are files. */
export function cellReader(kind: Exclude<ColumnKind, "image" | "audio">, spelling: Spelling = {}): CellReader {
  switch (kind) {
    case "real":
    case "positive":
    case "fraction":
    case "count":
    case "ordinal":
      return unlessMissing(readNumber);
    case "boolean":
      return unlessMissing((text) => readBoolean(text, spelling.booleans ?? ["false", "true"]));
    case "date":
      return unlessMissing((text) => readDate(text, spelling.dates ?? "YYYY-MM-DD"));
    case "text":
    case "categorical":
    case "multilabel":
    case "vector":
    case "constant":
      return (text) => (text === null || tokens.has(text) || nanForm.test(text) ? missing : { value: text });
    case "identifier":
    case "empty":
      return (text) => (text === null || text === "" ? missing : { value: text });
  }
}

function unlessMissing(read: (text: string) => CellReading): CellReader {
  return (text) => (text === null || tokens.has(text) || numberTokens.has(text.toLowerCase()) ? missing : read(text));
}

function readNumber(text: string): CellReading {
  if (numberForm.test(text)) {
    const value = Number(text);
    return Math.abs(value) <= largestNumber ? { value } : { value: null, fault: "number-not-finite" };
  }
  return nonFiniteForm.test(text) ? { value: null, fault: "number-not-finite" } : unreadable;
}

function readBoolean(text: string, [no, yes]: readonly [string, string]): CellReading {
  if (nanForm.test(text)) return missing;
  const word = text.toLowerCase();
  if (word === yes.toLowerCase()) return { value: true };
  return word === no.toLowerCase() ? { value: false } : unreadable;
}

function readDate(text: string, format: DateFormat): CellReading {
  if (!dateForms[format].test(text)) return nanForm.test(text) ? missing : unreadable;
  if (format === "YYYY-MM-DD" && text.length > 10) return readInstant(text);
  const parts = text.split(/[-/.]/).map(Number);
  const at = format.split(/[-/.]/);
  const [year, month, day] = ["YYYY", "MM", "DD"].map((part) => parts[at.indexOf(part)]!);
  const date = new Date(Date.UTC(year!, month! - 1, day));
  // Date.UTC rolls 31 February over into March: such a day does not exist.
  return date.getUTCMonth() === month! - 1 && date.getUTCDate() === day
    ? { value: date.toISOString().slice(0, 10) }
    : unreadable;
}

/** A date with a time of day; without a zone it is taken as UTC. */
function readInstant(text: string): CellReading {
  const [, date, time, zone = "Z"] = /^(\S{10})[T ]([0-9:.]+) ?(.*)$/.exec(text) ?? [];
  const offset =
    zone === "" || zone === "Z" ? "Z" : zone.length === 3 ? `${zone}:00` : zone.replace(/(\d\d)(\d\d)$/, "$1:$2");
  const instant = new Date(`${date}T${time}${offset}`);
  if (Number.isNaN(instant.getTime())) return unreadable;
  return { value: instant.toISOString().replace(".000Z", "Z") };
}

/** A value written as the source would: booleans in its words, dates in its form. Null is the empty cell. */
export function writeCell(value: Scalar | null, spelling: Spelling = {}): string {
  if (value === null) return "";
  if (typeof value === "boolean") return (spelling.booleans ?? ["false", "true"])[value ? 1 : 0];
  if (typeof value !== "string" || spelling.dates === undefined) return String(value);
  const [date, time] = value.split("T");
  const [year, month, day] = date!.split("-");
  const written = spelling.dates.replace("YYYY", year!).replace("MM", month!).replace("DD", day!);
  return time === undefined ? written : `${written}T${time}`;
}
