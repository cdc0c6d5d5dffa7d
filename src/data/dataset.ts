/**
 * @file What an opened data set offers. In: a file of records (node/ reads it). Out: columns, issues and a stream of rows.
 */
import type { Issue } from "./issues.ts";
import type { Column, Row, Split } from "./records.ts";

/** How a data set was read: plain JSON, kept in the model so that later commands read the same way. */
export interface Reading {
  readonly header: boolean;
  /** Media columns made from other columns: name → pattern such as `png72/{id}.png`. */
  readonly media: Readonly<Record<string, string>>;
  /** Column settings that override inference: name → settings, as the config file says them. */
  readonly columns: Readonly<Record<string, ColumnSetting>>;
  readonly splitFractions: { readonly validation: number; readonly test: number };
  readonly seed: number;
}

/** One column in the config: its kind, its role, or both, with the modality's own options. */
export interface ColumnSetting {
  readonly kind?: Column["kind"];
  readonly role?: Column["role"];
  /** Options of the column's modality, validated by it (image width, text level, …). */
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface Dataset {
  /** Absolute path of the source. */
  readonly source: string;
  readonly reading: Reading;
  /** sha256 (hex) of the source's bytes. */
  readonly fingerprint: string;
  readonly rowCount: number;
  readonly splitCounts: Readonly<Record<Split, number>>;
  readonly columns: readonly Column[];
  /** Found while opening; decoding media adds more. */
  readonly issues: readonly Issue[];
  /** Rows in source order, in chunks, read from disk as they are asked for. */
  rows(): AsyncIterable<readonly Row[]>;
  close(): void;
}
