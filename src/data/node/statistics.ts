/**
 * @file Statistics of columns, counted by DuckDB in one scan; the file never enters memory.
 * In: SQL expressions of text columns. Out: ColumnStatistics for inference, and the facts that roles ask for.
 */
import {
  datePatterns,
  largestNumber,
  missingInNumbers,
  missingTokens,
  nonFinitePattern,
  numberPattern,
  vectorPattern,
} from "../cells.ts";
import type { ColumnStatistics } from "../infer.ts";
import { imageExtensions, readMediaHeader, soundExtensions } from "../media-header.ts";
import { type DateFormat, dateFormats } from "../records.ts";
import { splitWords } from "../split.ts";
import { type Database, sqlList, sqlText } from "./duckdb.ts";
import type { SourceColumn } from "./source.ts";

export async function readStatistics(
  database: Database,
  from: string,
  columns: readonly SourceColumn[],
): Promise<ColumnStatistics[]> {
  const counted = await database.query(statisticsSql(from, columns));
  const byColumn = new Map(counted.map(([column, rows, ...cells]) => [column, { rows: Number(rows), cells }]));
  const statistics = columns.map(({ name }, i) => {
    const { rows, cells } = byColumn.get(i) ?? { rows: 0, cells: [] };
    return toStatistics(name, rows, cells);
  });
  return Promise.all(statistics.map((s, i) => withBytes(database, from, columns[i]!, s)));
}

/**
 * Every cell becomes a row of its own, (k: column, r: text), and one set of measures is grouped by column. Measures written out
 * column by column would cost DuckDB a buffer for every node of every expression: more than the counting itself.
 */
function statisticsSql(from: string, columns: readonly SourceColumn[]): string {
  const cells = `SELECT unnest(range(${columns.length})) AS k, unnest([${columns.map(({ text }) => text).join(", ")}]) AS r FROM ${from}`;
  const known = `SELECT k, CASE WHEN r NOT IN (${sqlList(missingTokens)}) THEN r END AS t FROM (${cells})`;
  const number = `CASE WHEN regexp_matches(t, '${numberPattern}') THEN try_cast(t AS DOUBLE) END`;
  const typed = `SELECT k, t, lower(t) AS l, ${number} AS n FROM (${known})`;
  const usable = `SELECT *, CASE WHEN abs(n) <= ${largestNumber} THEN n END AS x, CASE WHEN l <> 'nan' THEN t END AS w FROM (${typed})`;
  return `SELECT k, count(*), ${measures.join(", ")} FROM (${usable}) GROUP BY k`;
}

const where = (condition: string) => `count_if(${condition})`;
const matches = (pattern: string) => where(`regexp_matches(t, '${pattern}')`);
const extension = (names: readonly string[]) => where(`regexp_matches(l, '[.](${names.join("|")})$')`);

/** In the order that toStatistics reads. t: text, l: in lower case, n: number, x: number that fits, w: text but NaN. */
const measures: readonly string[] = [
  "count(t)",
  where(`l IN (${sqlList(missingInNumbers)})`),
  where("l = 'nan'"),
  where(`(n IS NULL AND regexp_matches(l, '${nonFinitePattern}')) OR abs(n) > ${largestNumber}`),
  "count(x)",
  where("x = floor(x) AND abs(x) < 9007199254740992"),
  where("x IS NOT NULL AND regexp_matches(t, '^-?0[0-9]+$')"),
  "count(DISTINCT CASE WHEN w IS NOT NULL THEN hash(w) END)",
  "count(DISTINCT x)",
  "min(x)",
  "approx_quantile(x, 0.5)",
  "max(x)",
  ...dateFormats.map((format) => matches(datePatterns[format])),
  matches("^(1[3-9]|2[0-9]|3[01])/[0-9]{1,2}/[0-9]{4}$"),
  extension(imageExtensions),
  extension(soundExtensions),
  "avg(length(w))",
  "avg(1 + length(w) - length(translate(w, ' |', '')))",
  matches("^[^ |]*([0-9]|://)[^ |]*$"),
  "min(w)",
  "max(w)",
  matches(vectorPattern),
  where("ends_with(l, '.npy')"),
];

function toStatistics(name: string, rows: number, cells: readonly unknown[]): ColumnStatistics {
  const numbers = cells.map((cell) => Number(cell ?? 0));
  const at = (index: number): number => numbers[index]!;
  const after = 12 + dateFormats.length;
  return {
    name,
    rows,
    filled: at(0),
    missingInNumbers: at(1),
    nan: at(2),
    nonFinite: at(3),
    numbers: at(4),
    integers: at(5),
    zeroPadded: at(6),
    distinct: at(7),
    distinctNumbers: at(8),
    min: at(9),
    median: at(10),
    max: at(11),
    dates: Object.fromEntries(dateFormats.map((format, i) => [format, at(12 + i)])) as Record<DateFormat, number>,
    dayFirst: at(after),
    images: at(after + 1),
    sounds: at(after + 2),
    meanLength: at(after + 3),
    meanWords: at(after + 4),
    codes: at(after + 5),
    lowest: String(cells[after + 6] ?? ""),
    highest: String(cells[after + 7] ?? ""),
    vectors: at(after + 8),
    vectorFiles: at(after + 9),
  };
}

/** Of a column with bytes: how many cells have any, and what the first of them is. */
async function withBytes(
  database: Database,
  from: string,
  column: SourceColumn,
  s: ColumnStatistics,
): Promise<ColumnStatistics> {
  const { bytes, text } = column;
  if (bytes === undefined) return s;
  const [[filled]] = (await database.query(
    `SELECT count(*) FILTER (WHERE ${bytes} IS NOT NULL OR ${text} IS NOT NULL) FROM ${from}`,
  )) as [[number]];
  const [first] = await database.query(`SELECT ${bytes} FROM ${from} WHERE ${bytes} IS NOT NULL LIMIT 1`);
  if (!(first?.[0] instanceof Uint8Array)) return s;
  return { ...s, filled, distinct: filled, bytes: readMediaHeader(first[0])?.media ?? "unknown" };
}

/** Whether no two cells of a column are alike and none is empty, taken literally: "NA" is a value like any other. */
export async function isUnique(database: Database, from: string, column: SourceColumn): Promise<boolean> {
  const [row] = await database.query(
    `SELECT count(*), count(DISTINCT hash(t)) FILTER (WHERE t <> '') FROM (SELECT ${column.text} AS t FROM ${from})`,
  );
  return row![0] === row![1];
}

/** Distinct words of a split column in lower case, at most `limit`. */
export async function distinctWords(
  database: Database,
  from: string,
  column: SourceColumn,
  limit: number,
): Promise<string[]> {
  const rows = await database.query(
    `SELECT DISTINCT lower(t) AS word FROM (SELECT ${column.text} AS t FROM ${from}) WHERE t <> '' ORDER BY word LIMIT ${limit}`,
  );
  return rows.map(([word]) => String(word));
}

export const unknownSplits = (words: readonly string[]): string[] =>
  words.filter((word) => !Object.hasOwn(splitWords, word));

/** Up to three distinct values of each column among its first rows, shortened. */
export async function readExamples(
  database: Database,
  from: string,
  columns: readonly SourceColumn[],
): Promise<string[][]> {
  const cells = columns.map(({ text }, i) => `${text} AS c${i}`).join(", ");
  const rows = await database.query(`SELECT ${cells} FROM ${from} LIMIT 500`);
  const missing: readonly string[] = missingTokens;
  return columns.map((_, i) => {
    const values = new Set(rows.map((row) => row[i]).filter((value) => typeof value === "string"));
    const known = [...values].filter((value) => !missing.includes(value)).slice(0, 3);
    return known.map((value) => (value.length > 40 ? `${value.slice(0, 39)}…` : value));
  });
}

/** Media columns made from others: `png72/{id}.png` → SQL that is null where a part is missing. */
export function patternSql(pattern: string, columnOf: (name: string) => string): string {
  const parts = pattern.split(/\{([^{}]+)\}/);
  const sql = parts.map((part, i) => (i % 2 === 1 ? `nullif(${columnOf(part)}, '')` : sqlText(part)));
  return sql.filter((part) => part !== "''").join(" || ");
}
