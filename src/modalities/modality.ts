/**
 * @file The contract of a modality: records ↔ arrays, and its part of the graph (features and likelihood).
 * In: Values (decoded rows). Out: arrays with a presence mask, and back again in the user's units.
 * A new modality is a new file beside this one; nothing outside modalities/ asks which kind a modality is.
 */
import type { Issue } from "../data/issues.ts";
import type { MediaProbe, MediaRequest } from "../data/media.ts";
import type { Scalar, Value, Values } from "../data/records.ts";
import type { Random } from "../engine/random.ts";
import type { ForeignNetwork } from "../engine/runtime.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Gallery } from "./backbone/gallery.ts";

export type TypedArray = Float32Array | Int32Array | Uint8Array;

/** One array of a modality: shape of one item (no batch axis) and element type. uint8 keeps media small in memory. */
export interface ArraySpec {
  readonly shape: readonly number[];
  readonly type: "float32" | "int32" | "uint8";
}

/** Rows as arrays. `arrays[name]`: [rows, ...shape]; `present`: [rows], 1 where the modality has a value in that row. */
export interface Encoded {
  readonly rows: number;
  readonly arrays: Readonly<Record<string, TypedArray>>;
  readonly present: Uint8Array;
  /** Values that could not be used; `row` is the index in the encoded rows, 0-based. */
  readonly issues: readonly (Issue & { readonly row: number })[];
}

/** Arrays in which no row lacks the modality. */
export const complete = (rows: number, arrays: Encoded["arrays"]): Encoded => ({
  rows,
  arrays,
  present: new Uint8Array(rows).fill(1),
  issues: [],
});

/** Arrays of every modality for the same rows: modality name → Encoded (batch.ts makes and selects them). */
export type Batch = Readonly<Record<string, Encoded>>;

export interface Modality {
  /** The column's name, or "table". */
  readonly name: string;
  /** Columns it reads and gives back. */
  readonly columns: readonly string[];
  /** Everything fitted on training rows, as plain JSON: `openModality(state)` makes the same modality again. */
  readonly state: ModalityState;
  /** How its media columns must be decoded: column → request. Empty where it has none. */
  readonly media: Readonly<Record<string, MediaRequest>>;

  readonly arrays: Readonly<Record<string, ArraySpec>>;
  /** Shape of `features`, no batch axis. */
  readonly featureShape: readonly number[];
  /** Shape of the likelihood's parameters, which the decoder network must emit, no batch axis. */
  readonly parameterShape: readonly number[];
  /** How many leading axes of both shapes are grids on which neighbours are related: 2 picture, 1 sequence, 0 none. */
  readonly gridAxes: 0 | 1 | 2;
  /**
   * [batch, featureShape[0]]: 1 at the places along the first grid axis that belong to the item, 0 past its end. Networks attend
   * to these places and pool over them alone. Absent where every item is as long as the axis.
   */
  extent?(arrays: Readonly<Record<string, Tensor>>): Tensor;
  /** Scalars observed in one complete item: the measure by which modalities' likelihoods are balanced. */
  readonly eventSize: number;

  /**
   * The array that says which cells of an item are observed, where it has such cells. `features` must treat a cell as missing when
   * its mask is 0: training hides cells this way, so that the encoder learns to do without them.
   */
  readonly cellMask?: string;

  /** What the encoder network reads: arrays → [batch, ...featureShape], float32, of order one. */
  features(arrays: Readonly<Record<string, Tensor>>): Tensor;
  /**
   * log p(x|z) in nats, [batch], over observed cells only, unrescaled. `parameters`: [batch, ...parameterShape].
   * A table leaves out its missing cells itself; where a whole row is missing the caller masks by `present`.
   */
  logLikelihood(parameters: Tensor, arrays: Readonly<Record<string, Tensor>>): Tensor;

  encode(rows: readonly Values[]): Encoded;
  /**
   * What one row's value is made of, as a set of numbers: near-duplicates share nearly all of theirs (marks.ts). Empty where values
   * recur by nature. Absent where nothing tells.
   */
  marks?(encoded: Encoded, row: number): Uint32Array;
  /** Copies of the items' arrays, changed at random in ways that leave them what they were; training learns from these. */
  augment?(arrays: Encoded["arrays"], rows: number, random: Random): Encoded["arrays"];
  /**
   * Parameters of the likelihood, [rows, ...parameterShape] → values in the user's units: the most typical value
   * (mean of numbers, mode of categories), or a draw from the likelihood where `random` is given. Pictures and sounds
   * are given as their mean unless their column says otherwise: noise drawn for each pixel by itself carries nothing but grain.
   * @param like values that each row is made after, where there are some: what the arrays do not hold is taken from them
   */
  decode(parameters: Float32Array, rows: number, random?: Random, like?: readonly Values[]): Values[];
  /**
   * As `decode`, but of several likelihoods of the same rows, equally likely: draws of the latent. Means and chances are
   * averaged before a value is chosen; `columns` limits the answer. Absent where averages of several items are none.
   */
  consensus?(parameters: readonly Float32Array[], rows: number, columns?: readonly string[]): Values[];
  /**
   * The most typical item as arrays, with nothing missing: what `encode` would give for `decode(parameters)`, without the
   * way over the user's units (no phases are sought for a sound). For judges of what was generated, and for pictures of it.
   */
  typical(parameters: Float32Array, rows: number): Encoded;
  /**
   * Spectral convergence in dB of what `decode` makes of each item's own arrays; absent where nothing is lost on that way
   * (docs/math/metrics.md, "inversion").
   */
  inversionErrors?(encoded: Encoded): number[];
  /**
   * Present where an item is a sequence of tokens of which each is said given those before it. The decoder network then reads the
   * tokens beside the latent, and `parameters` hold for each place the logits given the tokens that truly stand before it.
   * Absent where the latent alone says all parameters.
   */
  readonly sequence?: TokenSequence;
  /** What likelihoods are divided by to compare items of different lengths; absent where all items are equally long. */
  readonly events?: {
    /** One of them in a word, such as "token". */
    readonly unit: string;
    /** How many the rows hold together. */
    count(encoded: Encoded): number;
  };
  /** How imputed cells are judged, by column; absent where cells have no error of their own. */
  readonly scores?: readonly ColumnScore[];
  /** The frozen network that the column's values go through before `encode`, which then takes their features. */
  readonly backbone?: BackboneUse;
  /** Training items among which `decode` finds its answers, where features cannot be turned back. */
  readonly gallery?: Gallery;
  withGallery?(gallery: Gallery): Modality;
}

/** How a column's values become features by a network that somebody else made. */
export interface BackboneUse {
  /** Its name among the model's networks. */
  readonly network: string;
  /** One vector for each value. @throws Error where the network cannot read them */
  features(values: readonly Value[], network: ForeignNetwork): Promise<Float32Array[]>;
}

/** An array of tokens that a network says one after another: the modality's only array, int32 [length]. */
export interface TokenSequence {
  readonly array: string;
  readonly length: number;
  /** Distinct tokens. */
  readonly size: number;
  /** The token that ends an item, and fills what is left of its array. */
  readonly end: number;
  /** Tokens that are read but never said. */
  readonly unsaid: readonly number[];
  /** Share of the tokens withheld from the decoder while training, so that it must ask the latent (word dropout). */
  readonly dropout: number;
  /** Tokens [rows, length] → values in the user's units. */
  values(tokens: Int32Array, rows: number): Values[];
}

/** How guesses for one column are judged against the truth (docs/math/metrics.md, "imputation"). */
export interface ColumnScore {
  readonly column: string;
  /** mismatch rate; mean |shift| / levels; share of wrong labels; root mean square error / (max - min of training). */
  readonly kind: "mismatch" | "shift" | "labels" | "range";
  /** The best constant guess from training cells: mode, median level, mean. */
  readonly baseline: Scalar;
  /** Error of guesses for the same cells; NaN for no cells. A guess that the column cannot hold counts as wholly wrong. */
  error(truths: readonly Scalar[], guesses: readonly Scalar[]): number;
}

/** What a column alone can become: how its files are decoded, how it is fitted, and how it is opened again. */
export interface ModalityKind {
  /** From probes of training files; undefined where none could be read. Absent where the column's cells are no files. */
  plan?(name: string, probes: readonly MediaProbe[], options: unknown): MediaRequest | undefined;
  /** Where values are read through a backbone: how. The sample that `fit` sees then holds features. */
  backbone?(options: unknown, request: MediaRequest | undefined): BackboneUse;
  /** Null where the sample holds nothing. @throws Error for options that it does not have */
  fit(column: ColumnSample): Modality | null;
  /** @throws Error for a state that this version did not write */
  open(state: ModalityState): Modality;
}

/** Modalities by the name that a column kind, `columns.<name>.modality` and a model's states call them. */
export type ModalityKinds = Readonly<Record<string, ModalityKind>>;

export interface ColumnSample {
  readonly name: string;
  /** Training rows; media decoded as planned, null in all but some hundreds of rows. */
  readonly sample: readonly Values[];
  readonly request: MediaRequest | undefined;
  /** The column's options as the config has them, not yet checked. */
  readonly options: unknown;
}

export interface ModalityState {
  readonly kind: string;
  readonly name: string;
  readonly [key: string]: unknown;
}
