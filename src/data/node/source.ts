/**
 * @file Contract between what stands at a path and the reading of rows: a relation that DuckDB can scan. Columns are SQL
 * expressions (text, or the bytes of media) over one FROM clause. Files, folders, shards and joins each give one.
 */
import type { Reading } from "../dataset.ts";
import type { SourceIssue } from "../issues.ts";
import type { ImpliedKind } from "../roles.ts";

export interface SourceColumn {
  readonly name: string;
  /** SQL for the cell's text as it stands; for media with bytes, the file's name where the source has one. */
  readonly raw: string;
  /** The same without blanks around it. */
  readonly text: string;
  /** SQL for the file's content, where the column can hold it. */
  readonly bytes?: string;
  /** Where relative paths of media start, where it is not the source's folder. */
  readonly folder?: string;
  /** The pattern of a media column that is made of others: no column of the file. */
  readonly pattern?: string;
}

export interface Source {
  /** What the user named. */
  readonly path: string;
  /** Where relative paths of media start. */
  readonly folder: string;
  readonly columns: readonly SourceColumn[];
  /** What stands after FROM. */
  readonly from: string;
  /** SQL for the rows' stable key, where the source has one of its own. */
  readonly key?: string;
  readonly implied?: Readonly<Record<string, ImpliedKind>>;
  readonly issues: readonly SourceIssue[];
  /** Names the content: sha256 in hex. */
  fingerprint(): Promise<string>;
}

/** How a source is read, of all that a Reading holds. */
export type SourcePlan = Pick<Reading, "header" | "delimiter" | "pattern" | "join" | "media"> & {
  /** Columns that a model knows: kept even where this source would leave them out. */
  readonly known: ReadonlySet<string>;
};

export const trimmed = (expression: string): string => `trim(${expression}, E' \\t\\r\\n')`;

export const textColumn = (name: string, raw: string): SourceColumn => ({ name, raw, text: trimmed(raw) });
