/**
 * @file The records that data/ reads and everything else consumes.
 * In: nothing. Out: the types of rows, cells, columns and of decoded values. A missing cell is null: never an error, never a zero.
 */

export type Scalar = string | number | boolean;

/** A media file as the data names it: not yet opened. */
export interface MediaFile {
  readonly media: "image" | "sound" | "vector";
  /** Absolute path, or a label for messages where `bytes` holds the content. */
  readonly path: string;
  readonly bytes?: Uint8Array;
}

/**
 * By the column's kind: real, positive, fraction, count, ordinal: number (ordinal words: string). Boolean: boolean. Date: ISO string
 * in UTC, `2007-11-11` or `2007-11-11T10:30:00Z`, which Date.parse reads. Image, audio: MediaFile. Vector: the text of its numbers, or
 * the MediaFile of a .npy file. Every other kind: the string as the file has it.
 */
export type Cell = Scalar | MediaFile | null;

/** One row as it is read, with the stable key that splits, stores, issues and caches use. */
export interface Row {
  /** The id column's value, else `<file name>:<row number>`. */
  readonly key: string;
  /** 1-based number of the data row in its source; the header is not counted. */
  readonly number: number;
  readonly split: Split;
  readonly cells: Readonly<Record<string, Cell>>;
}

export const splits = ["train", "validation", "test"] as const;
export type Split = (typeof splits)[number];

/** Which training row an answer is, where it was found among them and not made. */
export interface ItemSource {
  readonly key: string;
  /** The row's own file. */
  readonly path?: string;
}

/** Decoded image: row-major, channels last, 8 bits. `channels`: 1 grey, 3 RGB, 4 RGBA. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly pixels: Uint8Array;
  readonly source?: ItemSource;
}

/** Decoded sound: mono, samples in -1..1 at `rate` Hz. */
export interface Sound {
  readonly rate: number;
  readonly samples: Float32Array;
  readonly source?: ItemSource;
  /** The rate of the file that it was decoded from, where it was resampled or may have been. */
  readonly fileRate?: number;
}

/** A vector is a Float32Array. */
export type Value = Scalar | Image | Sound | Float32Array;

/** What a modality encodes and gives back: column → value, null where missing. */
export type Values = Readonly<Record<string, Value | null>>;

/**
 * What a column holds. `image` and `audio` are media files, `text` free text, `vector` an embedding computed elsewhere; the rest
 * are cells of the table: `fraction` a share in 0..1, `multilabel` several categories in one cell.
 * `empty`, `constant` and `identifier` columns carry nothing that can be learnt.
 */
export const columnKinds = [
  "image",
  "audio",
  "text",
  "real",
  "positive",
  "fraction",
  "count",
  "ordinal",
  "categorical",
  "multilabel",
  "boolean",
  "date",
  "vector",
  "identifier",
  "constant",
  "empty",
] as const;
export type ColumnKind = (typeof columnKinds)[number];

/** Pictures and sounds: their cells are always files. */
export type FileKind = "image" | "audio";
export const isFileKind = (kind: ColumnKind): kind is FileKind => kind === "image" || kind === "audio";
/** Kinds whose cells may be files: the numbers of a vector may also stand in the cell. */
export const holdsFiles = (kind: ColumnKind): boolean => isFileKind(kind) || kind === "vector";

/** What a column is for. Only features enter the model. */
export type ColumnRole = "feature" | "label" | "split" | "group" | "id" | "ignored";

/**
 * How a file spells dates, in tokens: YYYY YY MM M DD D MMMM (January) MMM (Jan); a time of day may follow (`times`).
 * Besides `epoch-seconds` and `epoch-milliseconds` since 1970.
 */
export const dateFormats = [
  "YYYY-MM-DD",
  "YYYY-M-D",
  "YYYY/MM/DD",
  "YYYY.MM.DD",
  "DD.MM.YYYY",
  "MM/DD/YYYY",
  "DD/MM/YYYY",
  "DD-MM-YYYY",
  "MM-DD-YYYY",
  "DD.MM.YY",
  "MM/DD/YY",
  "DD/MM/YY",
  "YYYYMMDD",
  "D MMM YYYY",
  "D MMMM YYYY",
  "MMM D, YYYY",
  "MMMM D, YYYY",
  "DD-MMM-YYYY",
  "DD-MMM-YY",
] as const;
export type DateFormat = (typeof dateFormats)[number] | "epoch-seconds" | "epoch-milliseconds";

/** What follows the date where a cell has a time of day: ` HH:mm`, `THH:mm:ssZ`, ` hh:mm A`. Z: the zone is written, as UTC. */
export type TimeFormat =
  `${"T" | " " | ", "}${"HH:mm" | "HH:mm:ss" | "HH:mm:ss.SSS" | "hh:mm A" | "hh:mm:ss A"}${"" | "Z"}`;
export type ClockFormat = "HH:mm" | "HH:mm:ss" | "hh:mm A" | "hh:mm:ss A";

/** Numbers that are not written as plain ones. */
export interface NumberSpelling {
  /** With the space that parts it from the digits: `$`, `USD `. */
  readonly prefix?: string;
  /** `€`, ` kg`, ` %`. */
  readonly suffix?: string;
  /** Between groups of three digits: comma, dot, space, no-break space or apostrophe. */
  readonly thousands?: string;
  readonly decimal?: ",";
  /** Digits after the point where all cells have as many. */
  readonly decimals?: number;
  /** What stands for thousands, millions and more behind the digits, ascending: `K`, `M` in $56.7M. */
  readonly magnitudes?: readonly string[];
  /** Twelve per cent is the value 0.12. */
  readonly percent?: true;
  /** A negative number stands in parentheses. */
  readonly parentheses?: true;
  /** Numbers above zero have a plus. */
  readonly plus?: true;
  /** A time of day; the value is its seconds since midnight. */
  readonly clock?: ClockFormat;
}

/** How the source spells a column's cells, where that must be known to read them and to write them back. */
export interface Spelling {
  /** Words of a boolean column for [false, true]: `["no", "yes"]`, `["0", "1"]`; `["", "x"]` where the empty cell means no. */
  readonly booleans?: readonly [string, string];
  readonly dates?: DateFormat;
  readonly times?: TimeFormat;
  readonly numbers?: NumberSpelling;
  /** What stands between the labels of a multilabel cell. */
  readonly separator?: string;
  /** Words of an ordinal column, from lowest to highest. */
  readonly levels?: readonly string[];
  /** Cells that mean nothing, exactly as written, beside the empty one. Absent: the usual ones of the column's kind. */
  readonly missing?: readonly string[];
}

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly role: ColumnRole;
  /** Why this kind and role, in words for `inspect`. */
  readonly why: string;
  readonly present: number;
  readonly missing: number;
  readonly distinct: number;
  readonly examples: readonly string[];
  readonly spelling?: Spelling;
  readonly distribution?: Distribution;
}

/**
 * How a column's values lie, for a look. Numbers (dates in days, texts in characters): cells in bins of equal width between
 * `low` and `high`, which leave the outermost hundredths out. Levels: the share of each, in order. Categories and labels: shares of
 * the commonest.
 */
export type Distribution =
  | {
      readonly of: "numbers" | "dates" | "lengths";
      readonly low: number;
      readonly high: number;
      readonly bins: readonly number[];
    }
  | { readonly of: "levels"; readonly shares: readonly (readonly [string, number])[] }
  | { readonly of: "categories"; readonly top: readonly (readonly [string, number])[] };
