/** @file A VAE of dense layers on pictures in one row. In: sizes. Out: a BenchCase. */
import { sampleNormal } from "../../src/engine/distributions.ts";
import { mean } from "../../src/engine/functions.ts";
import { input, noise, sub } from "../../src/engine/ops.ts";
import { divergenceFromStandard } from "../../src/models/gaussian.ts";
import { type BenchCase, bernoulli, gaussianOf, perceptron, uniformArray } from "./case.ts";

export interface MlpVaeSizes {
  readonly cells: number;
  readonly hidden: readonly number[];
  readonly latent: number;
}

/** Bernoulli on logits, analytic KL to N(0, I); the decoder mirrors the encoder. */
export function mlpVae({ cells, hidden, latent }: MlpVaeSizes): BenchCase {
  const x = input("x", ["batch", cells]);
  const posterior = gaussianOf(perceptron([...hidden, 2 * latent])(x, "encoder"), latent);
  const z = sampleNormal(posterior.mean, posterior.logVariance, noise("posterior", ["batch", latent]));
  const logits = perceptron([...[...hidden].reverse(), cells])(z, "decoder");
  return {
    name: "mlp-vae",
    sizes: { cells, hidden, latent },
    loss: mean(sub(divergenceFromStandard(posterior), bernoulli(logits, x))),
    feeds: (batch) => ({ x: uniformArray(batch * cells, "mlp-vae") }),
  };
}
