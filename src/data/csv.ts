/**
 * @file CSV as people write it → records, and back. In: text in pieces and the form that it has. Out: the cells of every record
 * with the line where it begins; a broken quote costs at most its own line. Typing is not guessed here: every cell is text.
 */
export interface CsvForm {
  readonly delimiter: string;
  /** `"` or `'`; doubled inside cells, or after a backslash. */
  readonly quote: string;
  /** Lines end in a carriage return alone. */
  readonly returns: boolean;
}

export interface CsvRecord {
  readonly cells: readonly string[];
  /** 1-based line where it begins. */
  readonly line: number;
  /** A quote in it is opened and not closed, or not doubled: cells were read as they stand. */
  readonly fault: boolean;
  /** A cell of it stands in quotes. */
  readonly quoted: boolean;
}

export interface CsvReader {
  /** Records that are whole after this piece. */
  push(text: string): CsvRecord[];
  /** What is left at the end of the file. */
  end(): CsvRecord[];
}

/** Characters that one quoted cell of several lines may have before its quote counts as never closed. */
const longestCell = 4 * 1024 * 1024;
const shortestLimit = 64 * 1024;

export function csvReader(form: CsvForm): CsvReader {
  let rest = "";
  let line = 1;
  let limit = longestCell;
  const take = (final: boolean): CsvRecord[] => {
    const records: CsvRecord[] = [];
    let at = 0;
    while (at < rest.length) {
      const found = readRecord(rest, at, { ...form, final, limit });
      if (found === undefined) break;
      // Every search that reaches the limit in vain makes the next one shorter: time stays in proportion to the file.
      if (found.exhausted) limit = Math.max(shortestLimit, limit / 2);
      const { cells, fault, quoted } = found;
      // A line with nothing on it is no record.
      if (cells.length > 1 || cells[0] !== "" || quoted) records.push({ cells, line, fault, quoted });
      line += countLines(rest, at, found.end, form.returns);
      at = found.end;
    }
    rest = rest.slice(at);
    return records;
  };
  let first = true;
  return {
    push: (text) => {
      rest += first && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
      if (text.length > 0) first = false;
      return take(false);
    },
    end: () => take(true),
  };
}

interface Rules extends CsvForm {
  readonly final: boolean;
  readonly limit: number;
}

interface FoundRecord {
  readonly cells: string[];
  readonly end: number;
  readonly fault: boolean;
  readonly quoted: boolean;
  readonly exhausted: boolean;
}

interface Field {
  readonly text: string;
  /** Where the delimiter or the line's end stands. */
  readonly end: number;
  readonly quoted?: boolean;
  readonly fault?: boolean;
  readonly exhausted?: boolean;
}

/** Undefined where the text ends before the record does. */
function readRecord(text: string, start: number, rules: Rules): FoundRecord | undefined {
  const cells: string[] = [];
  let [fault, quoted, exhausted] = [false, false, false];
  for (let at = start; ; ) {
    const field = readQuoted(text, at, rules) ?? readPlain(text, at, rules);
    if (field === "more") return undefined;
    cells.push(field.text);
    fault ||= field.fault ?? false;
    quoted ||= field.quoted ?? false;
    exhausted ||= field.exhausted ?? false;
    at = field.end;
    if (text.startsWith(rules.delimiter, at) && at < text.length) {
      at += rules.delimiter.length;
      continue;
    }
    const width = lineEnd(text, at, rules);
    if (width === undefined) return undefined;
    return { cells, end: at + width, fault, quoted, exhausted };
  }
}

/** Length of the line's end at a place: 0 at the text's own end, undefined where more text must tell. */
function lineEnd(text: string, at: number, { final }: Rules): number | undefined {
  if (at >= text.length) return final ? 0 : undefined;
  if (text[at] === "\n") return 1;
  if (at + 1 >= text.length && !final) return undefined;
  return text[at + 1] === "\n" ? 2 : 1;
}

function isLineEnd(text: string, at: number, returns: boolean): boolean {
  if (text[at] === "\n") return true;
  return text[at] === "\r" && (returns || text[at + 1] === "\n" || at + 1 >= text.length);
}

function readPlain(text: string, start: number, rules: Rules): Field | "more" {
  const { delimiter, returns, final } = rules;
  const first = delimiter.charCodeAt(0);
  for (let at = start; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === first && (delimiter.length === 1 || text.startsWith(delimiter, at)))
      return { text: text.slice(start, at), end: at };
    if ((c === 10 || c === 13) && isLineEnd(text, at, returns)) return { text: text.slice(start, at), end: at };
  }
  return final ? { text: text.slice(start), end: text.length } : "more";
}

/** Undefined where no quote opens here. */
function readQuoted(text: string, start: number, rules: Rules): Field | "more" | undefined {
  const { quote, delimiter, final, limit, returns } = rules;
  let open = start;
  while (text[open] === " " && delimiter !== " ") open++;
  if (open >= text.length && !final) return "more";
  if (text[open] !== quote) return undefined;
  let stray = false;
  let escaped = false;
  for (let from = open + 1; ; ) {
    const at = text.indexOf(quote, from);
    if (at < 0 && !final && text.length - open < limit) return "more";
    if (at < 0 || at - open > limit) return asItStands(text, start, rules, true);
    const end = closes(text, at + 1, rules);
    if (end === "more") return "more";
    const slashed = text[at - 1] === "\\" && at - 1 > open;
    if (text[at + 1] === quote && !(slashed && closes(text, at + 2, rules) !== undefined)) {
      from = at + 2;
    } else if (end !== undefined) {
      // A stray quote on the first line, and the end on another: the quote that opened was the stray one.
      if (stray && hasLineEnd(text, open, at, returns)) return asItStands(text, start, rules);
      const inner = text.slice(open + 1, at).replaceAll(quote + quote, quote);
      return { text: escaped ? inner.replaceAll(`\\${quote}`, quote) : inner, end, quoted: true, fault: stray };
    } else if (slashed) {
      escaped = true;
      from = at + 1;
    } else {
      if (hasLineEnd(text, open, at, returns)) return asItStands(text, start, rules);
      stray = true;
      from = at + 1;
    }
  }
}

const hasLineEnd = (text: string, from: number, to: number, returns: boolean): boolean => {
  const at = text.indexOf(returns ? "\r" : "\n", from);
  return at >= 0 && at < to;
};

/** Where the cell ends, if nothing but blanks stands between a quote and the next delimiter or line end. */
function closes(text: string, after: number, { delimiter, returns, final }: Rules): number | "more" | undefined {
  let at = after;
  while (text[at] === " " && delimiter !== " ") at++;
  if (at >= text.length) return final ? text.length : "more";
  if (text.startsWith(delimiter, at) || isLineEnd(text, at, returns)) return at;
  return undefined;
}

function asItStands(text: string, start: number, rules: Rules, exhausted = false): Field | "more" {
  const field = readPlain(text, start, rules);
  return field === "more" ? field : { ...field, fault: true, exhausted };
}

function countLines(text: string, start: number, end: number, returns: boolean): number {
  const mark = returns ? "\r" : "\n";
  let count = 0;
  for (let at = text.indexOf(mark, start); at >= 0 && at < end; at = text.indexOf(mark, at + 1)) count++;
  return count;
}

/** All records of a text. */
export function readRecords(text: string, form: CsvForm): CsvRecord[] {
  const reader = csvReader(form);
  return [...reader.push(text), ...reader.end()];
}

/** Cells of one line, quoted only where they must be. */
export function writeRecord(cells: readonly string[], delimiter = ","): string {
  return cells
    .map((cell) => (/["\r\n]/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(delimiter);
}
