/**
 * @file Opens data: a file of records, several of equal columns, or a folder of media. In: a path and how to read it.
 * Out: a Dataset, whose rows are read from disk whenever they are asked for; the data never stand whole in memory.
 */
import { basename, isAbsolute, relative, resolve } from "node:path";
import { DataError, nameList } from "../data-error.ts";
import type { Dataset } from "../dataset.ts";
import type { Issue } from "../issues.ts";
import { locateMedia } from "../media-path.ts";
import { patternColumns, planReading, type ReadOptions, type ReadPlan, toReading, withRoles } from "../reading.ts";
import type { Column, Row, Split } from "../records.ts";
import { type ColumnFacts, checkNames, resolveColumns } from "../roles.ts";
import { type RowListener, type RowPlan, rowBuilder } from "../rows.ts";
import type { SplitRule } from "../split.ts";
import { countStrata } from "../strata.ts";
import { type Database, openDatabase } from "./duckdb.ts";
import { explainRead } from "./explain-read.ts";
import { openSource } from "./open-source.ts";
import {
  checkId,
  checkKinds,
  checkKnown,
  checkMediaFound,
  mixedGroup,
  mostStrata,
  tooManyStrata,
  unknownPart,
} from "./refusals.ts";
import type { Source, SourceColumn } from "./source.ts";
import { distinctWords, isUnique, patternSql, readExamples, readStatistics, unknownSplits } from "./statistics.ts";
import { type Survey, surveyNotes, surveyRows } from "./survey.ts";

/** @throws DataError where the file cannot be read or does not have what the options name */
export async function openData(path: string, asked: ReadOptions = {}): Promise<Dataset> {
  const options = withRoles(asked);
  const plan = planReading(options);
  const database = await openDatabase();
  try {
    return await readDataset(database, resolve(path), plan, options);
  } catch (cause) {
    database.close();
    throw explainRead(resolve(path), cause);
  }
}

async function readDataset(database: Database, path: string, plan: ReadPlan, options: ReadOptions): Promise<Dataset> {
  const known = new Set(Object.keys(options.reading?.resolved ?? {}));
  const source = withMedia(await openSource(database, path, { ...plan, known }), plan, options);
  const facts = await readFacts(database, source, plan, options);
  const inferred = resolveColumns(facts, {
    ...plan,
    ...(source.implied && { implied: source.implied }),
    ...(options.reading ? { resolved: options.reading.resolved } : {}),
  });
  checkKinds(path, inferred, plan);
  checkKnown(path, inferred, options);
  const bare = { seed: plan.seed, byColumn: await checkSplitWords(database, source, inferred) };
  const rowPlan: RowPlan = {
    fileName: basename(source.path),
    columns: inferred,
    rule: bare,
    cuts: { test: 0, validation: 0 },
    locate: locator(source, plan.mediaRoot),
    unusable: new Map(),
    ...(plan.stratifyColumn !== undefined && { stratifyColumn: plan.stratifyColumn }),
  };
  const rule = await stratified(database, source, rowPlan);
  const notes = surveyNotes();
  const survey = await surveyRows(readRows(database, source, { ...rowPlan, rule }, notes.listener), notes, {
    columns: inferred,
    withMedia: options.checkMedia ?? true,
    byColumn: rule.byColumn,
    fractions: plan.splitFractions,
  });
  checkMediaFound(path, survey, options);
  const columns = inferred.map((column) => withSurvey(column, survey));
  const finalPlan: RowPlan = { ...rowPlan, rule, columns, cuts: survey.cuts, unusable: survey.unusable };
  return {
    source: path,
    reading: toReading(plan, columns, options.reading),
    fingerprint: await source.fingerprint(),
    rowCount: survey.rowCount,
    usableRows: survey.usableRows,
    splitCounts: survey.splitCounts,
    columns,
    issues: [...source.issues, ...columnIssues(columns, options), ...survey.issues],
    rows: () => readRows(database, source, finalPlan),
    close: () => database.close(),
  };
}

/** The rule, with every class of the column to stratify by ranked within itself: that takes a pass over the rows of its own. */
async function stratified(database: Database, source: Source, plan: RowPlan): Promise<SplitRule> {
  const { stratifyColumn: name, rule, columns } = plan;
  if (name === undefined || !columns.some((column) => column.name === name)) return rule;
  const group = columns.find(({ role }) => role === "group");
  if (group) await checkPure(database, source, group.name, name);
  const strata = countStrata();
  const ignored = () => undefined;
  const count = (_row: number, place: Split | number, stratum: string) => {
    if (typeof place === "number") strata.add(stratum, place);
    if (strata.size > mostStrata) throw tooManyStrata(source.path, name);
  };
  for await (const _ of readRows(database, source, plan, { fault: ignored, media: ignored, place: count }));
  return { ...rule, strata };
}

/** @throws DataError where a group holds rows of several classes: it cannot be both kept together and ranked in each */
async function checkPure(database: Database, source: Source, group: string, column: string): Promise<void> {
  const textOf = (name: string) => source.columns.find((one) => one.name === name)!.text;
  const [mixed] = await database.query(
    `SELECT g FROM (SELECT ${textOf(group)} AS g, ${textOf(column)} AS s FROM ${source.from}) WHERE g <> ''
     GROUP BY g HAVING count(DISTINCT coalesce(s, '')) > 1 LIMIT 1`,
  );
  if (mixed) throw mixedGroup(source.path, group, String(mixed[0]), column);
}

/** The source with its media columns made from other columns; one named as an existing column takes its place. */
function withMedia(source: Source, plan: ReadPlan, options: ReadOptions): Source {
  const names = source.columns.map(({ name }) => name);
  const made: SourceColumn[] = [];
  for (const [name, pattern] of Object.entries(plan.media)) {
    const unknown = patternColumns(pattern).filter((part) => !names.includes(part));
    const asked = options.media?.[name] !== undefined;
    if (patternColumns(pattern).length === 0 || (unknown.length > 0 && asked))
      throw unknownPart(source.path, name, pattern, unknown, names);
    // A pattern inherited from the model whose columns this file lacks: the file simply has no such media.
    if (unknown.length > 0) continue;
    const textOf = (part: string) => source.columns.find((column) => column.name === part)!.text;
    const text = patternSql(pattern, textOf);
    made.push({ name, raw: text, text, pattern });
  }
  const replaced = made.map(({ name }) => name);
  return { ...source, columns: [...source.columns.filter(({ name }) => !replaced.includes(name)), ...made] };
}

function locator(source: Source, root: string | undefined): RowPlan["locate"] {
  const places = new Map(
    source.columns.map(({ name, folder = source.folder, pattern }) => [
      name,
      { folder, ...(root !== undefined && { root }), ...(pattern !== undefined && { pattern }) },
    ]),
  );
  const paths = { resolve, relative, isAbsolute };
  return (column, text) => locateMedia(text, places.get(column)!, paths);
}

async function readFacts(
  database: Database,
  source: Source,
  plan: ReadPlan,
  options: ReadOptions,
): Promise<ColumnFacts[]> {
  const { columns, from, path } = source;
  // Only names that the user gives now must exist; a file opened for a model may lack columns.
  const { reading: _, ...asked } = options;
  checkNames(
    path,
    columns.map(({ name }) => name),
    { ...asked, columns: options.columns ?? {} },
  );
  const statistics = await readStatistics(database, from, columns);
  if ((statistics[0]?.rows ?? 0) === 0) {
    const remedy = plan.header ? "Add rows, or use --no-header where the first line is a row." : "Add rows.";
    throw new DataError(
      `Cannot read ${path}: expected rows, found ${plan.header ? "a header and nothing below it" : "none"}. ${remedy}`,
    );
  }
  const examples = await readExamples(database, from, columns);
  return Promise.all(
    columns.map(async (column, i): Promise<ColumnFacts> => {
      const isId = /^id$/i.test(column.name) || column.name === plan.idColumn;
      const isSplit = /^split$/i.test(column.name);
      const words = isSplit ? await distinctWords(database, from, column, 20) : [];
      return {
        statistics: statistics[i]!,
        examples: examples[i]!,
        unique: isId && (await isUnique(database, from, column)),
        namesSplits: words.length > 0 && unknownSplits(words).length === 0,
      };
    }),
  ).then((facts) => checkId(path, facts, options));
}

/** Whether a split column decides. @throws DataError where it holds words that name no split */
async function checkSplitWords(database: Database, source: Source, columns: readonly Column[]): Promise<boolean> {
  const column = columns.find(({ role }) => role === "split");
  if (column === undefined) return false;
  const words = await distinctWords(
    database,
    source.from,
    source.columns.find(({ name }) => name === column.name)!,
    20,
  );
  const unknown = unknownSplits(words);
  if (unknown.length === 0) return true;
  throw new DataError(
    `Cannot split ${source.path} by column "${column.name}": expected train, validation or test, found ${nameList(unknown)}. ` +
      "Correct the values, or choose another split column.",
  );
}

/** A media column's counts, now that its files were looked at; one without a usable file is left aside. */
function withSurvey(column: Column, survey: Survey): Column {
  const cells = survey.mediaCells.get(column.name);
  if (cells === undefined) return column;
  const present = cells - survey.unusable.get(column.name)!.size;
  const counted = { ...column, present, missing: survey.rowCount - present };
  if (present > 0 || column.role !== "feature") return counted;
  return { ...counted, role: "ignored", why: `none of ${cells} files can be used; ${column.why}` };
}

/** Columns that are not learnt though nobody said so; of a file opened for a model, those that it learnt and finds empty. */
function columnIssues(columns: readonly Column[], { reading, columns: settings = {} }: ReadOptions): Issue[] {
  const codes = { empty: "column-empty", constant: "column-constant", identifier: "column-identifier" } as const;
  return columns.flatMap(({ name, kind, role, present }): Issue[] => {
    if (reading) return role === "feature" && present === 0 ? [{ code: "column-empty", column: name }] : [];
    const told = Object.hasOwn(settings, name) && settings[name]?.role === "ignored";
    const code = kind in codes ? codes[kind as keyof typeof codes] : undefined;
    return code && role === "ignored" && !told ? [{ code, column: name }] : [];
  });
}

async function* readRows(
  database: Database,
  source: Source,
  plan: RowPlan,
  listener?: RowListener,
): AsyncGenerator<Row[]> {
  const build = rowBuilder(plan, listener);
  // Bytes are read only where the column became media.
  const wanted = source.columns.map((column, i) => ({ ...column, kind: plan.columns[i]!.kind }));
  const bytesOf = wanted.map(({ bytes, kind }) =>
    kind === "image" || kind === "audio" || kind === "vector" ? bytes : undefined,
  );
  const text = wanted.map((column, i) => `${column.text} AS c${i}`);
  const bytes = bytesOf.flatMap((sql, i) => (sql === undefined ? [] : [`${sql} AS b${i}`]));
  const key = source.key === undefined ? [] : [`${source.key} AS rowkey`];
  const chunks = database.stream(`SELECT ${[...text, ...bytes, ...key].join(", ")} FROM ${source.from}`);
  try {
    for await (const chunk of chunks) {
      let next = text.length;
      yield build({
        rows: chunk[0]!.length,
        text: chunk.slice(0, text.length) as (string | null)[][],
        bytes: bytesOf.map((sql) => (sql === undefined ? undefined : (chunk[next++] as (Uint8Array | null)[]))),
        ...(source.key !== undefined && { keys: chunk.at(-1) as (string | null)[] }),
      });
    }
  } catch (cause) {
    throw explainRead(source.path, cause);
  }
}
