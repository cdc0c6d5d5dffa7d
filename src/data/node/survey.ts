/**
 * @file The first look at rows. In: rows as they will be read again: all, or of a large file those that need a look; and the place of
 * every row. Out: what only the rows can tell: bad cells, missing and broken media, empty rows, and how the rows fall into splits.
 */
import type { SplitFractions } from "../dataset.ts";
import type { Issue } from "../issues.ts";
import { type Column, type MediaFile, type Row, type Split, splits } from "../records.ts";
import type { CellFault } from "../rows.ts";
import { type SplitCuts, splitAt, splitCuts } from "../split.ts";
import { checkMedia } from "./media-check.ts";

/** Issues of one kind in one column that are kept one by one; the rest is counted. */
const keptAlike = 1000;

export interface Survey {
  readonly rowCount: number;
  readonly usableRows: number;
  readonly splitCounts: Record<Split, number>;
  readonly cuts: SplitCuts;
  readonly issues: readonly Issue[];
  /** Media column → rows whose file cannot be used. */
  readonly unusable: ReadonlyMap<string, ReadonlySet<number>>;
  /** Media column → cells that name a file. */
  readonly mediaCells: ReadonlyMap<string, number>;
}

/** Issues by column and code, each kind up to a bound. */
export interface IssueCollector {
  add(issue: Issue & { readonly column: string }): void;
  list(): Issue[];
  /** Cells of a column that became missing because they could not be read. */
  faults(column: string): number;
}

export function issueCollector(): IssueCollector {
  const issues: Issue[] = [];
  const counts = new Map<string, { column: string; of: string; count: number }>();
  return {
    add: (issue) => {
      const key = `${issue.code} ${issue.column}`;
      const alike = counts.get(key) ?? { column: issue.column, of: issue.code, count: 0 };
      counts.set(key, alike);
      if (++alike.count <= keptAlike) issues.push(issue);
    },
    list: () => [
      ...issues,
      ...[...counts.values()]
        .filter(({ count }) => count > keptAlike)
        .map(({ column, of, count }): Issue => ({ code: "more-alike", column, of, count: count - keptAlike })),
    ],
    faults: (column) =>
      (counts.get(`number-not-finite ${column}`)?.count ?? 0) +
      (counts.get(`value-not-readable ${column}`)?.count ?? 0),
  };
}

/** Bad cells become issues while rows are built. */
export const listFaults =
  (issues: IssueCollector): CellFault =>
  (column, row, code, value) =>
    issues.add({ code, column, row, value: value.slice(0, 80) });

export interface SurveyPlan {
  readonly columns: readonly Column[];
  readonly withMedia: boolean;
  readonly byColumn: boolean;
  readonly fractions: SplitFractions;
}

/**
 * @param chunks rows built with `listFaults(issues)`; rows left out have a value and no bad cell
 * @param places of all rows, in their order
 */
export async function surveyRows(
  chunks: AsyncIterable<readonly Row[]>,
  places: readonly (Split | number)[],
  issues: IssueCollector,
  plan: SurveyPlan,
): Promise<Survey> {
  const { columns } = plan;
  const features = columns.filter(({ role }) => role === "feature").map(({ name }) => name);
  const media = columns.filter(({ kind }) => kind === "image" || kind === "audio").map(({ name }) => name);
  const unusable = new Map(media.map((name) => [name, new Set<number>()]));
  const mediaCells = new Map(media.map((name) => [name, 0]));
  const emptyRows: number[] = [];
  for await (const rows of chunks) {
    for (const name of media) {
      const found = rows.filter((row) => row.cells[name] !== null);
      mediaCells.set(name, mediaCells.get(name)! + found.length);
      if (plan.withMedia) await findBroken(name, found, unusable.get(name)!, issues);
    }
    for (const row of rows) {
      if (features.every((name) => row.cells[name] === null || unusable.get(name)?.has(row.number))) {
        emptyRows.push(row.number);
      }
    }
  }
  const named = Object.fromEntries(splits.map((split) => [split, 0])) as Record<Split, number>;
  const drawn: number[] = [];
  const empty = new Set(emptyRows);
  places.forEach((place, i) => {
    if (empty.has(i + 1)) return;
    if (typeof place === "string") named[place]++;
    else drawn.push(place);
  });
  const cuts = cutsFor(plan, named, drawn);
  const splitCounts = { ...named };
  for (const place of drawn) splitCounts[splitAt(place, cuts)]++;
  return {
    rowCount: places.length,
    usableRows: places.length - emptyRows.length,
    splitCounts,
    cuts,
    issues: [...issues.list(), ...emptyIssues(emptyRows, features.length > 0)],
    unusable,
    mediaCells,
  };
}

/** A split column that names no validation rows gives a tenth of its training rows: test rows must stay unseen. */
function cutsFor(
  { byColumn, fractions }: SurveyPlan,
  named: Readonly<Record<Split, number>>,
  places: readonly number[],
): SplitCuts {
  if (!byColumn) return splitCuts(fractions, places);
  if (named.validation > 0) return { test: 0, validation: 0 };
  return splitCuts({ test: 0, validation: fractions.validation || 0.1 }, places);
}

async function findBroken(
  column: string,
  rows: readonly Row[],
  broken: Set<number>,
  collector: IssueCollector,
): Promise<void> {
  const findings = await checkMedia(rows.map((row) => row.cells[column] as MediaFile));
  findings.forEach((finding, i) => {
    if (finding === undefined) return;
    const row = rows[i]!.number;
    if (finding.code !== "media-large") broken.add(row);
    collector.add({ ...finding, column, row });
  });
}

/** With no feature at all every row is empty, which the refusal to train says better. */
function emptyIssues(rows: readonly number[], hasFeatures: boolean): Issue[] {
  if (!hasFeatures) return [];
  return rows.slice(0, keptAlike).map((row): Issue => ({ code: "row-empty", row }));
}
