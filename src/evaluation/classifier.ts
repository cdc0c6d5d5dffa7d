/**
 * @file Small classifiers, trained on the spot: the judges of modalities and the probe of the latent space.
 * In: logits as a graph, rows with a class. Out: parameters of the epoch that did best on validation rows.
 */
import { mean } from "../engine/functions.ts";
import type { Layer } from "../engine/layers.ts";
import { concat, greater, input, logSoftmax, mul, neg, noise, reshape, select, slice, sum } from "../engine/ops.ts";
import { planTraining } from "../engine/plan.ts";
import { random, shuffle } from "../engine/random.ts";
import type { FeedArray, Runtime, Trainer } from "../engine/runtime.ts";
import type { Tensor } from "../engine/tensor.ts";

export interface ClassifierTask {
  /** [batch, classes]; may hold noise. */
  readonly logits: Tensor;
  /** The same without noise, by which validation rows are judged. */
  readonly clean: Tensor;
  readonly classes: number;
  /** Rows → inputs of the graph, as fresh copies. */
  feeds(rows: readonly number[]): Readonly<Record<string, FeedArray>>;
  /** Class of each row. */
  readonly labels: Int32Array;
  readonly train: readonly number[];
  readonly validation: readonly number[];
}

export interface ClassifierSettings {
  readonly epochs: number;
  /** Epochs without a better validation loss after which training ends. */
  readonly patience: number;
  readonly batch: number;
  readonly rate: number;
  readonly seed: number;
}

export type Weights = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

const classInput = "class";

/** Cross-entropy by Adam, early stopping on validation rows. */
export async function fitClassifier(
  task: ClassifierTask,
  runtime: Runtime,
  settings: ClassifierSettings,
): Promise<Weights> {
  const target = input(classInput, ["batch", task.classes]);
  const crossEntropy = (logits: Tensor) => neg(mean(sum(mul(target, logSoftmax(logits)), [1])));
  const plan = planTraining(crossEntropy(task.logits), {}, { loss: crossEntropy(task.clean) });
  const trainer = await runtime.train(plan, settings.seed);
  try {
    await runEpochs(task, trainer, settings);
    const weights = Object.entries(await trainer.parameters());
    return Object.fromEntries(weights.map(([name, values]) => [name, new Float32Array(values)]));
  } finally {
    await trainer.release();
  }
}

async function runEpochs(task: ClassifierTask, trainer: Trainer, settings: ClassifierSettings): Promise<void> {
  const { epochs, patience, batch, rate, seed } = settings;
  const order = [...task.train];
  let best = { loss: Number.POSITIVE_INFINITY, epoch: 0 };
  let step = 0;
  await trainer.save("best");
  for (let epoch = 1; epoch <= epochs && epoch - best.epoch <= patience; epoch++) {
    shuffle(order, random(seed, `classifier epoch ${epoch}`));
    for (const rows of inBatches(order, batch)) {
      // Falls along a cosine (Loshchilov 2017): a short, smooth descent.
      const cooled = rate * 0.5 * (1 + Math.cos((Math.PI * (epoch - 1)) / epochs));
      await trainer.step(feedsFor(task, rows), { rate: cooled, clipNorm: 5, seed: seed + step++ });
    }
    const loss = await meanLoss(task, trainer, seed);
    if (loss < best.loss) {
      best = { loss, epoch };
      await trainer.save("best");
    }
  }
  await trainer.restore("best");
}

async function meanLoss(task: ClassifierTask, trainer: Trainer, seed: number): Promise<number> {
  let total = 0;
  for (const rows of inBatches(task.validation, 256)) {
    const { loss } = await trainer.evaluate(feedsFor(task, rows), seed);
    total += (loss![0]! * rows.length) / task.validation.length;
  }
  return total;
}

const feedsFor = (task: ClassifierTask, rows: readonly number[]) => ({
  batch: rows.length,
  arrays: { ...task.feeds(rows), [classInput]: oneHotRows(task, rows) },
});

function oneHotRows({ classes, labels }: ClassifierTask, rows: readonly number[]): Float32Array {
  const result = new Float32Array(rows.length * classes);
  rows.forEach((row, i) => {
    result[i * classes + labels[row]!] = 1;
  });
  return result;
}

export const inBatches = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** Inverted dropout (Srivastava 2014): a share of the values is 0, the others grow so that the mean stays. */
export const dropout =
  (share: number): Layer =>
  (x, name) =>
    mul(mul(x, greater(noise(`${name}/dropout`, x.shape, "uniform"), share)), 1 / (1 - share));

/** Along a grid axis each row stands still or moves by `step` either way, a third each; the border is repeated. */
export const randomShift =
  (axis: number, step: number): Layer =>
  (x, name) => {
    const size = x.shape[axis] as number;
    const edge = (at: number) => Array.from({ length: step }, () => slice(x, axis, at, at + 1));
    const forward = concat([...edge(0), slice(x, axis, 0, size - step)], axis);
    const backward = concat([slice(x, axis, step, size), ...edge(size - 1)], axis);
    const chance = reshape(noise(`${name}/shift-${axis}-${step}`, ["batch"], "uniform"), [
      "batch",
      ...x.shape.slice(1).map(() => 1),
    ]);
    return select(greater(chance, 2 / 3), forward, select(greater(chance, 1 / 3), backward, x));
  };

/** Index of the greatest of each row's `classes` scores. */
export function greatest(scores: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: scores.length / classes }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores[row * classes + c]! > scores[row * classes + best]!) best = c;
    return best;
  });
}
