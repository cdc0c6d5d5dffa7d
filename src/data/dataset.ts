/**
 * @file What an opened data set offers. In: a file of records (node/ reads it). Out: columns, issues and a stream of rows.
 */
import { DataError } from "./data-error.ts";
import type { Issue } from "./issues.ts";
import type { Column, ColumnKind, ColumnRole, Row, Spelling, Split } from "./records.ts";

/** How a data set was read: plain JSON, kept in the model so that later commands read the same way. */
export interface Reading {
  readonly header: boolean;
  /** What parts the cells of a CSV file, where the user says so. */
  readonly delimiter?: string;
  /** Columns read from file names: `{digit}_{speaker}_{take}.wav`. */
  readonly pattern?: string;
  /** Files joined to the data, in order. */
  readonly join?: readonly JoinedFile[];
  /** A folder beside that of the data that media cells may name: an absolute path. */
  readonly mediaRoot?: string;
  /** Media columns made from other columns: name → pattern such as `png72/{id}.png`. */
  readonly media: Readonly<Record<string, string>>;
  /** Column settings that override inference: name → settings, as the config file says them. */
  readonly columns: Readonly<Record<string, ColumnSetting>>;
  readonly splitFractions: SplitFractions;
  readonly seed: number;
  readonly label?: string;
  readonly splitColumn?: string;
  readonly groupColumn?: string;
  /** Every value of this column gives each split its share. */
  readonly stratifyColumn?: string;
  readonly idColumn?: string;
  /** What every column turned out to be: another file opened with this reading has the same kinds and roles. */
  readonly resolved: Readonly<Record<string, ResolvedColumn>>;
}

/** A file whose columns are added to the rows of equal key. */
export interface JoinedFile {
  /** Absolute. */
  readonly path: string;
  /** `id`, or `left=right` where the key's names differ; by default the only name in common. */
  readonly on?: string;
}

export interface SplitFractions {
  readonly validation: number;
  readonly test: number;
}

/** One column in the config: its kind, its role, or both, with the modality's own options. */
export interface ColumnSetting {
  readonly kind?: ColumnKind;
  readonly role?: ColumnRole;
  /** The modality that reads the column, where it is another than its kind's own: cells then arrive as text, or as files. */
  readonly modality?: string;
  /** Options of the column's modality, validated by it (image width, text level, …). */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface ResolvedColumn {
  readonly kind: ColumnKind;
  readonly role: ColumnRole;
  readonly spelling?: Spelling;
}

export interface Dataset {
  /** Absolute path of the source. */
  readonly source: string;
  readonly reading: Reading;
  /** sha256 (hex) of the source's bytes. */
  readonly fingerprint: string;
  readonly rowCount: number;
  /** Rows with a value in at least one feature column; the others are listed as issues. */
  readonly usableRows: number;
  /** Usable rows in each split. */
  readonly splitCounts: Readonly<Record<Split, number>>;
  readonly columns: readonly Column[];
  /** Found while opening; decoding media adds more (`mergeIssues` joins the two). */
  readonly issues: readonly Issue[];
  /** Rows in source order, empty ones included, in chunks of at most 2048, read from disk as they are asked for. */
  rows(): AsyncIterable<readonly Row[]>;
  close(): void;
}

export const fewestRows = 20;

/** What training asks and inspection does not. @throws DataError where too few rows or no column can be learnt from. */
export function checkUsable(dataset: Dataset): void {
  const { source, columns, usableRows, rowCount } = dataset;
  if (rowCount < fewestRows) {
    throw new DataError(
      `Cannot learn from ${source}: expected at least ${fewestRows} rows, found ${rowCount}. Add rows.`,
    );
  }
  if (!columns.some(({ role }) => role === "feature")) {
    const reasons = columns.slice(0, 6).map(({ name, why }) => `${name}: ${why}`);
    throw new DataError(
      `Cannot learn from ${source}: expected at least one usable column, found none (${reasons.join("; ")}). ` +
        "Give a column another kind or role in the config file; `polyvae inspect` shows what was found.",
    );
  }
  if (usableRows < fewestRows) {
    throw new DataError(
      `Cannot learn from ${source}: expected at least ${fewestRows} usable rows, found ${usableRows}; the others of ${rowCount} ` +
        "have no value in any learnt column. Add rows, or fill cells.",
    );
  }
}
