/**
 * @file What one evaluation looks at, prepared once: the rows, their labels, their posteriors. In: a model and encoded data.
 * Out: a Study, which every metric reads.
 */

import type { Split } from "../data/records.ts";
import { random, shuffle } from "../engine/random.ts";
import type { Runtime } from "../engine/runtime.ts";
import { selectRows } from "../modalities/batch.ts";
import type { Batch } from "../modalities/modality.ts";
import type { EncodedDataset } from "../modalities/node/encode-dataset.ts";
import type { Latents, TrainedModel } from "../models/trained-model.ts";
import { type Labels, readLabels } from "./labels.ts";
import type { Reason } from "./metrics.ts";

export interface Study {
  readonly model: TrainedModel;
  readonly encoded: EncodedDataset;
  readonly runtime: Runtime;
  readonly seed: number;
  readonly split: Split | "all";
  /** Whether the data is what the model was trained on, and whether rows that it learnt from are among those evaluated. */
  readonly isTrainingData: boolean;
  readonly hasSeen: boolean;
  /** Numbers (in `encoded`) of the rows evaluated, and their arrays. */
  readonly rows: readonly number[];
  readonly batch: Batch;
  /** Rows of the data that the model was trained on; empty where the data is another. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** Rows on which a judge is tested: never trained on. */
  readonly unseen: readonly number[];
  readonly labels: Labels | Reason;
  /** Class of each evaluated row, -1 where it has none. */
  readonly classes: Int32Array;
  /** q(z | given) of the evaluated rows, worked out once; all modalities unless named. */
  posterior(given?: readonly string[]): Promise<Latents>;
}

export interface StudyOptions {
  readonly runtime: Runtime;
  readonly seed: number;
  /** Rows to judge by. Those that the model has not seen by default: the test rows of its own file, every row of any other. */
  readonly split?: Split | "all" | undefined;
  readonly label?: string | undefined;
  /** sha256 of the encoded data's source; the model's own says whether it was trained on it. Its own by default. */
  readonly fingerprint?: string | undefined;
}

/** Metrics of more rows than this would be no more telling; a seeded choice stands for them. */
export const mostRows = 10_000;

/** @throws Error where the split has no row that can be used */
export function openStudy(model: TrainedModel, encoded: EncodedDataset, options: StudyOptions): Study {
  const { runtime, seed, label, fingerprint = model.record.data.fingerprint } = options;
  const isTrainingData = fingerprint === model.record.data.fingerprint;
  const split = options.split ?? (isTrainingData ? "test" : "all");
  const hasSeen = isTrainingData && (split === "all" || split === "train");
  const usable = usableRows(encoded);
  const inSplit = (wanted: Split | "all") => usable.filter((row) => wanted === "all" || encoded.splits[row] === wanted);
  const rows = seededChoice(inSplit(split), mostRows, seed);
  if (rows.length === 0)
    throw new Error(
      `Cannot evaluate: no usable row belongs to the split "${split}". Name another with --split (${describeSplits(encoded)}).`,
    );
  const labels = readLabels(encoded.cells, label);
  const batch = selectRows(encoded.batch, rows);
  const known = new Map<string, Promise<Latents>>();
  return {
    model,
    encoded,
    runtime,
    seed,
    split,
    isTrainingData,
    hasSeen,
    rows,
    batch,
    train: isTrainingData ? seededChoice(inSplit("train"), mostRows, seed) : [],
    validation: isTrainingData ? inSplit("validation") : [],
    unseen: hasSeen ? inSplit("test") : rows,
    labels,
    classes: Int32Array.from(rows, (row) => ("of" in labels ? labels.of[row]! : -1)),
    posterior(given = model.modalities.map(({ name }) => name)) {
      const key = JSON.stringify(given);
      const found = known.get(key) ?? model.posterior(batch, given);
      known.set(key, found);
      return found;
    },
  };
}

/** Rows in which at least one modality has a value. */
function usableRows({ batch, keys }: EncodedDataset): number[] {
  const masks = Object.values(batch).map(({ present }) => present);
  return keys.map((_, row) => row).filter((row) => masks.some((mask) => mask[row] === 1));
}

/** At most so many, in their order. */
function seededChoice(rows: readonly number[], most: number, seed: number): number[] {
  if (rows.length <= most) return [...rows];
  const order = [...rows];
  shuffle(order, random(seed, "evaluated rows"));
  return order.slice(0, most).sort((a, b) => a - b);
}

function describeSplits({ splits }: EncodedDataset): string {
  const counts = new Map<string, number>();
  for (const split of splits) counts.set(split, (counts.get(split) ?? 0) + 1);
  return [...counts].map(([split, count]) => `${split}: ${count} rows`).join(", ");
}

/** Positions 0.. of the evaluated rows for which the test holds. */
export const positionsWhere = (study: Pick<Study, "rows">, test: (position: number) => boolean): number[] =>
  study.rows.map((_, position) => position).filter(test);
