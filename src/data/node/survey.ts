/**
 * @file The first look at rows. In: rows as they will be read again: all, or of a large file those that need a look; and the place of
 * every row. Out: what only the rows can tell: bad cells, missing and broken media, empty rows, and how the rows fall into splits.
 */
import type { SplitFractions } from "../dataset.ts";
import type { Issue, SourceIssue } from "../issues.ts";
import { type Column, holdsFiles, type MediaFile, type Row, type Split } from "../records.ts";
import type { RowListener } from "../rows.ts";
import { type SplitCuts, splitTally } from "../split.ts";
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
  /** Media column → cells that name a file; of vectors also those that hold numbers. */
  readonly mediaCells: ReadonlyMap<string, number>;
}

/** Issues by column and code, each kind up to a bound. */
export interface IssueCollector {
  add(issue: Exclude<Issue, SourceIssue> & { readonly column: string }): void;
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

/** Bad cells and media become issues while rows are built. */
export const listFaults = (issues: IssueCollector): RowListener => ({
  fault: (column, row, code, value) => issues.add({ code, column, row, value: value.slice(0, 80) }),
  media: (column, row, code, detail) => issues.add({ code, column, row, detail }),
});

export interface SurveyPlan {
  readonly columns: readonly Column[];
  readonly withMedia: boolean;
  readonly byColumn: boolean;
  readonly fractions: SplitFractions;
}

/**
 * @param chunks rows built with `listFaults(issues)`; rows left out have a value and no bad cell
 * @param places of all rows, in their order, read after the rows
 */
export async function surveyRows(
  chunks: AsyncIterable<readonly Row[]>,
  places: AsyncIterable<readonly (Split | number)[]>,
  issues: IssueCollector,
  plan: SurveyPlan,
): Promise<Survey> {
  const { columns } = plan;
  const features = columns.filter(({ role }) => role === "feature").map(({ name }) => name);
  const media = columns.filter(({ kind }) => holdsFiles(kind)).map(({ name }) => name);
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
  return {
    ...(await fallIntoSplits(places, emptyRows, plan)),
    issues: [...issues.list(), ...emptyIssues(emptyRows, features.length > 0)],
    unusable,
    mediaCells,
  };
}

/** How the rows that hold something fall into splits. @param emptyRows numbers of the others, in order */
async function fallIntoSplits(
  places: AsyncIterable<readonly (Split | number)[]>,
  emptyRows: readonly number[],
  { byColumn, fractions }: SurveyPlan,
): Promise<Pick<Survey, "rowCount" | "usableRows" | "splitCounts" | "cuts">> {
  const named: Record<Split, number> = { train: 0, validation: 0, test: 0 };
  // A split column that names no validation rows gives a tenth of its training rows: test rows must stay unseen.
  const tally = splitTally(byColumn ? { test: 0, validation: fractions.validation || 0.1 } : fractions);
  let rowCount = 0;
  let nextEmpty = 0;
  let drawn = 0;
  for await (const part of places) {
    for (const place of part) {
      rowCount++;
      if (emptyRows[nextEmpty] === rowCount) nextEmpty++;
      else if (typeof place === "string") named[place]++;
      else {
        drawn++;
        tally.add(place);
      }
    }
  }
  const usable = { rowCount, usableRows: rowCount - emptyRows.length };
  if (named.validation > 0) {
    const splitCounts = { ...named, train: named.train + drawn };
    return { ...usable, cuts: { test: 0, validation: 0 }, splitCounts };
  }
  const { cuts, counts } = tally.finish();
  const sum = (split: Split) => named[split] + counts[split];
  return {
    ...usable,
    cuts,
    splitCounts: { train: sum("train"), validation: sum("validation"), test: sum("test") },
  };
}

async function findBroken(
  column: string,
  rows: readonly Row[],
  broken: Set<number>,
  collector: IssueCollector,
): Promise<void> {
  // A vector may stand in the cell itself.
  const files = rows.filter((row) => typeof row.cells[column] === "object");
  const findings = await checkMedia(files.map((row) => row.cells[column] as MediaFile));
  findings.forEach((finding, i) => {
    if (finding === undefined) return;
    const row = files[i]!.number;
    if (finding.code !== "media-large") broken.add(row);
    collector.add({ ...finding, column, row });
  });
}

/** With no feature at all every row is empty, which the refusal to train says better. */
function emptyIssues(rows: readonly number[], hasFeatures: boolean): Issue[] {
  if (!hasFeatures) return [];
  return rows.map((row): Issue => ({ code: "row-empty", row }));
}
