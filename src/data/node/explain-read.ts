/** @file DuckDB's faults in the user's terms. In: what a scan threw. Out: a DataError with file, line, cause and remedy. */
import { DataError } from "../data-error.ts";

/** DuckDB's fault while scanning, in the user's terms. */
export function explainRead(path: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const line = /(?:on Line|in line):? (\d+)/i.exec(text)?.[1];
  const where = line ? ` at line ${line}` : "";
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text);
  if (counts) {
    const remedy = "Quote cells that contain the delimiter, or remove the surplus ones.";
    return new DataError(
      `Cannot read ${path}${where}: expected ${counts[1]} cells, found ${counts[2]} or more. ${remedy}`,
      cause,
    );
  }
  if (/unicode|utf-8/i.test(text)) {
    return new DataError(`Cannot read ${path}${where}: the text is not UTF-8. Save the file as UTF-8.`, cause);
  }
  if (/unterminated quote/i.test(text)) {
    return new DataError(
      `Cannot read ${path}${where}: a quote is opened and not closed. Double the quotes inside cells.`,
      cause,
    );
  }
  if (/JSON/.test(text)) {
    const detail =
      /duplicate key "([^"]*)"/.exec(text)?.[0] ??
      text
        .split("\n")[0]!
        .replace(/^.*?, /, "")
        .replace(/[. ]+$/, "");
    return new DataError(
      `Cannot read ${path}${where}: expected one JSON object a line; ${detail}. Correct that line.`,
      cause,
    );
  }
  return new DataError(`Cannot read ${path}${where}: ${text.split("\n")[0]}`, cause);
}
