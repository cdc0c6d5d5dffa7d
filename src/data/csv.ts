/**
 * @file How a CSV file is written. In: its first characters. Out: the delimiter and the first records, read with RFC 4180
 * quoting. Typing is not guessed here: every cell is text.
 */
export interface CsvDialect {
  readonly delimiter: string;
  /** First record: the header, where there is one. */
  readonly first: readonly string[];
  /** Empty lines before it. */
  readonly blankLines: number;
  /** Lines end in more than one way, as in files joined from two systems. */
  readonly mixedLines: boolean;
}

const delimiters = [",", "\t", ";", "|"] as const;
const sampleRecords = 30;

/** @param whole the text is the whole file; otherwise its last record may be cut and is not judged. */
export function csvDialect(text: string, whole: boolean): CsvDialect {
  const ranked = delimiters.map((delimiter) => {
    const records = readRecords(text, delimiter, sampleRecords, whole);
    const width = records[0]?.length ?? 1;
    const agreeing = records.filter((record) => record.length === width).length / Math.max(1, records.length);
    return { delimiter, first: records[0] ?? [], score: width === 1 ? 0 : agreeing, width };
  });
  // Most regular first; of equals the one that parts the line more finely.
  ranked.sort((a, b) => b.score - a.score || b.width - a.width);
  const { delimiter, first } = ranked[0]!;
  const outside = text.replace(/"[^"]*"/g, "");
  const mixedLines = /\r\n/.test(outside) && /[^\r]\n/.test(outside);
  return { delimiter, first, mixedLines, blankLines: /^\ufeff?((?:\r?\n)*)/.exec(text)![1]!.split("\n").length - 1 };
}

export function readRecords(text: string, delimiter: string, limit: number, whole = true): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let field = "";
  let quoted = false;
  const endRecord = () => {
    record.push(field);
    // A line with nothing on it is no record.
    if (record.length > 1 || record[0] !== "") records.push(record);
    record = [];
    field = "";
  };
  for (let i = text.charCodeAt(0) === 0xfeff ? 1 : 0; i < text.length && records.length < limit; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[i + 1] === '"') field += text[++i]!;
      else quoted = false;
    } else if (c === '"' && field === "") quoted = true;
    else if (c === delimiter) {
      record.push(field);
      field = "";
    } else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[i + 1] === "\n") i++;
      endRecord();
    } else field += c;
  }
  if (whole && records.length < limit && (field !== "" || record.length > 0)) endRecord();
  return records;
}

/** Cells of one line, quoted only where they must be. */
export function writeRecord(cells: readonly string[], delimiter = ","): string {
  return cells
    .map((cell) => (/["\r\n]/.test(cell) || cell.includes(delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(delimiter);
}
