/**
 * @file Opens data: a file of records, several of equal columns, or a folder of media. In: a path and how to read it.
 * Out: a Dataset, whose rows are read from disk whenever they are asked for; the data never stand whole in memory.
 */
import { basename, isAbsolute, relative, resolve } from "node:path";
import { DataError, nameList } from "../data-error.ts";
import type { Dataset } from "../dataset.ts";
import { inferKind } from "../infer.ts";
import type { Issue } from "../issues.ts";
import { locateMedia } from "../media-path.ts";
import { patternColumns, planReading, type ReadOptions, type ReadPlan, toReading, withRoles } from "../reading.ts";
import { type Column, holdsFiles, type Row, type Split } from "../records.ts";
import { type ColumnFacts, checkNames, resolveColumns } from "../roles.ts";
import { type DecidingTexts, placeBuilder, type RowListener, type RowPlan, rowBuilder } from "../rows.ts";
import type { SplitRule } from "../split.ts";
import { countStrata } from "../strata.ts";
import { countMissing, doubtfulRows } from "./doubts.ts";
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
import { isUnique, patternSql, type Tallied, tallyColumns, unknownSplits, wordsOf } from "./statistics.ts";
import { type IssueCollector, issueCollector, listFaults, type Survey, surveyRows } from "./survey.ts";

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
  const tallied = await tally(database, source, plan, options);
  const facts = columnFacts(tallied, plan, options, path);
  const inferred = resolveColumns(facts, {
    ...plan,
    ...(source.implied && { implied: source.implied }),
    ...(options.reading ? { resolved: options.reading.resolved } : {}),
  });
  checkKinds(path, inferred, plan);
  checkKnown(path, inferred, options);
  const bare: RowPlan = {
    fileName: basename(source.path),
    columns: inferred,
    rule: { seed: plan.seed, byColumn: checkSplitWords(source, inferred, tallied) },
    cuts: { test: 0, validation: 0 },
    locate: locator(source, plan.mediaRoot),
    unusable: new Map(),
    ...(plan.stratifyColumn !== undefined && { stratifyColumn: plan.stratifyColumn }),
  };
  const rule = await stratified(database, source, tallied, bare);
  const issues = issueCollector();
  const survey = await surveyRows(
    rowsToSurvey(database, source, tallied, bare, listFaults(issues)),
    readPlaces(database, source, tallied, { ...bare, rule }),
    issues,
    {
      columns: inferred,
      withMedia: options.checkMedia ?? true,
      byColumn: rule.byColumn,
      fractions: plan.splitFractions,
    },
  );
  checkMediaFound(path, survey, options);
  const counted = await withExactCounts(database, inferred, tallied, issues);
  await tallied.drop();
  const columns = counted.map((column) => withSurvey(column, survey));
  const finalPlan: RowPlan = { ...bare, rule, columns, cuts: survey.cuts, unusable: survey.unusable };
  return {
    source: path,
    reading: toReading(plan, columns, options.reading),
    fingerprint: await source.fingerprint(),
    rowCount: survey.rowCount,
    usableRows: survey.usableRows,
    splitCounts: survey.splitCounts,
    columns,
    issues: [...source.issues, ...columnIssues(columns, options), ...unitIssues(facts, columns), ...survey.issues],
    rows: () => readRows(database, source, finalPlan),
    close: () => database.close(),
  };
}

/** The rule, with every class of the column to stratify by ranked within itself: that takes a pass over the rows of its own. */
async function stratified(database: Database, source: Source, tallied: Tallied, plan: RowPlan): Promise<SplitRule> {
  const { stratifyColumn: name, rule, columns } = plan;
  if (name === undefined || !columns.some((column) => column.name === name)) return rule;
  const group = columns.find(({ role }) => role === "group");
  if (group) await checkPure(database, source, group.name, name);
  const strata = countStrata();
  const placeOf = placeBuilder(plan);
  for await (const part of decidingTexts(database, source, tallied, plan)) {
    for (const texts of part) {
      const place = placeOf(texts);
      if (typeof place === "number") strata.add(texts.stratum ?? "", place);
    }
    if (strata.size > mostStrata) throw tooManyStrata(source.path, name);
  }
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

async function tally(database: Database, source: Source, plan: ReadPlan, options: ReadOptions): Promise<Tallied> {
  const { columns, from, path } = source;
  // Only names that the user gives now must exist; a file opened for a model may lack columns.
  const { reading: _, ...asked } = options;
  checkNames(
    path,
    columns.map(({ name }) => name),
    { ...asked, columns: options.columns ?? {} },
  );
  const tallied = await tallyColumns(database, from, columns);
  if (tallied.rows > 0) return tallied;
  const remedy = plan.header ? "Add rows, or use --no-header where the first line is a row." : "Add rows.";
  throw new DataError(
    `Cannot read ${path}: expected rows, found ${plan.header ? "a header and nothing below it" : "none"}. ${remedy}`,
  );
}

function columnFacts({ tallies }: Tallied, plan: ReadPlan, options: ReadOptions, path: string): ColumnFacts[] {
  const facts = tallies.map((of): ColumnFacts => {
    const isId = /^id$/i.test(of.name) || of.name === plan.idColumn;
    const words = /^split$/i.test(of.name) ? wordsOf(of) : [];
    return {
      tally: of,
      unique: isId && isUnique(of),
      namesSplits: words.length > 0 && unknownSplits(words).length === 0,
    };
  });
  return checkId(path, facts, options);
}

/** Whether a split column decides. @throws DataError where it holds words that name no split */
function checkSplitWords(source: Source, columns: readonly Column[], { tallies }: Tallied): boolean {
  const at = columns.findIndex(({ role }) => role === "split");
  if (at < 0) return false;
  const unknown = unknownSplits(wordsOf(tallies[at]!));
  if (unknown.length === 0) return true;
  throw new DataError(
    `Cannot split ${source.path} by column "${columns[at]!.name}": expected train, validation or test, found ${nameList(unknown)}. ` +
      "Correct the values, or choose another split column.",
  );
}

/** The place of every row, from the columns that decide it alone. */
async function* readPlaces(
  database: Database,
  source: Source,
  tallied: Tallied,
  plan: RowPlan,
): AsyncGenerator<(Split | number)[]> {
  const placeOf = placeBuilder(plan);
  for await (const part of decidingTexts(database, source, tallied, plan)) yield part.map(placeOf);
}

const undecided: DecidingTexts = { id: null, key: null, split: null, group: null, stratum: null };
const rowsAtOnce = 2048;

async function* decidingTexts(
  database: Database,
  source: Source,
  { rows, table }: Tallied,
  { columns, stratifyColumn }: RowPlan,
): AsyncGenerator<DecidingTexts[]> {
  const deciding = (["id", "split", "group"] as const).map((role) => columns.findIndex((one) => one.role === role));
  const places = [...deciding, columns.findIndex(({ name }) => name === stratifyColumn)];
  if (source.key === undefined && places.every((at) => at < 0)) {
    for (let from = 0; from < rows; from += rowsAtOnce)
      yield Array.from({ length: Math.min(rowsAtOnce, rows - from) }, () => undecided);
    return;
  }
  // The table of texts has no keys.
  const work = source.key === undefined ? table : undefined;
  const texts = places.map((at) => (at < 0 ? "NULL::VARCHAR" : work ? `c${at}` : source.columns[at]!.text));
  const sql = `SELECT ${[...texts, source.key ?? "NULL::VARCHAR"].join(", ")} FROM ${work ?? source.from}`;
  for await (const chunk of database.stream(sql)) {
    const [id, split, group, stratum, key] = chunk as (string | null)[][];
    yield id!.map((_, i) => ({
      id: id![i]!,
      split: split![i]!,
      group: group![i]!,
      stratum: stratum![i]!,
      key: key![i]!,
    }));
  }
}

/** All rows, or of a large file those that need a look. */
async function* rowsToSurvey(
  database: Database,
  source: Source,
  { table }: Tallied,
  plan: RowPlan,
  listener: RowListener,
): AsyncGenerator<Row[]> {
  const ofBytes = source.columns.some(({ bytes }, i) => bytes !== undefined && isMedia(plan.columns[i]!));
  if (table === undefined || ofBytes) return yield* readRows(database, source, plan, listener);
  const columns = source.columns.map((column, i) => ({ ...column, text: `c${i}` }));
  const doubtful = await doubtfulRows(database, table, plan.columns);
  yield* readRows(database, { ...source, columns, from: doubtful.from }, plan, listener, "n");
  await doubtful.drop();
}

const isMedia = ({ kind }: Column): boolean => holdsFiles(kind);

/** Columns of which only a sample was counted, their cells counted in full. */
async function withExactCounts(
  database: Database,
  columns: readonly Column[],
  { table, tallies, rows }: Tallied,
  issues: IssueCollector,
): Promise<Column[]> {
  if (table === undefined) return [...columns];
  const sampled = columns.map((_, i) => i).filter((i) => tallies[i]!.counted < rows && !tallies[i]!.bytes);
  const missing = await countMissing(database, table, columns, sampled);
  const counted = [...columns];
  sampled.forEach((place, i) => {
    const column = columns[place]!;
    const present = rows - missing[i]! - issues.faults(column.name);
    counted[place] = { ...column, present, missing: rows - present, distinct: Math.min(column.distinct, present) };
  });
  return counted;
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

/** Columns of numbers in more than one unit. */
function unitIssues(facts: readonly ColumnFacts[], columns: readonly Column[]): Issue[] {
  return facts.flatMap(({ tally: of }, i): Issue[] => {
    const { name, kind, spelling } = columns[i]!;
    const units = spelling?.numbers ? inferKind(of) : undefined;
    return units?.units && units.kind === kind ? [{ code: "units-mixed", column: name, units: units.units }] : [];
  });
}

async function* readRows(
  database: Database,
  source: Source,
  plan: RowPlan,
  listener?: RowListener,
  number?: string,
): AsyncGenerator<Row[]> {
  const build = rowBuilder(plan, listener);
  // Bytes are read only where the column became media.
  const text = source.columns.map((column, i) => `${column.text} AS c${i}`);
  const bytesOf = source.columns.map(({ bytes }, i) => (isMedia(plan.columns[i]!) ? bytes : undefined));
  const bytes = bytesOf.flatMap((sql, i) => (sql === undefined ? [] : [`${sql} AS b${i}`]));
  const key = source.key === undefined ? [] : [`${source.key} AS rowkey`];
  const all = [...text, ...bytes, ...(number === undefined ? key : [number])];
  const chunks = database.stream(`SELECT ${all.join(", ")} FROM ${source.from}`);
  try {
    for await (const chunk of chunks) {
      let next = text.length;
      yield build({
        rows: chunk[0]!.length,
        ...(number !== undefined && { numbers: chunk.at(-1) as number[] }),
        text: chunk.slice(0, text.length) as (string | null)[][],
        bytes: bytesOf.map((sql) => (sql === undefined ? undefined : (chunk[next++] as (Uint8Array | null)[]))),
        ...(source.key !== undefined && number === undefined && { keys: chunk.at(-1) as (string | null)[] }),
      });
    }
  } catch (cause) {
    throw explainRead(source.path, cause);
  }
}
