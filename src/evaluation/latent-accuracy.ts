/** @file How well a straight cut through the latent space tells the classes. In: a Study. Out: accuracy on evaluated rows. */
import { dense } from "../engine/layers.ts";
import { lower } from "../engine/onnx.ts";
import { input } from "../engine/ops.ts";
import { selectRows } from "../modalities/batch.ts";
import { fitClassifier, greatest } from "./classifier.ts";
import type { Reason } from "./metrics.ts";
import { positionsWhere, type Study } from "./study.ts";

const latentInput = "latent";
const fewestRows = 20;

/**
 * Multinomial logistic regression on standardised posterior means (all modalities given) of training rows;
 * share of evaluated rows classified rightly. Shi 2019, "latent accuracy".
 */
export async function latentAccuracy(study: Study): Promise<number | Reason> {
  const { model, encoded, runtime, seed, labels } = study;
  if ("reason" in labels) return labels;
  const train = study.train.filter((row) => labels.of[row]! >= 0);
  const positions = positionsWhere(study, (i) => study.classes[i]! >= 0);
  if (train.length < fewestRows || positions.length === 0)
    return { reason: `only ${train.length} training and ${positions.length} evaluated rows hold the label` };
  const learnt = await model.posterior(selectRows(encoded.batch, train));
  const scale = standardiser(learnt.mean, model.latent);
  const values = scale(learnt.mean);
  const classes = labels.classes.length;
  const logits = dense(classes, { gain: 0.1 })(input(latentInput, ["batch", model.latent]), "probe");
  const rows = train.map((_, i) => i);
  const weights = await fitClassifier(
    {
      logits,
      clean: logits,
      classes,
      feeds: (chosen) => ({ [latentInput]: pick(values, chosen, model.latent) }),
      labels: Int32Array.from(train, (row) => labels.of[row]!),
      train: rows.filter((i) => i % 10 !== 9),
      validation: rows.filter((i) => i % 10 === 9),
    },
    runtime,
    { epochs: 40, patience: 8, batch: 128, rate: 0.02, seed },
  );
  const probe = await runtime.load(lower({ logits }, { stored: weights }).bytes);
  const tested = pick(scale((await study.posterior()).mean), positions, model.latent);
  const { logits: scores } = await probe.run({ batch: positions.length, arrays: { [latentInput]: tested } });
  await probe.release();
  const found = greatest(scores!, classes);
  return positions.filter((position, i) => found[i] === study.classes[position]).length / positions.length;
}

/** Each dimension to mean 0 and deviation 1, as measured on these rows. */
function standardiser(values: Float32Array, width: number): (values: Float32Array) => Float32Array {
  const rows = values.length / width;
  const mean = new Float64Array(width);
  const square = new Float64Array(width);
  values.forEach((value, i) => {
    mean[i % width]! += value / rows;
    square[i % width]! += value ** 2 / rows;
  });
  const deviation = square.map((s, d) => Math.sqrt(Math.max(s - mean[d]! ** 2, 1e-12)));
  return (all) => all.map((value, i) => (value - mean[i % width]!) / deviation[i % width]!);
}

function pick(values: Float32Array, rows: readonly number[], width: number): Float32Array {
  const result = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    result.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return result;
}
