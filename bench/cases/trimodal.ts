/** @file Image, audio and text under one posterior: the model of the digits benchmark. In: sizes. Out: a BenchCase. */
import { sampleNormal } from "../../src/engine/distributions.ts";
import { square } from "../../src/engine/functions.ts";
import { add, constant, expand, input, logSoftmax, mul, noise, reshape, sub, sum } from "../../src/engine/ops.ts";
import { random } from "../../src/engine/random.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import { productOfExperts } from "../../src/models/gaussian.ts";
import { mvtcae } from "../../src/models/objectives.ts";
import { type BenchCase, bernoulli, gaussianOf, perceptron, uniformArray } from "./case.ts";

export interface TrimodalSizes {
  /** Cells of the input, then units of the encoder's hidden layers. */
  readonly image: readonly number[];
  readonly audio: readonly number[];
  /** Units of the text encoder's hidden layers. */
  readonly text: readonly number[];
  readonly letters: number;
  readonly alphabet: number;
  readonly latent: number;
}

/** MVTCAE with α 5/6 and β 2.5 (Hwang 2021): Bernoulli pixels, normal audio cells of σ 0.75, categorical letters. */
export function trimodal(sizes: TrimodalSizes): BenchCase {
  const { letters, alphabet, latent } = sizes;
  const modalities = [
    { name: "image", widths: sizes.image, scale: 1.306, density: bernoulli },
    { name: "audio", widths: sizes.audio, scale: 1, density: normal },
    {
      name: "text",
      widths: [letters * alphabet, ...sizes.text],
      scale: 7.585,
      density: categorical(letters, alphabet),
    },
  ];
  const inputs = modalities.map(({ name, widths }) => input(name, ["batch", widths[0]!]));
  const posteriors = modalities.map(({ name, widths }, m) =>
    gaussianOf(perceptron([...widths.slice(1), 2 * latent])(inputs[m]!, `encoders/${name}`), latent),
  );
  const everyRow = expand(constant([1]), sum(inputs[0]!, [1]));
  const joint = productOfExperts(
    posteriors,
    modalities.map(() => everyRow),
  );
  const z = sampleNormal(joint.mean, joint.logVariance, noise("posterior", ["batch", latent]));
  const evidence = modalities.map(({ name, widths, scale, density }, m) => {
    const decoder = perceptron([...widths].reverse());
    return [
      name,
      {
        posterior: posteriors[m]!,
        present: everyRow,
        given: everyRow,
        scale,
        logLikelihood: density(decoder(z, `decoders/${name}`), inputs[m]!),
      },
    ];
  });
  return {
    name: "trimodal",
    sizes: { ...sizes },
    loss: mvtcae(5 / 6)({ joint, modalities: Object.fromEntries(evidence) }, { beta: 2.5 }),
    feeds: (batch) => {
      const rng = random(batch, "letters");
      const text = new Float32Array(batch * letters * alphabet);
      for (let i = 0; i < batch * letters; i++) text[i * alphabet + rng.below(alphabet)] = 1;
      return {
        image: uniformArray(batch * sizes.image[0]!, "image"),
        audio: uniformArray(batch * sizes.audio[0]!, "audio"),
        text,
      };
    },
  };
}

function normal(mean: Tensor, x: Tensor): Tensor {
  const deviation = 0.75;
  const perCell = add(mul(square(sub(x, mean)), -0.5 / deviation ** 2), -Math.log(deviation * Math.sqrt(2 * Math.PI)));
  return sum(perCell, [1]);
}

/** x holds the letters one-hot, [batch, letters x alphabet]. */
const categorical =
  (letters: number, alphabet: number) =>
  (logits: Tensor, x: Tensor): Tensor => {
    const shape = ["batch", letters, alphabet] as const;
    return sum(mul(logSoftmax(reshape(logits, shape)), reshape(x, shape)), [1, 2]);
  };
