/**
 * @file How a CSV file is written. In: its first characters. Out: delimiter, quote and line ends, and how wide its records are.
 * The form in which the records agree best wins; unusual delimiters only where they fit without exception.
 */
import { type CsvForm, type CsvRecord, csvReader } from "./csv.ts";

export interface CsvDialect {
  readonly form: CsvForm;
  /** First record: the header, where there is one. */
  readonly first: readonly string[];
  /** Cells of most records. */
  readonly width: number;
  /** Most records have nothing in the cells past the first record's: delimiters at the end of lines. */
  readonly trailing: boolean;
}

const usual = [",", "\t", ";", "|"] as const;
const unusual = ["^", "~", "\u0001", "\u001f", "#", "¦", "§", ":", " "] as const;
/** Stands nowhere in a text: the file has one column. */
const none = "\u0000";
const sampleLength = 64 * 1024;
const sampleRecords = 500;
const fewestRecords = 5;

interface Trial {
  readonly form: CsvForm;
  readonly records: readonly CsvRecord[];
  readonly width: number;
  /** Share of the records that have this width. */
  readonly agreeing: number;
}

/** @param whole the text is the whole file; otherwise its last record may be cut and is not judged. */
export function csvDialect(text: string, whole: boolean, delimiter?: string): CsvDialect {
  const returns = !text.includes("\n") && text.includes("\r");
  const tryForm = (delimiter: string, sample: string): Trial => {
    const isWhole = whole && sample.length === text.length;
    const plain = trial({ delimiter, quote: '"', returns }, sample, isWhole);
    const single = trial({ delimiter, quote: "'", returns }, sample, isWhole);
    return isSingleQuoted(single, plain) ? single : plain;
  };
  const tryAll = (sample: string): Trial =>
    delimiter === undefined ? bestOf((one) => tryForm(one, sample)) : tryForm(delimiter, sample);
  const short = tryAll(text.slice(0, sampleLength));
  // Lines of ten thousand cells are longer than that.
  const chosen = short.records.length >= fewestRecords ? short : tryAll(text);
  const first = chosen.records[0]?.cells ?? [];
  const extra = chosen.records.slice(1).filter(({ cells }) => cells.length > first.length);
  const isEmpty = ({ cells }: CsvRecord) => cells.slice(first.length).every((cell) => cell.trim() === "");
  return { form: chosen.form, first, width: chosen.width, trailing: extra.length > 0 && extra.every(isEmpty) };
}

function trial(form: CsvForm, sample: string, whole: boolean): Trial {
  const reader = csvReader(form);
  const records = [...reader.push(sample), ...(whole ? reader.end() : [])].slice(0, sampleRecords);
  const counts = new Map<number, number>();
  for (const { cells } of records) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1);
  const [width, count] = [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [1, 0];
  const faults = records.filter(({ fault }) => fault).length;
  return { form, records, width, agreeing: (count - faults / 2) / Math.max(1, records.length) };
}

/** Apostrophes are quotes only where nothing else is, and none stands alone. */
const isSingleQuoted = (single: Trial, plain: Trial): boolean =>
  single.records.some(({ quoted }) => quoted) &&
  single.records.every(({ fault }) => !fault) &&
  plain.records.every(({ quoted }) => !quoted) &&
  single.agreeing >= plain.agreeing;

function bestOf(tryForm: (delimiter: string) => Trial): Trial {
  const trials = usual.map((delimiter) => tryForm(delimiter));
  const parting = trials.filter(({ width }) => width > 1);
  parting.sort((a, b) => b.agreeing - a.agreeing || b.width - a.width);
  // Where the header is one cell, what parts the lines may be commas of sentences.
  if (parting[0] && parting[0].agreeing >= 0.8 && parting[0].records[0]!.cells.length > 1) return parting[0];
  const rare = unusual.map((delimiter) => tryForm(delimiter)).filter(fitsExactly);
  rare.sort((a, b) => b.width - a.width);
  if (rare[0]) return rare[0];
  if (parting[0] && parting[0].agreeing > 0.5) return parting[0];
  // One column: a delimiter in a sentence parts nothing.
  if (trials[0]!.records.every(({ cells }) => cells.length === 1)) return trials[0]!;
  return parting.find(({ records }) => records[0]!.cells.length > 1) ?? tryForm(none);
}

/** Blanks part numbers, not words; a colon in a time of day or an address is none that parts. */
function fitsExactly({ form, records, width, agreeing }: Trial): boolean {
  if (width < 2 || records.length < 2 || agreeing < 1) return false;
  const cells = records.slice(1).flatMap((record) => record.cells);
  const numbers = cells.filter((cell) => /^-?[0-9.]+(e[-+]?\d+)?$/i.test(cell)).length;
  if (form.delimiter === " ") return records.length > 2 && numbers > cells.length / 2;
  if (form.delimiter !== ":") return true;
  const head = records[0]!.cells;
  return head.every((cell) => /^\S.*$/.test(cell) && !/^\d+$/.test(cell)) && !cells.some((cell) => /^[ /]/.test(cell));
}
