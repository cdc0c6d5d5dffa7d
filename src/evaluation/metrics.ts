/** @file What an evaluation says: the JSON contract of `polyvae evaluate --json`. In: nothing. Out: types. */
import type { Split } from "../data/records.ts";

/** Stands where a figure cannot: why not. */
export interface Reason {
  readonly reason: string;
}

export const isReason = (value: object): value is Reason => "reason" in value;

export interface Metrics {
  readonly split: Split | "all";
  /** Rows evaluated. */
  readonly rows: number;
  /** Usable rows of the split in the data: `rows` of them, chosen by the seed, stand for all where they are very many. */
  readonly rowsAvailable: number;
  readonly label?: string;
  /** `image→word` → share, decoded from the posterior mean of the source alone. */
  readonly coherence: Readonly<Record<string, number>>;
  /** The same from one posterior sample. */
  readonly coherenceSampled: Readonly<Record<string, number>>;
  readonly jointCoherence?: number;
  /** Modality → accuracy of its judge on real held-out rows. */
  readonly judges: Readonly<Record<string, number>>;
  readonly latentAccuracy?: number;
  /** Nats per row; absent only where it is not finite, as any figure then is. */
  readonly lowerBound?: number;
  readonly reconstruction: Readonly<Record<string, Reconstruction>>;
  readonly imputation: Readonly<Record<string, Imputation>>;
  readonly search: Readonly<Record<string, Retrieval>>;
  readonly training: { readonly cpuSeconds: number; readonly wallSeconds: number; readonly epochs: number };
  /** Figure that is absent → why. */
  readonly notes: Readonly<Record<string, string>>;
  /** Figure → what it is and where it comes from. */
  readonly definitions: Readonly<Record<string, string>>;
}

export interface Reconstruction {
  /** Rows of the split that hold the modality. */
  readonly rows: number;
  /** Mean log p(x|z) per row in nats. */
  readonly logLikelihood: number;
  /** The same per event where items differ in length: `token` → nats. */
  readonly logLikelihoodPer?: Readonly<Record<string, number>>;
  readonly error: number;
  /** Error of the best constant answer, learnt from training rows; absent where there are none. */
  readonly baseline?: number;
  readonly measure: string;
  /** Median spectral convergence in dB of the way from real clips' spectrograms back to sound; of sounds only. */
  readonly inversion?: number;
}

export interface Imputation {
  readonly error: number;
  readonly baseline: number;
  readonly measure: string;
  /** Hidden cells judged. */
  readonly cells: number;
  /** Share of numeric cells inside the middle 90 % of draws. */
  readonly coverage90?: number;
  /** Continuous ranked probability score, in the column's unit. */
  readonly crps?: number;
}

export interface Retrieval {
  readonly queries: number;
  readonly candidates: number;
  readonly precisionAt10?: number;
  readonly recallAt1?: number;
  readonly recallAt10?: number;
  /** Recall of a random order. */
  readonly chanceRecallAt10?: number;
}
