/**
 * @file Which rows of a large file must be looked at one by one. In: columns with their kinds and spellings, their texts in a table.
 * Out: a FROM clause of every row with a cell that cannot be read, and of every row without a value: rows that SQL vouches for need
 * not be built to be surveyed. SQL may doubt too much, never too little.
 */
import { sureDatePattern } from "../dates.ts";
import { missingInNumbers, missingTokens } from "../missing.ts";
import { numberPattern, spelledPattern } from "../numbers.ts";
import type { Column } from "../records.ts";
import { columnParts, type Database, sqlList, sqlText } from "./duckdb.ts";

interface Sure {
  readonly missing: string;
  /** Of a cell that is not missing. */
  readonly value: string;
}

export interface DoubtfulRows {
  readonly from: string;
  /** Removes the list of their numbers, which may be long. */
  drop(): Promise<void>;
}

/** @param columns in the table `c0`, `c1`, …, whose rows are numbered `n` */
export async function doubtfulRows(
  database: Database,
  table: string,
  columns: readonly Column[],
): Promise<DoubtfulRows> {
  const cells = columns.map((column, i) => ({ role: column.role, ...sureCell(column, `c${i}`) }));
  const features = cells.filter(({ role }) => role === "feature");
  const [doubted, hollow] = [`${table}_doubted`, `${table}_hollow`];
  await database.query(`CREATE OR REPLACE TABLE ${doubted} (n BIGINT)`);
  for (const part of columnParts(cells.filter(({ value }) => value !== "TRUE"))) {
    const unread = part.map(({ missing, value }) => `NOT (${missing} OR ${value})`);
    await database.query(`INSERT INTO ${doubted} SELECT n FROM ${table} WHERE ${unread.join(" OR ")}`);
  }
  // Words first: of most rows they tell at once, and cheaply, that there is something in them.
  features.sort((a, b) => Number(b.value === "TRUE") - Number(a.value === "TRUE"));
  for (const [i, part] of columnParts(features).entries()) {
    const values = part.map(({ missing, value }) => `(NOT (${missing}) AND ${value})`);
    const empty = `SELECT n FROM ${table} WHERE NOT (${values.join(" OR ")})`;
    await database.query(
      i === 0
        ? `CREATE OR REPLACE TABLE ${hollow} AS ${empty}`
        : `DELETE FROM ${hollow} WHERE n NOT IN (${empty} AND n IN (SELECT n FROM ${hollow}))`,
    );
  }
  if (features.length > 0) {
    await database.query(`INSERT INTO ${doubted} SELECT n FROM ${hollow}`);
    await database.query(`DROP TABLE ${hollow}`);
  }
  return {
    from: `${table} WHERE n IN (SELECT n FROM ${doubted})`,
    drop: async () => void (await database.query(`DROP TABLE ${doubted}`)),
  };
}

/** Cells of columns that are missing without being looked at. @param places of columns among `columns` */
export async function countMissing(
  database: Database,
  table: string,
  columns: readonly Column[],
  places: readonly number[],
): Promise<number[]> {
  const counts: number[] = [];
  for (const part of columnParts(places)) {
    const sums = part.map((place) => `count_if(${sureCell(columns[place]!, `c${place}`).missing})`);
    const [row] = await database.query(`SELECT ${sums.join(", ")} FROM ${table}`);
    counts.push(...row!.map(Number));
  }
  return counts;
}

function sureCell({ kind, spelling = {} }: Column, cell: string): Sure {
  const t = `coalesce(${cell}, '')`;
  const tokens = ["", ...(spelling.missing ?? missingTokens)];
  const listed = among(t, tokens);
  const typed = `(${listed} OR ${among(`lower(${t})`, missingInNumbers)})`;
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
      const isWord = among(`lower(${t})`, words);
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
      return { missing: among(t, missingTokens), value: "FALSE" };
  }
}

/** As a list's function: DuckDB plans IN of many words as a join, and hundreds of these end the process. */
const among = (text: string, words: Iterable<string>): string =>
  `list_contains([${sqlList([...new Set(words)])}], ${text})`;

/** Short enough, and without an exponent, so that it cannot be too great. */
function sureNumber(t: string, matches: (pattern: string) => string, { numbers }: Column["spelling"] & object): string {
  if (numbers)
    return `(length(${t}) <= 24 AND ${matches(spelledPattern(numbers).replaceAll("([eE][-+]?[0-9]+)?", ""))})`;
  return `(${matches(numberPattern)} AND abs(try_cast(${t} AS DOUBLE)) <= 1e29)`;
}
