/** @file One small training run, for any runtime. In: a Runtime. Out: the loss of every step. The same graph, data and noise everywhere. */
import {
  add,
  dense,
  divergenceFromStandard,
  input,
  mean,
  mul,
  neg,
  noise,
  planTraining,
  type Runtime,
  random,
  sampleNormal,
  sequential,
  softplus,
  sub,
  sum,
  type Trainer,
  tanh,
} from "polyvae/browser";

const [pixels, latents, rows] = [64, 4, 256];

const x = input("x", ["batch", pixels]);
const hidden = sequential(dense(64), tanh)(x, "encoder");
const posterior = {
  mean: dense(latents)(hidden, "mean"),
  logVariance: dense(latents, { gain: 0.1 })(hidden, "log-variance"),
};
const z = sampleNormal(posterior.mean, posterior.logVariance, noise("epsilon", ["batch", latents]));
const logits = sequential(dense(64), tanh, dense(pixels, { gain: 1 }))(z, "decoder");
const logLikelihood = sum(sub(mul(x, logits), softplus(logits)), [1]);
const bound = add(logLikelihood, neg(divergenceFromStandard(posterior)));

/** Pictures of 8x8 pixels: a row and a column of ink, anywhere. */
function pictures(): Float32Array {
  const rng = random(0, "pictures");
  const values = new Float32Array(rows * pixels);
  for (let picture = 0; picture < rows; picture++) {
    const [row, column] = [rng.below(8), rng.below(8)];
    for (let i = 0; i < 8; i++) {
      values[picture * pixels + row * 8 + i] = 1;
      values[picture * pixels + i * 8 + column] = 1;
    }
  }
  return values;
}

export const trainSmallVae = (runtime: Runtime): Promise<Trainer> => runtime.train(planTraining(neg(mean(bound))), 0);

/** @param repeat copies of the data in one batch: work without end for a single step */
export async function trainSteps(trainer: Trainer, steps: number, repeat = 1): Promise<number[]> {
  const data = pictures();
  const batch = Float32Array.from({ length: repeat * data.length }, (_, i) => data[i % data.length]!);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const feeds = { batch: repeat * rows, arrays: { x: batch.slice() } };
    const { outputs } = await trainer.step(feeds, { rate: 3e-3, seed: step });
    losses.push(outputs.loss![0]!);
  }
  return losses;
}
