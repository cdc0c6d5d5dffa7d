/**
 * @file The graphs that `bench -- step` times, equal to their peers in torch-step.py. In: nothing. Out: loss, and one batch.
 */
import { sampleNormal } from "../src/engine/distributions.ts";
import { square } from "../src/engine/functions.ts";
import { dense, type Layer, sequential } from "../src/engine/layers.ts";
import {
  add,
  constant,
  expand,
  input,
  logSoftmax,
  mul,
  noise,
  relu,
  reshape,
  slice,
  softplus,
  sub,
  sum,
} from "../src/engine/ops.ts";
import { random } from "../src/engine/random.ts";
import type { FeedArray } from "../src/engine/runtime.ts";
import type { Tensor } from "../src/engine/tensor.ts";
import { type Gaussian, productOfExperts } from "../src/models/gaussian.ts";
import { mvtcae } from "../src/models/objectives.ts";

export interface BenchCase {
  readonly name: string;
  readonly loss: Tensor;
  /** Fresh arrays on every call: a step takes them over. */
  feeds(batch: number): Record<string, FeedArray>;
}

const latent = 32;

/** benchmarks: encoders 784-512-512, 1024-512-512, 135-256, mirrored decoders, MVTCAE with α 5/6 and β 2.5. */
function trimodal(): BenchCase {
  const modalities = [
    { name: "image", size: 784, hidden: [512, 512], scale: 1.306, density: bernoulli },
    { name: "audio", size: 1024, hidden: [512, 512], scale: 1, density: normal },
    { name: "text", size: 135, hidden: [256], scale: 7.585, density: categorical },
  ];
  const inputs = modalities.map(({ name, size }) => input(name, ["batch", size]));
  const posteriors = modalities.map(({ name, hidden }, m): Gaussian => {
    // Mean and log-variance from one layer, as the peer has them.
    const heads = dense(2 * latent, { gain: 1 })(
      perceptron(hidden)(inputs[m]!, `encoder-${name}`),
      `encoder-${name}/heads`,
    );
    return { mean: slice(heads, 1, 0, latent), logVariance: slice(heads, 1, latent, 2 * latent) };
  });
  const everyRow = expand(constant([1]), sum(inputs[0]!, [1]));
  const joint = productOfExperts(
    posteriors,
    modalities.map(() => everyRow),
  );
  const z = sampleNormal(joint.mean, joint.logVariance, noise("posterior", ["batch", latent]));
  const evidence = modalities.map(({ name, size, hidden, scale, density }, m) => {
    const decoder = sequential(perceptron([...hidden].reverse()), dense(size, { gain: 1 }));
    return [
      name,
      {
        posterior: posteriors[m]!,
        present: everyRow,
        given: everyRow,
        scale,
        logLikelihood: density(decoder(z, `decoder-${name}`), inputs[m]!),
      },
    ];
  });
  const loss = mvtcae(5 / 6)({ joint, modalities: Object.fromEntries(evidence) }, { beta: 2.5 });
  return {
    name: "trimodal",
    loss,
    feeds: (batch) => {
      const rng = random(batch, "trimodal");
      const words = new Float32Array(batch * 135);
      for (let i = 0; i < batch * 5; i++) words[i * 27 + rng.below(27)] = 1;
      const uniform = (size: number) => Float32Array.from({ length: batch * size }, rng.uniform);
      return { image: uniform(784), audio: uniform(1024), text: words };
    },
  };
}

const perceptron = (hidden: readonly number[]): Layer => sequential(...hidden.flatMap((units) => [dense(units), relu]));

const bernoulli = (logits: Tensor, x: Tensor): Tensor => sum(sub(mul(x, logits), softplus(logits)), [1]);

function normal(mean: Tensor, x: Tensor): Tensor {
  const deviation = 0.75;
  const perCell = add(mul(square(sub(x, mean)), -0.5 / deviation ** 2), -Math.log(deviation * Math.sqrt(2 * Math.PI)));
  return sum(perCell, [1]);
}

const categorical = (logits: Tensor, x: Tensor): Tensor =>
  sum(mul(logSoftmax(reshape(logits, ["batch", 5, 27])), reshape(x, ["batch", 5, 27])), [1, 2]);

export const benchCases = (): BenchCase[] => [trimodal()];
