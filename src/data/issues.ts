/**
 * @file Bad user data as facts: a discriminated union by `code`, rendered once here for CLI, report and studio alike.
 * In: what was met while reading. Out: Issue values, and one line of text for each.
 */
import type { MediaFault } from "./media.ts";

interface At {
  readonly column: string;
  /** 1-based data row; absent where the whole column is meant. */
  readonly row?: number;
}

export type Issue =
  | (At & { readonly code: MediaFault; readonly detail: string })
  | (At & { readonly code: "number-not-finite" | "value-not-readable"; readonly value: string })
  | (At & { readonly code: "category-unseen"; readonly value: string })
  | (At & { readonly code: "vector-unusable"; readonly detail: string })
  | (At & { readonly code: "units-mixed"; readonly units: Readonly<Record<string, number>> })
  | (At & { readonly code: "column-empty" | "column-constant" | "column-identifier" })
  /** Held-out rows that nearly equal a training row; `column` is the modality. */
  | (At & {
      readonly code: "split-leakage";
      readonly count: number;
      /** Held-out rows that were compared. */
      readonly of: number;
      /** 1-based numbers of a held-out row and its twin. */
      readonly example: readonly [number, number];
      /** A column that would keep such a share of these rows together. */
      readonly group?: { readonly column: string; readonly together: number };
    })
  /** Used all the same: worth knowing because decoding it is slow. */
  | (At & { readonly code: "media-large"; readonly detail: string })
  /** Stands for issues that were counted and not kept, so that a broken column of a large file costs no memory. */
  | (At & { readonly code: "more-alike"; readonly of: string; readonly count: number })
  | { readonly code: "row-empty"; readonly row: number; readonly column?: undefined }
  | SourceIssue;

/** What was met before there were rows: lines and files that are no part of the table, or only after a repair. */
export interface SourceIssue {
  readonly code: "line-skipped" | "line-repaired" | "file-skipped" | "encoding-assumed";
  /** `line 17`, or the name of a file. */
  readonly at: string;
  readonly detail: string;
  readonly row?: undefined;
  readonly column?: undefined;
}

/** One line for people: where, what, and what became of it. */
export function describeIssue(issue: Issue): string {
  if ("at" in issue) return `${issue.at}: ${issue.detail}`;
  if (issue.code === "row-empty") return `row ${issue.row}: every column is empty; the row is skipped`;
  const where = issue.row === undefined ? `column "${issue.column}"` : `row ${issue.row}, column "${issue.column}"`;
  switch (issue.code) {
    case "media-absent":
    case "media-undecodable":
    case "media-empty":
    case "media-too-large":
    case "media-outside":
      return `${where}: ${issue.detail}; treated as missing`;
    case "number-not-finite":
      return `${where}: ${issue.value} is not a finite number below 1e30; treated as missing`;
    case "value-not-readable":
      return `${where}: "${issue.value}" does not fit the column's kind; treated as missing`;
    case "category-unseen":
      return `${where}: "${issue.value}" was never seen in training; treated as missing`;
    case "vector-unusable":
      return `${where}: the vector ${issue.detail}; treated as missing`;
    case "split-leakage": {
      const [row, twin] = issue.example;
      const { group } = issue;
      const remedy = group
        ? `--group "${group.column}" would keep ${Math.floor(100 * group.together)} % of them in one split`
        : "--group COLUMN keeps such rows in one split";
      return (
        `${where}: ${issue.count} of ${issue.of} held-out values nearly equal a training value (row ${row} and row ${twin}); ` +
        `figures flatter. ${remedy}`
      );
    }
    case "media-large":
      return `${where}: ${issue.detail}`;
    case "more-alike":
      return `${where}: ${issue.count} more of ${issue.of}, not listed one by one`;
    case "units-mixed": {
      const [[unit], ...others] = Object.entries(issue.units).sort((a, b) => b[1] - a[1]) as [
        [string, number],
        ...[string, number][],
      ];
      const said = others.map(([of, count]) => `${count} in ${of || "no unit"}`).join(", ");
      return `${where}: units are mixed; read in ${unit || "no unit"}, while ${said} are treated as missing`;
    }
    case "column-empty":
      return `${where}: every cell is empty; not learnt`;
    case "column-constant":
      return `${where}: only one value; not learnt`;
    case "column-identifier":
      return `${where}: it looks like an identifier; not learnt`;
  }
}

/** Issues of opening and of decoding in one list, each fact once, in order of row and then as found. */
export function mergeIssues(...lists: readonly (readonly Issue[])[]): Issue[] {
  const seen = new Map<string, Issue>();
  for (const issue of lists.flat()) {
    const kind = issue.code === "more-alike" ? issue.of : "at" in issue ? issue.at : "";
    const key = JSON.stringify([issue.code, issue.column ?? "", issue.row ?? 0, kind]);
    if (!seen.has(key)) seen.set(key, issue);
  }
  return [...seen.values()].sort((a, b) => (a.row ?? 0) - (b.row ?? 0));
}

/**
 * So many issues that tell most: the first of every kind and column before the second of any, in their order. A thousand NaN
 * in one column must not hide the one picture that is missing.
 */
export function tellingIssues<T extends Issue>(issues: readonly T[], most: number): T[] {
  const seen = new Map<string, number>();
  const ranked = issues.map((issue, place) => {
    const kind = `${issue.code} ${issue.column ?? ""}`;
    const turn = seen.get(kind) ?? 0;
    seen.set(kind, turn + 1);
    return { issue, place, turn };
  });
  const chosen = ranked.sort((a, b) => a.turn - b.turn || a.place - b.place).slice(0, most);
  return chosen.sort((a, b) => a.place - b.place).map(({ issue }) => issue);
}
