/**
 * @file The first reading of all rows. In: rows as they will be read again. Out: what only the rows can tell: bad cells,
 * missing and broken media, empty rows, and how the rows fall into splits.
 */

import type { SplitFractions } from "../dataset.ts";
import type { Issue, SourceIssue } from "../issues.ts";
import { placeTally } from "../place-tally.ts";
import { type Column, type MediaFile, type Row, type Split, splits } from "../records.ts";
import type { RowListener } from "../rows.ts";
import type { SplitCuts } from "../split.ts";
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
  };
}

/** What is counted while the rows of the survey are built. */
export interface SurveyNotes {
  readonly listener: RowListener;
  readonly issues: IssueCollector;
  /** Takes the places of the rows built since the last call. */
  takePlaces(): (Split | number)[];
}

export function surveyNotes(): SurveyNotes {
  const issues = issueCollector();
  let places: (Split | number)[] = [];
  return {
    issues,
    listener: {
      fault: (column, row, code, value) => issues.add({ code, column, row, value: value.slice(0, 80) }),
      media: (column, row, code, detail) => issues.add({ code, column, row, detail }),
      place: (_row, place) => places.push(place),
    },
    takePlaces: () => {
      const taken = places;
      places = [];
      return taken;
    },
  };
}

export interface SurveyPlan {
  readonly columns: readonly Column[];
  readonly withMedia: boolean;
  readonly byColumn: boolean;
  readonly fractions: SplitFractions;
}

/** @param chunks rows built with the listener of `notes` */
export async function surveyRows(
  chunks: AsyncIterable<readonly Row[]>,
  notes: SurveyNotes,
  plan: SurveyPlan,
): Promise<Survey> {
  const { columns } = plan;
  const features = columns.filter(({ role }) => role === "feature").map(({ name }) => name);
  const media = columns
    .filter(({ kind }) => kind === "image" || kind === "audio" || kind === "vector")
    .map(({ name }) => name);
  const unusable = new Map(media.map((name) => [name, new Set<number>()]));
  const mediaCells = new Map(media.map((name) => [name, 0]));
  const named = Object.fromEntries(splits.map((split) => [split, 0])) as Record<Split, number>;
  const places = placeTally(fractionsFor(plan));
  const emptyRows: number[] = [];
  let emptyCount = 0;
  let rowCount = 0;
  for await (const rows of chunks) {
    rowCount += rows.length;
    for (const name of media) {
      const found = rows.filter((row) => row.cells[name] !== null);
      mediaCells.set(name, mediaCells.get(name)! + found.length);
      if (plan.withMedia) await findBroken(name, found, unusable.get(name)!, notes.issues);
    }
    const chunkPlaces = notes.takePlaces();
    rows.forEach((row, i) => {
      const place = chunkPlaces[i]!;
      const isEmpty = features.every((name) => row.cells[name] === null || unusable.get(name)?.has(row.number));
      if (isEmpty) {
        if (emptyCount++ < keptAlike) emptyRows.push(row.number);
      } else if (typeof place === "string") named[place]++;
      else places.add(place);
    });
  }
  // A split column that names validation rows decides alone.
  const cuts = plan.byColumn && named.validation > 0 ? { test: 0, validation: 0 } : places.cuts();
  const counted = places.counts(cuts);
  const splitCounts = Object.fromEntries(splits.map((split) => [split, named[split] + counted[split]])) as typeof named;
  const usableRows = rowCount - emptyCount;
  const issues = [...notes.issues.list(), ...emptyIssues(emptyRows, features.length > 0)];
  return { rowCount, usableRows, splitCounts, cuts, issues, unusable, mediaCells };
}

/** A split column that names no validation rows gives a tenth of its training rows: test rows must stay unseen. */
const fractionsFor = ({ byColumn, fractions }: SurveyPlan): SplitFractions =>
  byColumn ? { test: 0, validation: fractions.validation || 0.1 } : fractions;

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
