/**
 * @file What one evaluation looks at, prepared once: the rows, their labels, their posteriors. In: a model and encoded data.
 * Out: a Study, which every metric reads.
 */

import type { Split } from "../data/records.ts";
import { random, shuffle } from "../engine/random.ts";
import type { Runtime } from "../engine/runtime.ts";
import { selectRows } from "../modalities/batch.ts";
import type { Batch } from "../modalities/modality.ts";
import type { Latents, TrainedModel } from "../models/trained-model.ts";
import { type Labels, readLabels } from "./labels.ts";
import type { Reason } from "./metrics.ts";
import { mostRows, type StudyRows } from "./study-rows.ts";

export interface Study {
  readonly model: TrainedModel;
  readonly encoded: StudyRows;
  readonly runtime: Runtime;
  readonly seed: number;
  readonly split: Split | "all";
  /** Whether the data is what the model was trained on, and whether rows that it learnt from are among those evaluated. */
  readonly isTrainingData: boolean;
  readonly hasSeen: boolean;
  /** Numbers (in `encoded`) of the rows evaluated, and their arrays. */
  readonly rows: readonly number[];
  /** Usable rows of the split in the data, of which `rows` may be a choice. */
  readonly available: number;
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

/** Which rows are judged: those that the model has not seen, unless said otherwise. */
export function rowsJudged(
  { record }: Pick<TrainedModel, "record">,
  { split, fingerprint = record.data.fingerprint }: Pick<StudyOptions, "split" | "fingerprint">,
): Pick<Study, "split" | "isTrainingData"> {
  const isTrainingData = fingerprint === record.data.fingerprint;
  return { isTrainingData, split: split ?? (isTrainingData ? "test" : "all") };
}

/** @throws Error where the split has no row that can be used */
export function openStudy(model: TrainedModel, encoded: StudyRows, options: StudyOptions): Study {
  const { runtime, seed, label } = options;
  const { isTrainingData, split } = rowsJudged(model, options);
  const hasSeen = isTrainingData && (split === "all" || split === "train");
  const usable = usableRows(encoded);
  const inSplit = (wanted: Split | "all") => usable.filter((row) => wanted === "all" || encoded.splits[row] === wanted);
  const own = inSplit(split);
  const rows = seededChoice(own, mostRows, seed);
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
    available: availableIn(encoded, split) ?? own.length,
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

const availableIn = ({ available }: StudyRows, split: Split | "all"): number | undefined =>
  available && (split === "all" ? Object.values(available).reduce((a, b) => a + b, 0) : available[split]);

/** Rows in which at least one modality has a value. */
function usableRows({ batch, keys }: StudyRows): number[] {
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

function describeSplits({ splits }: StudyRows): string {
  const counts = new Map<string, number>();
  for (const split of splits) counts.set(split, (counts.get(split) ?? 0) + 1);
  return [...counts].map(([split, count]) => `${split}: ${count} rows`).join(", ");
}

/** Positions 0.. of the evaluated rows for which the test holds. */
export const positionsWhere = (study: Pick<Study, "rows">, test: (position: number) => boolean): number[] =>
  study.rows.map((_, position) => position).filter(test);
