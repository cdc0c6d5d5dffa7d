/**
 * @file Columns counted. A small file is counted whole, in one reading. Of a large one DuckDB keeps the texts in a table on disk,
 * counts columns of few different texts in full, and of the others a sample of rows.
 * In: SQL expressions of text columns. Out: ColumnTally values, and the facts that roles ask for.
 */
import { rm } from "node:fs/promises";
import { inferKind } from "../infer.ts";
import { readMediaHeader } from "../media-header.ts";
import { largestNumber } from "../numbers.ts";
import type { NumberSpelling } from "../records.ts";
import { splitWords } from "../split.ts";
import type { ColumnTally } from "../tally.ts";
import { columnParts, columnsAtOnce, type Database, sqlText } from "./duckdb.ts";
import type { SourceColumn } from "./source.ts";

export interface Tallied {
  readonly tallies: readonly ColumnTally[];
  readonly rows: number;
  /** The table of all texts (c0, c1, … and the row's number n), where the file is large. */
  readonly table?: string;
  /** Removes it. */
  drop(): Promise<void>;
}

/** Texts that are counted in memory at most. */
const mostCells = 2_000_000;
const smallRows = 20_000;
/** Of larger files so many rows are looked at in columns of many texts. */
const sampleRows = 10_000;
/** Columns with up to so many different texts are counted in full. */
const fewTexts = 2_000;
const workTable = "texts";
/** Cells that are gathered before they are written out. */
const cellsGrouped = 4_000_000;
const mostGrouped = 122_880;

export async function tallyColumns(
  database: Database,
  from: string,
  columns: readonly SourceColumn[],
): Promise<Tallied> {
  const limit = Math.max(1000, Math.min(smallRows, Math.floor(mostCells / columns.length)));
  const texts = columns.map(({ text }, i) => `${text} AS c${i}`).join(", ");
  const head = await countTexts(database, `SELECT ${texts} FROM ${from} LIMIT ${limit + 1}`, columns.length);
  const tallied = head.rows <= limit ? wholeTallies(columns, head) : await tallyLarge(database, from, columns, limit);
  const ofMedia = tallied.tallies.map((tally, i) => withBytes(database, from, columns[i]!, tally));
  return { ...tallied, tallies: await Promise.all(ofMedia) };
}

interface Counted {
  readonly rows: number;
  readonly counts: readonly Map<string, number>[];
}

async function countTexts(database: Database, sql: string, width: number): Promise<Counted> {
  const counts = Array.from({ length: width }, () => new Map<string, number>());
  let rows = 0;
  for await (const chunk of database.stream(sql)) {
    rows += chunk[0]?.length ?? 0;
    for (let c = 0; c < width; c++) {
      const of = counts[c]!;
      for (const cell of chunk[c]!) {
        if (cell !== null && cell !== "") of.set(cell as string, (of.get(cell as string) ?? 0) + 1);
      }
    }
  }
  return { rows, counts };
}

const wholeTallies = (columns: readonly SourceColumn[], { rows, counts }: Counted): Tallied => ({
  rows,
  drop: async () => {},
  tallies: columns.map(({ name }, i): ColumnTally => ({ name, rows, counted: rows, counts: counts[i]! })),
});

async function tallyLarge(
  database: Database,
  from: string,
  columns: readonly SourceColumn[],
  limit: number,
): Promise<Tallied> {
  const file = database.temporary("texts.parquet");
  const texts = columns.map(({ text }, i) => `${text} AS c${i}`).join(", ");
  await database.query(
    `COPY (SELECT row_number() OVER () AS n, ${texts} FROM ${from}) TO ${sqlText(file)} (${layoutOf(columns.length)})`,
  );
  await database.query(`CREATE OR REPLACE VIEW ${workTable} AS FROM read_parquet(${sqlText(file)})`);
  const [[rows]] = (await database.query(`SELECT count(*) FROM ${workTable}`)) as [[number]];
  const estimates = await inParts(database, columns.length, (i) => `approx_count_distinct(c${i})`);
  // By a hash of the row's number: the same rows on every machine, spread over the file.
  const spread = `hash(n) % ${Math.max(1, Math.floor(rows / Math.min(limit, sampleRows)))} = 0`;
  const all = columns.map((_, i) => `c${i}`).join(", ");
  const sample = await countTexts(database, `SELECT ${all} FROM ${workTable} WHERE ${spread}`, columns.length);
  const few = await countInFull(
    database,
    [...columns.keys()].filter((i) => Number(estimates[i]) <= fewTexts),
  );
  const tallies = columns.map(({ name }, i): ColumnTally => {
    const counts = few.get(i);
    return counts
      ? { name, rows, counted: rows, counts }
      : { name, rows, counted: sample.rows, counts: sample.counts[i]! };
  });
  const drop = async () => {
    await database.query(`DROP VIEW ${workTable}`);
    await rm(file);
  };
  return { rows, tallies: await withWholes(database, tallies), table: workTable, drop };
}

/** Texts of columns and how often each stands there, the commonest first. */
async function countInFull(database: Database, columns: readonly number[]): Promise<Map<number, Map<string, number>>> {
  const counts = new Map(columns.map((i) => [i, new Map<string, number>()]));
  for (const part of columnParts(columns)) {
    const names = part.map((i) => `c${i}`);
    const sql =
      `SELECT name, text, count(*) AS k FROM (UNPIVOT ${workTable} ON ${names.join(", ")} INTO NAME name VALUE text) ` +
      "WHERE text <> '' GROUP BY ALL ORDER BY k DESC, text";
    for await (const [name, text, count] of database.stream(sql))
      for (const [at, c] of name!.entries())
        counts.get(Number(String(c).slice(1)))!.set(String(text![at]), Number(count![at]));
  }
  return counts;
}

/** Memory that writing takes grows with the columns: by the rows gathered for each, and by its dictionary. */
function layoutOf(columns: number): string {
  const group = Math.min(mostGrouped, Math.max(2048, Math.ceil(cellsGrouped / columns)));
  return `FORMAT parquet, ROW_GROUP_SIZE ${group}${columns > columnsAtOnce ? ", DICTIONARY_SIZE_LIMIT 0" : ""}`;
}

/** What only the whole file tells of the columns that were sampled. */
async function withWholes(database: Database, tallies: readonly ColumnTally[]): Promise<ColumnTally[]> {
  const sampled = tallies.map((tally, i) => ({ tally, i })).filter(({ tally }) => tally.counted < tally.rows);
  if (sampled.length === 0) return [...tallies];
  const at = (k: number) => sampled[k]!;
  const distinct = await inParts(
    database,
    sampled.length,
    (k) => `count(DISTINCT CASE WHEN c${at(k).i} <> '' THEN hash(c${at(k).i}) END)`,
  );
  const numbers = sampled.map(({ tally, i }) => numberSql(`c${i}`, inferKind(tally)));
  const lows = await inParts(database, sampled.length, (k) => `min(${numbers[k]})`);
  const highs = await inParts(database, sampled.length, (k) => `max(${numbers[k]})`);
  const whole = new Map(
    sampled.map(({ tally, i }, k): [number, ColumnTally] => {
      const range = lows[k] === null ? {} : { range: [Number(lows[k]), Number(highs[k])] as const };
      return [i, { ...tally, distinct: Number(distinct[k]), ...range }];
    }),
  );
  return tallies.map((tally, i) => whole.get(i) ?? tally);
}

/** One value for each column, a part of the columns at a time. */
async function inParts(database: Database, count: number, expression: (i: number) => string) {
  const values: unknown[] = [];
  for (const part of columnParts(Array.from({ length: count }, (_, i) => expression(i)))) {
    const [row] = await database.query(`SELECT ${part.join(", ")} FROM ${workTable}`);
    values.push(...row!);
  }
  return values;
}

/** The number that a text is, for extremes only; null where the column holds none, or they are written in a way SQL would not read. */
function numberSql(text: string, { kind, spelling }: ReturnType<typeof inferKind>): string {
  const numeric =
    kind === "real" || kind === "positive" || kind === "fraction" || kind === "count" || kind === "ordinal";
  const { parentheses, clock, magnitudes } = spelling?.numbers ?? {};
  const odd = parentheses || clock || magnitudes || spelling?.levels;
  if (!(numeric || kind === "identifier") || odd) return "NULL";
  const number = `try_cast(${spelling?.numbers ? digitsSql(text, spelling.numbers) : text} AS DOUBLE)`;
  const scaled = spelling?.numbers?.percent ? `${number} / 100` : number;
  return `CASE WHEN abs(${number}) <= ${largestNumber} THEN ${scaled} END`;
}

function digitsSql(text: string, { prefix = "", suffix = "", thousands, decimal }: NumberSpelling): string {
  let sql = text;
  for (const affix of [prefix.trim(), suffix.trim()]) if (affix) sql = `replace(${sql}, ${sqlText(affix)}, '')`;
  if (thousands) sql = `replace(${sql}, ${sqlText(thousands)}, '')`;
  return `trim(${decimal ? `replace(${sql}, ',', '.')` : sql})`;
}

/** Of a column with bytes: how many cells have any, and what the first of them is. */
async function withBytes(
  database: Database,
  from: string,
  { bytes, text }: SourceColumn,
  tally: ColumnTally,
): Promise<ColumnTally> {
  if (bytes === undefined) return tally;
  const [[filled]] = (await database.query(
    `SELECT count(*) FILTER (WHERE ${bytes} IS NOT NULL OR ${text} IS NOT NULL) FROM ${from}`,
  )) as [[number]];
  const [first] = await database.query(`SELECT ${bytes} FROM ${from} WHERE ${bytes} IS NOT NULL LIMIT 1`);
  if (!(first?.[0] instanceof Uint8Array)) return tally;
  return { ...tally, bytes: { of: readMediaHeader(first[0])?.media ?? "unknown", filled } };
}

/** Whether no two cells of a column are alike and none is empty, taken literally: "NA" is a value like any other. */
export const isUnique = ({ rows, counted, counts, distinct = counts.size }: ColumnTally): boolean =>
  distinct === rows && counts.size === [...counts.values()].reduce((all, count) => all + count, 0) && counted > 0;

/** Words of a split column in lower case. */
export const wordsOf = ({ counts }: ColumnTally): string[] =>
  [...new Set([...counts.keys()].map((word) => word.toLowerCase()))].sort();

export const unknownSplits = (words: readonly string[]): string[] =>
  words.filter((word) => !Object.hasOwn(splitWords, word));

/** Media columns made from others: `png72/{id}.png` → SQL that is null where a part is missing. */
export function patternSql(pattern: string, columnOf: (name: string) => string): string {
  const parts = pattern.split(/\{([^{}]+)\}/);
  const sql = parts.map((part, i) => (i % 2 === 1 ? `nullif(${columnOf(part)}, '')` : sqlText(part)));
  return sql.filter((part) => part !== "''").join(" || ");
}
