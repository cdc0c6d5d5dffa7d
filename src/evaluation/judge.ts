/**
 * @file Judges: one small classifier per modality, trained on real training rows and independent of the model, which tell
 * the class of what the model makes. In: real rows with a label. Out: a Judge with its accuracy on real held-out rows.
 */
import { convolution } from "../engine/convolution.ts";
import { dense, flatten, type Layer, sequential } from "../engine/layers.ts";
import { lower } from "../engine/onnx.ts";
import { relu } from "../engine/ops.ts";
import { printGraph } from "../engine/print.ts";
import type { FeedArray, Runtime } from "../engine/runtime.ts";
import type { Tensor } from "../engine/tensor.ts";
import { modalityFeeds, modalityInputs, selectRows } from "../modalities/batch.ts";
import type { Encoded, Modality } from "../modalities/modality.ts";
import { dropout, fitClassifier, greatest, inBatches, randomShift, type Weights } from "./classifier.ts";
import type { Labels } from "./labels.ts";
import type { Reason } from "./metrics.ts";

export interface Judge {
  readonly modality: string;
  /** Share of real rows, neither trained nor stopped on, that it classifies rightly. */
  readonly accuracy: number;
  /** Accuracy on the same rows of always naming their commonest class. */
  readonly chance: number;
  /** Class of every row; what it says of rows without the modality means nothing. */
  classify(encoded: Encoded): Promise<Int32Array>;
  release(): Promise<void>;
}

/** Kept weights of judges, so that the second evaluation starts at once; data/node's ArrayCache is one. */
export interface JudgeCache {
  get(key: string): Promise<{ readonly arrays: Readonly<Record<string, unknown>> } | undefined>;
  put(key: string, entry: { readonly arrays: Weights; readonly metadata: unknown }): Promise<unknown>;
}

export interface JudgeInput {
  readonly modality: Modality;
  readonly encoded: Encoded;
  readonly labels: Labels;
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

export interface JudgeOptions {
  readonly runtime: Runtime;
  readonly seed: number;
  readonly cache?: JudgeCache | undefined;
  /** Names the training data: a judge of other data is never taken. */
  readonly fingerprint: string;
}

/** A judge learns nothing from fewer rows. */
const fewestRows = 20;
/** More rows make it slower and hardly better. */
const mostRows = 20_000;
/** Rows shown in all: many epochs over few rows, few over many. */
const rowsShown = 40_000;
/** Changes when the training changes, so that no old weights are taken; a changed network is known by its graph. */
const version = 5;

export async function trainJudge(data: JudgeInput, options: JudgeOptions): Promise<Judge | Reason> {
  const { modality, encoded, labels } = data;
  const { runtime, seed, cache, fingerprint } = options;
  const usable = (rows: readonly number[]) => rows.filter((row) => encoded.present[row] === 1 && labels.of[row]! >= 0);
  const rows = { ...holdOut(usable(data.train), usable(data.validation)), test: usable(data.test) };
  const clean = network(modality, labels.classes.length, false);
  const graph = printGraph({ logits: clean });
  const key = JSON.stringify([
    "judge",
    version,
    graph,
    fingerprint,
    modality.state,
    labels.column,
    labels.classes,
    seed,
  ]);
  const kept = (await cache?.get(key))?.arrays as Weights | undefined;
  if (!kept && rows.train.length < fewestRows) return { reason: tooFew(modality.name, rows.train.length) };
  if (rows.test.length === 0) return { reason: `no held-out row holds both "${modality.name}" and the label` };

  const weights = kept ?? (await train());
  if (!kept) await cache?.put(key, { arrays: weights, metadata: { modality: modality.name } });
  const executable = await runtime.load(lower({ logits: clean }, { stored: weights }).bytes);
  const classify = async (items: Encoded): Promise<Int32Array> => {
    const classes = new Int32Array(items.rows);
    for (const part of inBatches([...Array(items.rows).keys()], 256)) {
      const { logits } = await executable.run({ batch: part.length, arrays: feedsOf(modality, items, part) });
      classes.set(greatest(logits!, labels.classes.length), part[0]);
    }
    return classes;
  };
  const found = await classify(selectRows({ it: encoded }, rows.test).it!);
  const right = rows.test.filter((row, i) => found[i] === labels.of[row]).length;
  return {
    modality: modality.name,
    accuracy: right / rows.test.length,
    chance: commonestShare(rows.test.map((row) => labels.of[row]!)),
    classify,
    release: () => executable.release(),
  };

  function train(): Promise<Weights> {
    const task = {
      logits: network(modality, labels.classes.length, true),
      clean,
      classes: labels.classes.length,
      feeds: (indices: readonly number[]) => feedsOf(modality, encoded, indices),
      labels: labels.of,
      train: rows.train,
      validation: rows.validation,
    };
    const epochs = Math.max(4, Math.min(22, Math.round(rowsShown / rows.train.length)));
    return fitClassifier(task, runtime, { epochs, patience: 6, batch: 64, rate: 3e-3, seed });
  }
}

function commonestShare(classes: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const one of classes) counts.set(one, (counts.get(one) ?? 0) + 1);
  return Math.max(...counts.values()) / classes.length;
}

const tooFew = (name: string, rows: number): string =>
  rows === 0
    ? `no training row with "${name}" and the label is in this data, and no judge is kept from another evaluation; evaluate the file that the model was trained on`
    : `only ${rows} training rows hold both "${name}" and the label`;

/** Rows to stop by: the validation rows, or a tenth of the training rows where there are too few. */
function holdOut(train: readonly number[], validation: readonly number[]) {
  if (validation.length >= fewestRows) return { train: train.slice(0, mostRows), validation };
  const kept = train.slice(0, mostRows);
  return { train: kept.filter((_, i) => i % 10 !== 9), validation: kept.filter((_, i) => i % 10 === 9) };
}

const feedsOf = (modality: Modality, encoded: Encoded, rows: readonly number[]): Record<string, FeedArray> =>
  modalityFeeds(modality, selectRows({ it: encoded }, rows).it!);

/** [batch, classes]: strided convolutions over grids, dense layers elsewhere; shifts and dropout while it learns. */
function network(modality: Modality, classes: number, learning: boolean): Tensor {
  const name = `judge-${modality.name}`;
  const features = modality.features(modalityInputs(modality));
  const isGrid = modality.gridAxes > 0;
  const drop = (share: number): Layer => (learning ? dropout(share) : (x) => x);
  const body = isGrid ? [...convolutions(modality), flatten, drop(0.3)] : [flatten];
  const layers = sequential(...body, dense(128), relu, drop(0.3), dense(classes, { gain: 0.5 }));
  return layers(learning ? disturbed(features, modality, name) : features, name);
}

/** What does not change the class: a step aside. */
function disturbed(features: Tensor, { gridAxes }: Modality, name: string): Tensor {
  const axes = Array.from({ length: gridAxes }, (_, i) => i + 1);
  const shifts = axes.flatMap((axis) => [randomShift(axis, 1), randomShift(axis, 2)]);
  return shifts.reduce((x, layer) => layer(x, name), features);
}

/** Three halvings of a large grid, two of a small one. */
function convolutions({ featureShape, gridAxes }: Modality): Layer[] {
  const isLarge = Math.min(...featureShape.slice(0, gridAxes)) > 32;
  return [16, 32, ...(isLarge ? [32] : [])].flatMap((channels) => [
    convolution(channels, { kernel: 3, stride: 2 }),
    relu,
  ]);
}
