/**
 * @file Which rows of a large file must be looked at one by one. In: columns with their kinds and spellings, their texts in a table.
 * Out: a condition in SQL that holds of every row with a cell that cannot be read, and of every row without a value: rows that
 * SQL vouches for need not be built to be surveyed. SQL may doubt too much, never too little.
 */
import { sureDatePattern } from "../dates.ts";
import { missingInNumbers, missingTokens } from "../missing.ts";
import { numberPattern, spelledPattern } from "../numbers.ts";
import type { Column } from "../records.ts";
import { type Database, sqlList, sqlText } from "./duckdb.ts";

interface Sure {
  readonly missing: string;
  /** Of a cell that is not missing. */
  readonly value: string;
}

/** @param columns in the table `c0`, `c1`, … */
export function doubtfulRows(columns: readonly Column[]): string {
  const cells = columns.map((column, i) => ({ column, sure: sureCell(column, `c${i}`) }));
  const unread = cells
    .filter(({ sure }) => sure.value !== "TRUE")
    .map(({ sure }) => `NOT (${sure.missing} OR ${sure.value})`);
  // Words first: of most rows they tell at once, and cheaply, that there is something in them.
  const values = cells
    .filter(({ column }) => column.role === "feature")
    .sort((a, b) => Number(b.sure.value === "TRUE") - Number(a.sure.value === "TRUE"))
    .map(({ sure }) => (sure.value === "TRUE" ? `NOT (${sure.missing})` : `(NOT (${sure.missing}) AND ${sure.value})`));
  const empty = values.length === 0 ? "FALSE" : `NOT (${values.join(" OR ")})`;
  return [...unread, empty].join(" OR ");
}

/** Cells of columns that are missing without being looked at. @param places of columns among `columns` */
export async function countMissing(
  database: Database,
  table: string,
  columns: readonly Column[],
  places: readonly number[],
): Promise<number[]> {
  const counts: number[] = [];
  const atOnce = 100;
  for (let start = 0; start < places.length; start += atOnce) {
    const part = places.slice(start, start + atOnce);
    const sums = part.map((place) => `count_if(${sureCell(columns[place]!, `c${place}`).missing})`);
    const [row] = await database.query(`SELECT ${sums.join(", ")} FROM ${table}`);
    counts.push(...row!.map(Number));
  }
  return counts;
}

function sureCell({ kind, spelling = {} }: Column, cell: string): Sure {
  const t = `coalesce(${cell}, '')`;
  const tokens = ["", ...(spelling.missing ?? missingTokens)];
  const listed = `${t} IN (${sqlList([...new Set(tokens)])})`;
  const typed = `(${listed} OR lower(${t}) IN (${sqlList(missingInNumbers)}))`;
  const nan = `(${listed} OR lower(${t}) = 'nan')`;
  const matches = (pattern: string, options = "") => `regexp_matches(${t}, ${sqlText(pattern)}${options})`;
  switch (kind) {
    case "real":
    case "positive":
    case "fraction":
    case "count":
      return { missing: typed, value: sureNumber(t, matches, spelling) };
    case "ordinal":
      return spelling.levels
        ? { missing: nan, value: "TRUE" }
        : { missing: typed, value: sureNumber(t, matches, spelling) };
    case "boolean": {
      const words = (spelling.booleans ?? ["false", "true"]).map((word) => word.toLowerCase());
      const isWord = `lower(${t}) IN (${sqlList(words)})`;
      return { missing: `(${typed} AND NOT ${isWord})`, value: isWord };
    }
    case "date":
      return {
        missing: typed,
        value: matches(sureDatePattern(spelling.dates ?? "YYYY-MM-DD"), ", 'i'"),
      };
    case "text":
    case "categorical":
    case "multilabel":
    case "constant":
      return { missing: nan, value: "TRUE" };
    case "identifier":
    case "empty":
      return { missing: `${t} = ''`, value: "TRUE" };
    case "image":
    case "audio":
    case "vector":
      return { missing: `${t} IN (${sqlList(missingTokens)})`, value: "FALSE" };
  }
}

/** Short enough, and without an exponent, so that it cannot be too great. */
function sureNumber(t: string, matches: (pattern: string) => string, { numbers }: Column["spelling"] & object): string {
  if (numbers)
    return `(length(${t}) <= 24 AND ${matches(spelledPattern(numbers).replaceAll("([eE][-+]?[0-9]+)?", ""))})`;
  return `(${matches(numberPattern)} AND abs(try_cast(${t} AS DOUBLE)) <= 1e29)`;
}
