/**
 * @file What a data set is, for scripts. In: a Dataset. Out: plain JSON (`inspect --json` prints it); describe-text.ts draws the
 * same facts for people.
 */
import { type Dataset, fewestRows, type SplitFractions } from "./dataset.ts";
import { describeIssue, type Issue } from "./issues.ts";
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
  /** Modality → the columns that it would learn: one for each image, sound, text and vector column, and one table. */
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
