/**
 * @file Columns read from the file names that a media column holds. In: a Source and `{digit}_{speaker}.wav`. Out: the Source with a
 * column for each name in braces; rows whose file does not match miss them and are listed.
 */
import { DataError, nameList } from "../data-error.ts";
import { imageExtensions, mediaByName, soundExtensions } from "../media-header.ts";
import { parsePattern } from "../path-pattern.ts";
import { type Database, sqlText } from "./duckdb.ts";
import { type Source, type SourceColumn, textColumn } from "./source.ts";
import { sourceIssues } from "./source-issues.ts";

const listed = 1000;

export async function withFileNames(database: Database, source: Source, patternText: string): Promise<Source> {
  const pattern = parsePattern(patternText);
  const media = await mediaColumn(database, source, pattern.media, patternText);
  const names = source.columns.map(({ name }) => name);
  const twice = pattern.columns.filter((name) => names.includes(name));
  if (twice.length > 0)
    throw new DataError(
      `Cannot read ${nameList(twice)} from file names: ${source.path} has columns of these names. Use other names in braces.`,
    );
  const tail = `regexp_extract(${media.text}, ${sqlText(`([^/\\\\]+[/\\\\]){0,${pattern.depth - 1}}[^/\\\\]+$`)})`;
  const group = (i: number) => `nullif(regexp_extract(${tail}, ${sqlText(pattern.expression)}, ${i + 1}), '')`;
  const issues = sourceIssues();
  const missed = await database.query(
    `SELECT row, name FROM (SELECT row_number() OVER () AS row, ${media.text} AS name, ${tail} AS tail FROM ${source.from})
     WHERE name <> '' AND NOT regexp_matches(tail, ${sqlText(pattern.expression)}) LIMIT ${listed}`,
  );
  for (const [row, name] of missed)
    issues.add({
      code: "file-skipped",
      at: `row ${row}, ${name}`,
      detail: `does not match "${patternText}"; its columns are missing`,
    });
  return {
    ...source,
    columns: [...source.columns, ...pattern.columns.map((name, i) => textColumn(name, group(i)))],
    issues: [...source.issues, ...issues.list()],
  };
}

/** The column that the pattern names, or the only one whose cells are names of media. */
async function mediaColumn(
  database: Database,
  { columns, from, path }: Source,
  asked: string | undefined,
  pattern: string,
): Promise<SourceColumn> {
  const names = columns.map(({ name }) => name);
  const ends = sqlText(`[.](${[...imageExtensions, ...soundExtensions].join("|")})$`);
  const rows = await database.query(
    `SELECT ${columns.map(({ text }) => text).join(", ")} FROM ${from} WHERE ${columns.map(({ text }) => `regexp_matches(lower(${text}), ${ends})`).join(" OR ")} LIMIT 100`,
  );
  const naming = columns.filter((_, i) => rows.some((row) => mediaByName(String(row[i])) !== undefined));
  const found = asked === undefined ? naming : columns.filter(({ name }) => name === asked);
  if (found.length === 1) return found[0]!;
  const problem =
    asked !== undefined
      ? `has no column "${asked}"; its columns are ${nameList(names, 24)}`
      : naming.length === 0
        ? "has no column that names media files"
        : `has several columns that name media files: ${nameList(naming.map(({ name }) => name))}`;
  throw new DataError(
    `Cannot use pattern "${pattern}": ${path} ${problem}. Name the column before the pattern: photo={label}_{id}.png.`,
  );
}
