/**
 * @file What a data set is, for people and for scripts. In: a Dataset. Out: plain JSON (`inspect --json` prints it), and the
 * same facts as text for a terminal.
 */
import { type Dataset, fewestRows, type SplitFractions } from "./dataset.ts";
import { describeIssue, type Issue, tellingIssues } from "./issues.ts";
import type { Column, ColumnKind, Split } from "./records.ts";

export interface DatasetDescription {
  readonly source: string;
  readonly fingerprint: string;
  readonly rows: number;
  readonly usableRows: number;
  readonly columns: readonly Column[];
  readonly splits: Readonly<Record<Split, number>>;
  readonly splitBy: string;
  readonly splitFractions: SplitFractions;
  /** Modality → the columns that it would learn: one for each image, sound and text column, and one table. */
  readonly wouldLearn: readonly {
    readonly modality: string;
    readonly kind: string;
    readonly columns: readonly string[];
  }[];
  readonly label: string | null;
  /** Why training would be refused; null where it would not. */
  readonly refusal: string | null;
  readonly issues: readonly (Issue & { readonly message: string })[];
}

const ownModality: ReadonlySet<ColumnKind> = new Set(["image", "audio", "text", "vector"]);

export function describeDataset(dataset: Dataset): DatasetDescription {
  const { columns, reading } = dataset;
  const named = (role: Column["role"]) => columns.find((column) => column.role === role)?.name;
  const [split, group] = [named("split"), named("group")];
  const unit = group === undefined ? "row" : `value of column "${group}"`;
  const within =
    reading.stratifyColumn === undefined ? "" : `, within each value of column "${reading.stratifyColumn}"`;
  const byHash = `hash of seed ${reading.seed} and ${unit}${within}`;
  return {
    source: dataset.source,
    fingerprint: dataset.fingerprint,
    rows: dataset.rowCount,
    usableRows: dataset.usableRows,
    columns,
    splits: dataset.splitCounts,
    splitBy: split === undefined ? byHash : `column "${split}"`,
    splitFractions: reading.splitFractions,
    wouldLearn: modalitiesOf(columns, reading.columns),
    label: named("label") ?? null,
    refusal: refusalOf(dataset),
    issues: dataset.issues.map((issue) => ({ ...issue, message: describeIssue(issue) })),
  };
}

function modalitiesOf(
  columns: readonly Column[],
  settings: Dataset["reading"]["columns"],
): DatasetDescription["wouldLearn"] {
  const asked = (name: string) => (Object.hasOwn(settings, name) ? settings[name]?.modality : undefined);
  const features = columns.filter(({ role }) => role === "feature");
  const own = features.filter(({ name, kind }) => ownModality.has(kind) || asked(name));
  const table = features.filter((column) => !own.includes(column));
  const single = own.map(({ name, kind }) => ({ modality: name, kind: asked(name) ?? kind, columns: [name] }));
  return table.length === 0
    ? single
    : [...single, { modality: "table", kind: "table", columns: table.map(({ name }) => name) }];
}

function refusalOf({ columns, rowCount, usableRows }: Dataset): string | null {
  if (rowCount < fewestRows) return `${rowCount} rows, at least ${fewestRows} are needed`;
  if (!columns.some(({ role }) => role === "feature")) return "no column can be learnt";
  return usableRows < fewestRows ? `${usableRows} usable rows, at least ${fewestRows} are needed` : null;
}

const shownIssues = 20;

/** The description as text, at most `width` characters wide where cells allow it. */
export function renderDescription(description: DatasetDescription, width = 100): string {
  const { source, rows, splits, wouldLearn, label, refusal } = description;
  const learnt = wouldLearn.map(({ modality, kind, columns }) =>
    kind === "table" ? `  table      ${columns.join(", ")}` : `  ${kind.padEnd(9)}  ${modality}`,
  );
  // Where nothing can be learnt every row lacks it: no news about the rows.
  const emptyRows = wouldLearn.length > 0 ? rows - description.usableRows : 0;
  return [
    `${source}`,
    `${rows} ${rows === 1 ? "row" : "rows"}${emptyRows > 0 ? `, ${emptyRows} of them empty` : ""}, ${description.columns.length} columns`,
    "",
    ...renderColumns(description.columns, rows, width),
    "",
    `Splits, by ${description.splitBy}: ${splits.train} train, ${splits.validation} validation, ${splits.test} test`,
    "",
    ...(learnt.length > 0 ? ["Would learn one latent space over", ...learnt] : ["Nothing here can be learnt."]),
    ...(label === null ? [] : [`Judged by  ${label}, which stays out of the model`]),
    ...(refusal === null ? [] : [`Training would be refused: ${refusal}.`]),
    ...renderIssues(description.issues),
    "",
  ].join("\n");
}

function renderColumns(columns: readonly Column[], rows: number, width: number): string[] {
  // Rounded down: "100 %" is said only of a column without gaps.
  const share = (present: number) => {
    const percent = (100 * present) / Math.max(1, rows);
    return present === rows ? "all" : percent > 0 && percent < 1 ? "< 1 %" : `${Math.floor(percent)} %`;
  };
  const header = ["column", "kind", "role", "filled", "distinct", "why", "for example"];
  const table = columns.map((column) => [
    column.name,
    column.kind,
    column.role,
    share(column.present),
    String(column.distinct),
    column.why,
    column.examples.join(" · "),
  ]);
  const cells = [header, ...table];
  const room = header.map((_, i) => Math.max(...cells.map((row) => columnsOf(row[i]!))));
  room[0] = Math.min(room[0]!, 28);
  // What is left after the narrow columns is shared between the reason and the examples.
  const left = Math.max(40, width - room.slice(0, 5).reduce((sum, cell) => sum + cell + 2, 0));
  room[5] = Math.min(room[5]!, Math.ceil(left * 0.6));
  room[6] = Math.min(room[6]!, Math.max(12, left - room[5]! - 2));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 3 || i === 4 ? padLeft(cell, room[i]!) : padRight(cut(cell, room[i]!), room[i]!)))
      .join("  ")
      .trimEnd();
  return [line(header), line(room.map((size) => "─".repeat(size))), ...table.map(line)];
}

function renderIssues(issues: DatasetDescription["issues"]): string[] {
  if (issues.length === 0) return ["", "No issues."];
  const more = issues.length - shownIssues;
  return [
    "",
    `Issues (${issues.length}); the rest goes on`,
    ...tellingIssues(issues, shownIssues).map(({ message }) => `  ${message}`),
    ...(more > 0 ? [`  … and ${more} more: --json lists them all`] : []),
  ];
}

/** Terminal columns: East Asian wide characters and emoji take two. */
function columnsOf(text: string): number {
  let size = 0;
  for (const character of text) size += isWide(character.codePointAt(0)!) ? 2 : 1;
  return size;
}

const isWide = (code: number): boolean =>
  (code >= 0x1100 && code <= 0x115f) ||
  (code >= 0x2e80 && code <= 0xa4cf) ||
  (code >= 0xac00 && code <= 0xd7a3) ||
  (code >= 0xf900 && code <= 0xfaff) ||
  (code >= 0xfe30 && code <= 0xfe6f) ||
  (code >= 0xff00 && code <= 0xff60) ||
  (code >= 0x1f300 && code <= 0x1faff) ||
  (code >= 0x20000 && code <= 0x3fffd);

function cut(text: string, size: number): string {
  const flat = text.replace(/\s+/g, " ");
  if (columnsOf(flat) <= size) return flat;
  let kept = "";
  for (const character of flat) {
    if (columnsOf(kept + character) > size - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

const padRight = (text: string, size: number): string => text + " ".repeat(Math.max(0, size - columnsOf(text)));
const padLeft = (text: string, size: number): string => " ".repeat(Math.max(0, size - columnsOf(text))) + text;
