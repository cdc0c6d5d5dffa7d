/** @file Issues of lines and files, each kind up to a bound. In: one after another. Out: a list; what is past it is counted. */
import type { SourceIssue } from "../issues.ts";

export interface SourceIssues {
  add(issue: SourceIssue): void;
  list(): SourceIssue[];
}

const keptAlike = 1000;

export function sourceIssues(): SourceIssues {
  const issues: SourceIssue[] = [];
  const counts = new Map<SourceIssue["code"], number>();
  return {
    add: (issue) => {
      const count = (counts.get(issue.code) ?? 0) + 1;
      counts.set(issue.code, count);
      if (count <= keptAlike) issues.push(issue);
    },
    list: () => [
      ...issues,
      ...[...counts]
        .filter(([, count]) => count > keptAlike)
        .map(
          ([code, count]): SourceIssue => ({
            code,
            at: `${count - keptAlike} more`,
            detail: "of this kind, not listed one by one",
          }),
        ),
    ],
  };
}
