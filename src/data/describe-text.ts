/**
 * @file A data set on a terminal, to be checked in a minute. In: a DatasetDescription. Out: text: a line of facts for each column with
 * its values drawn small, a line of reasons below it; then what would be learnt, splits and issues.
 */
import type { DatasetDescription } from "./describe.ts";
import { type Issue, tellingIssues } from "./issues.ts";
import { type Column, type Distribution, isFileKind, type Spelling } from "./records.ts";
import { shortNumber } from "./tally.ts";
import { columnsOf, cutText, padLeft, padRight } from "./text-width.ts";

const shownIssues = 15;
/** More columns than this are counted, not listed. */
const shownColumns = 60;
const widestName = 28;

/** @param width of the terminal; lines keep within it, from 60 columns on */
export function renderDescription(description: DatasetDescription, width = 100): string {
  const { source, rows, usableRows, columns, splits, splitBy, wouldLearn, label, refusal, issues } = description;
  // Where nothing can be learnt every row lacks it: no news about the rows.
  const emptyRows = wouldLearn.length > 0 ? rows - usableRows : 0;
  const size = Math.max(60, width);
  return [
    source,
    `${rows} ${rows === 1 ? "row" : "rows"}${emptyRows > 0 ? `, ${emptyRows} of them empty` : ""}, ${columns.length} columns`,
    "",
    ...renderColumns(columns, rows, size),
    "",
    ...renderLearnt(wouldLearn, size),
    ...(label === null ? [] : [`Judged by  ${label}, which stays out of the model`]),
    `Splits     ${splits.train} train, ${splits.validation} validation, ${splits.test} test, by ${splitBy}`,
    ...(refusal === null ? [] : ["", `Training would be refused: ${refusal}.`]),
    ...renderIssues(issues, size),
    "",
  ].join("\n");
}

const titles = ["column", "kind", "role", "missing", "distinct", "values"];

function renderColumns(columns: readonly Column[], rows: number, width: number): string[] {
  const shown = columns.slice(0, shownColumns);
  const drawn = shown.map((column) => [
    cutText(column.name, widestName),
    column.kind,
    column.role,
    missingShare(column.missing, rows),
    String(column.distinct),
  ]);
  const room = titles.map((title, i) => Math.max(title.length, ...drawn.map((row) => columnsOf(row[i] ?? ""))));
  const left = width - room.slice(0, 5).reduce((sum, cell) => sum + cell + 2, 0);
  // Where little room is left for the values, names give some.
  if (left < 24) room[0] = Math.max(10, room[0]! - (24 - left));
  const forValues = Math.max(14, width - room.slice(0, 5).reduce((sum, cell) => sum + cell + 2, 0));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) =>
        i === 3 || i === 4 ? padLeft(cell, room[i]!) : i === 5 ? cell : padRight(cutText(cell, room[i]!), room[i]!),
      )
      .join("  ")
      .trimEnd();
  return [
    line(titles),
    "─".repeat(width),
    ...shown.flatMap((column, i) => [
      line([...drawn[i]!, cutText(drawValues(column, forValues), forValues)]),
      `  ${cutText(reasonLine(column), width - 2)}`,
    ]),
    ...restOf(columns.slice(shownColumns)),
  ];
}

/** "none" is said only of a column without gaps. */
function missingShare(missing: number, rows: number): string {
  if (missing === 0) return "none";
  if (missing === rows) return "all";
  const percent = (100 * missing) / Math.max(1, rows);
  return percent < 1 ? "< 1 %" : percent > 99 ? "> 99 %" : `${Math.round(percent)} %`;
}

const reasonLine = ({ why, examples }: Column): string =>
  examples.length === 0 || why.startsWith("always ")
    ? why
    : `${why} · e.g. ${examples.map((text) => cutText(text, 24)).join(", ")}`;

function restOf(columns: readonly Column[]): string[] {
  if (columns.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { kind, role } of columns) {
    const what = role === "feature" ? kind : `${kind} (${role})`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  const said = [...counts].sort((a, b) => b[1] - a[1]).map(([what, count]) => `${count} ${what}`);
  return [`… and ${columns.length} more columns: ${said.join(", ")}; --json lists them all`];
}

const blocks = "▁▂▃▄▅▆▇█";

/** Heights of bars; what is not nothing is seen. */
function bars(values: readonly number[]): string {
  const most = Math.max(...values, Number.MIN_VALUE);
  return values.map((value) => (value === 0 ? " " : blocks[Math.min(7, Math.floor((8 * value) / most))]!)).join("");
}

const percent = (share: number): string =>
  share < 0.01 ? "< 1 %" : share > 0.99 && share < 1 ? "> 99 %" : `${Math.round(100 * share)} %`;

function drawValues({ distribution, spelling, examples, kind }: Column, room: number): string {
  if (!distribution) return kind === "identifier" || isFileKind(kind) ? examples.slice(0, 2).join(", ") : "";
  switch (distribution.of) {
    case "numbers":
      return between(distribution, shortNumber);
    case "dates":
      return between(distribution, (day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
    case "lengths":
      return `${between(distribution, String)} characters`;
    case "levels":
      return drawLevels(distribution.shares, room);
    case "categories":
      return drawTop(
        distribution.top.map(([value, share]) => [inFile(value, spelling), share] as const),
        spelling?.separator !== undefined,
      );
  }
}

/** Yes and no in the file's own words. */
const inFile = (value: string, spelling?: Spelling): string =>
  spelling?.booleans ? spelling.booleans[value === "true" ? 1 : 0] || "empty" : value;

function between(
  { low, high, bins }: Extract<Distribution, { bins: unknown }>,
  name: (value: number) => string,
): string {
  return low === high ? `${name(low)} nearly always` : `${name(low)} ${bars(bins)} ${name(high)}`;
}

function drawLevels(shares: readonly (readonly [string, number])[], room: number): string {
  if (shares.length === 0) return "";
  const drawn = `${shares[0]![0]} ${bars(shares.map(([, share]) => share))} ${shares.at(-1)![0]}`;
  return columnsOf(drawn) <= room ? drawn : bars(shares.map(([, share]) => share));
}

function drawTop(top: readonly (readonly [string, number])[], labels: boolean): string {
  const named = top.slice(0, 3).map(([value, share]) => `${cutText(value, 16)} ${percent(share)}`);
  return `${bars(top.map(([, share]) => share))} ${named.join(", ")}${labels ? " of cells" : ""}`;
}

function renderLearnt(wouldLearn: DatasetDescription["wouldLearn"], width: number): string[] {
  if (wouldLearn.length === 0) return ["Nothing here can be learnt."];
  return [
    "Would learn one latent space over",
    ...wouldLearn.flatMap(({ modality, kind, columns }) =>
      kind === "table" ? wrap(`  table      `, columns, width) : [`  ${kind.padEnd(9)}  ${modality}`],
    ),
  ];
}

/** Names in lines of equal indent, four lines at most. */
/** Two lines and a half of a terminal: enough for where, what and what to do. */
const longestMessage = 240;

function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = " ";
  for (const word of text.split(" ")) {
    if (columnsOf(line) + 1 + columnsOf(word) > width && line.trim() !== "") {
      lines.push(line);
      line = "   ";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function wrap(lead: string, names: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = lead;
  for (const [i, name] of names.entries()) {
    const part = `${cutText(name, 40)}${i < names.length - 1 ? ", " : ""}`;
    if (columnsOf(line) + columnsOf(part) > width && line.trim() !== "") {
      lines.push(line.trimEnd());
      line = " ".repeat(lead.length);
    }
    if (lines.length === 4) return [...lines, `${line}… and ${names.length - i} more`];
    line += part;
  }
  return [...lines, line.trimEnd()];
}

/** What hinders most comes first; what is as expected, last. */
const severities: readonly string[] = [
  "units-mixed",
  "media-absent",
  "media-undecodable",
  "media-empty",
  "media-too-large",
  "value-not-readable",
  "number-not-finite",
  "row-empty",
  "more-alike",
];
const severity = (code: string): number => (severities.includes(code) ? severities.indexOf(code) : severities.length);

/** Whole columns that are left out: the table says why, here they are named once. */
const leftOut: Partial<Record<Issue["code"], string>> = {
  "column-empty": "empty",
  "column-constant": "one value only",
  "column-identifier": "looks like an identifier",
};

function renderIssues(issues: DatasetDescription["issues"], width: number): string[] {
  const others = issues.filter(({ code }) => leftOut[code] === undefined);
  const columns = issues.filter(({ code }) => leftOut[code] !== undefined);
  const telling = [...others].sort((a, b) => severity(a.code) - severity(b.code));
  const shown = tellingIssues(telling, shownIssues);
  const more = others.length - shown.length;
  const unlearnt = Object.entries(leftOut).flatMap(([code, what]) => {
    const names = columns.flatMap((issue) => (issue.code === code && issue.column !== undefined ? [issue.column] : []));
    return names.length === 0 ? [] : wrap(`  not learnt, ${what}: `, names, width);
  });
  if (issues.length === 0) return ["", "No issues."];
  return [
    "",
    `Issues (${issues.length}); the rest goes on`,
    ...shown.flatMap(({ message }) => wrapWords(cutText(message, longestMessage), Math.max(width, 80))),
    ...(more > 0 ? [`  … and ${more} more: --json lists them all`] : []),
    ...unlearnt,
  ];
}
