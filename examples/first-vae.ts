/**
 * The variational autoencoder of the textbooks, built layer by layer: 10 inputs → dense 128-64-32 → 2 latents → dense
 * 256-128-64 → 10 outputs in [0, 1]; Adam 1e-3, batch 32, 100 epochs. Two things that such listings often forget stand here:
 * the posterior's variance is learnt, and the KL term is in the loss.
 *
 *   npx tsx examples/first-vae.ts            (--epochs 20 for a quick look)
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import {
  add,
  dense,
  divergenceFromStandard,
  input,
  mean,
  mul,
  neg,
  nodeRuntime,
  noise,
  planTraining,
  random,
  relu,
  sampleNormal,
  sequential,
  shuffle,
  softplus,
  sub,
  sum,
  type Trainer,
} from "polyvae";

/** 683 complete rows of ten ratings, each column scaled to [0, 1]. */
function readTable(): number[][] {
  const text = readFileSync(new URL("first-vae/breast-cancer.csv", import.meta.url), "utf8");
  const rows = text
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  const complete = rows.filter((row) => row.every((cell) => cell !== "")).map((row) => row.map(Number));
  const range = complete[0]!
    .map((_, c) => complete.map((row) => row[c]!))
    .map((column) => [Math.min(...column), Math.max(...column)]);
  return complete.map((row) => row.map((value, c) => (value - range[c]![0]!) / (range[c]![1]! - range[c]![0]!)));
}

const latents = 2;

// Encoder: ten numbers → the mean and the log-variance of a Gaussian over the latent plane.
const x = input("x", ["batch", 10]);
const hidden = sequential(dense(128), relu, dense(64), relu, dense(32), relu)(x, "encoder");
const posterior = {
  mean: dense(latents)(hidden, "mean"),
  logVariance: dense(latents, { gain: 0.1 })(hidden, "log-variance"),
};

// One sample of it, by reparameterisation: the noise is an input, so gradients flow through mean and variance.
const z = sampleNormal(posterior.mean, posterior.logVariance, noise("epsilon", ["batch", latents]));

// Decoder: a point of the plane → ten logits; their sigmoids are the outputs in [0, 1].
const logits = sequential(dense(256), relu, dense(128), relu, dense(64), relu, dense(10, { gain: 1 }))(z, "decoder");

// Evidence lower bound = log-likelihood (Bernoulli cross-entropy) − KL(q(z|x) ‖ N(0, I)), in nats for each row.
const logLikelihood = sum(sub(mul(x, logits), softplus(logits)), [1]);
const divergence = divergenceFromStandard(posterior);
const bound = add(logLikelihood, neg(divergence));
const loss = neg(mean(bound));

/** Trains on nine tenths of the rows; the bound before and after is that of the others. */
export async function firstVae({ epochs = 100, log = console.log }): Promise<{ before: number; after: number }> {
  const order = readTable();
  const rng = random(0, "split");
  const indices = order.map((_, i) => i);
  shuffle(indices, rng);
  const held = indices.slice(0, 68).map((i) => order[i]!);
  const rows = indices.slice(68);

  const runtime = nodeRuntime();
  const trainer = await runtime.train(planTraining(loss, { bound, divergence }), 0);
  const before = await heldOut(trainer, held);
  log(`before training: held-out ELBO ${before.bound.toFixed(2)} nats a row (KL ${before.divergence.toFixed(2)})`);

  for (let epoch = 1, step = 0; epoch <= epochs; epoch++) {
    shuffle(rows, random(0, `epoch ${epoch}`));
    for (let start = 0; start + 32 <= rows.length; start += 32) {
      const batch = rows.slice(start, start + 32).flatMap((i) => order[i]!);
      await trainer.step({ batch: 32, arrays: { x: Float32Array.from(batch) } }, { rate: 1e-3, seed: step++ });
    }
    if (epoch % 20 === 0) log(`epoch ${epoch}: held-out ELBO ${(await heldOut(trainer, held)).bound.toFixed(2)}`);
  }

  const after = await heldOut(trainer, held);
  log(`after training: held-out ELBO ${after.bound.toFixed(2)} nats a row (KL ${after.divergence.toFixed(2)})`);
  await runtime.close();
  return { before: before.bound, after: after.bound };
}

async function heldOut(trainer: Trainer, rows: number[][]): Promise<{ bound: number; divergence: number }> {
  const outputs = await trainer.evaluate({ batch: rows.length, arrays: { x: Float32Array.from(rows.flat()) } }, 0);
  const average = (values: Float32Array) => values.reduce((a, b) => a + b, 0) / values.length;
  return { bound: average(outputs.bound!), divergence: average(outputs.divergence!) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values } = parseArgs({ options: { epochs: { type: "string", default: "100" } } });
  await firstVae({ epochs: Number(values.epochs) });
}
