/**
 * @file Opens a file of records. In: the path of a CSV, TSV, JSONL or Parquet file (CSV and JSONL also as .gz) and how to read
 * it. Out: a Dataset, whose rows are read from disk whenever they are asked for; the file never stands whole in memory.
 */
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { DataError, nameList } from "../data-error.ts";
import type { Dataset } from "../dataset.ts";
import { inferKind } from "../infer.ts";
import type { Issue } from "../issues.ts";
import { patternColumns, planReading, type ReadOptions, type ReadPlan, toReading, withRoles } from "../reading.ts";
import type { Column, Row, Split } from "../records.ts";
import { type ColumnFacts, checkNames, resolveColumns } from "../roles.ts";
import { type CellFault, placeBuilder, type RowPlan, rowBuilder } from "../rows.ts";
import { countMissing, doubtfulRows } from "./doubts.ts";
import { type Database, openDatabase } from "./duckdb.ts";
import { explainRead } from "./explain-read.ts";
import { fingerprintFile } from "./fingerprint.ts";
import { checkId, checkKinds, checkKnown, checkMediaFound, unknownPart } from "./refusals.ts";
import { openSource, type Source, type SourceColumn } from "./source.ts";
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
  const source = withMedia(await openSource(database, path, plan.header), plan, options);
  const tallied = await tally(database, source, plan, options);
  const facts = columnFacts(tallied, plan, options, path);
  const inferred = resolveColumns(facts, {
    ...plan,
    ...(options.reading ? { resolved: options.reading.resolved } : {}),
  });
  checkKinds(path, inferred, plan);
  checkKnown(path, inferred, options);
  const rule = { seed: plan.seed, byColumn: checkSplitWords(source, inferred, tallied) };
  const rowPlan: RowPlan = {
    fileName: basename(path),
    columns: inferred,
    rule,
    cuts: { test: 0, validation: 0 },
    locate: (text) => (isAbsolute(text) || /^[a-z][a-z0-9+.-]+:\/\//i.test(text) ? text : resolve(dirname(path), text)),
    unusable: new Map(),
  };
  const issues = issueCollector();
  const places = await readPlaces(database, source, tallied, rowPlan);
  const survey = await surveyRows(
    rowsToSurvey(database, source, tallied, rowPlan, listFaults(issues)),
    places,
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
  if (tallied.table) await database.query(`DROP TABLE ${tallied.table}`);
  const columns = counted.map((column) => withSurvey(column, survey));
  const finalPlan: RowPlan = { ...rowPlan, columns, cuts: survey.cuts, unusable: survey.unusable };
  return {
    source: path,
    reading: toReading(plan, columns, options.reading),
    fingerprint: await fingerprintFile(path),
    rowCount: survey.rowCount,
    usableRows: survey.usableRows,
    splitCounts: survey.splitCounts,
    columns,
    issues: [...columnIssues(columns, options), ...unitIssues(facts, columns), ...survey.issues],
    rows: () => readRows(database, source, finalPlan),
    close: () => database.close(),
  };
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
    made.push({ name, text: patternSql(pattern, textOf) });
  }
  const replaced = made.map(({ name }) => name);
  return { ...source, columns: [...source.columns.filter(({ name }) => !replaced.includes(name)), ...made] };
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
async function readPlaces(
  database: Database,
  source: Source,
  { rows, table }: Tallied,
  plan: RowPlan,
): Promise<(Split | number)[]> {
  const deciding = (["id", "split", "group"] as const).map((role) =>
    plan.columns.findIndex((column) => column.role === role),
  );
  const placeOf = placeBuilder(plan);
  if (deciding.every((at) => at < 0)) return Array.from({ length: rows }, () => placeOf(null, null, null));
  const texts = deciding.map((at) => (at < 0 ? "NULL::VARCHAR" : table ? `c${at}` : source.columns[at]!.text));
  const places: (Split | number)[] = [];
  for await (const [ids, named, groups] of database.stream(`SELECT ${texts.join(", ")} FROM ${table ?? source.from}`)) {
    const text = (cells: readonly unknown[] | undefined, i: number) => (cells![i] ?? null) as string | null;
    for (let i = 0; i < ids!.length; i++) places.push(placeOf(text(ids, i), text(named, i), text(groups, i)));
  }
  return places;
}

/** All rows, or of a large file those that need a look. */
function rowsToSurvey(
  database: Database,
  source: Source,
  { table }: Tallied,
  plan: RowPlan,
  fault: CellFault,
): AsyncIterable<Row[]> {
  const ofBytes = source.columns.some(({ bytes }, i) => bytes !== undefined && isMedia(plan.columns[i]!));
  if (table === undefined || ofBytes) return readRows(database, source, plan, fault);
  const columns = source.columns.map(({ name }, i) => ({ name, text: `c${i}` }));
  const from = `${table} WHERE ${doubtfulRows(plan.columns)}`;
  return readRows(database, { ...source, columns, from }, plan, fault, "n");
}

const isMedia = ({ kind }: Column): boolean => kind === "image" || kind === "audio";

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
  fault?: CellFault,
  number?: string,
): AsyncGenerator<Row[]> {
  const build = rowBuilder(plan, fault);
  // Bytes are read only where the column became media.
  const wanted = source.columns;
  const bytesOf = wanted.map(({ bytes }, i) => (isMedia(plan.columns[i]!) ? bytes : undefined));
  const text = wanted.map((column, i) => `${column.text} AS c${i}`);
  const bytes = bytesOf.flatMap((sql, i) => (sql === undefined ? [] : [`${sql} AS b${i}`]));
  const all = [...text, ...bytes, ...(number === undefined ? [] : [number])];
  const chunks = database.stream(`SELECT ${all.join(", ")} FROM ${source.from}`);
  try {
    for await (const chunk of chunks) {
      let next = text.length;
      yield build({
        rows: chunk[0]!.length,
        ...(number !== undefined && { numbers: chunk.at(-1) as number[] }),
        text: chunk.slice(0, text.length) as (string | null)[][],
        bytes: bytesOf.map((sql) => (sql === undefined ? undefined : (chunk[next++] as (Uint8Array | null)[]))),
      });
    }
  } catch (cause) {
    throw explainRead(source.path, cause);
  }
}
