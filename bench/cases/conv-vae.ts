/** @file A convolutional VAE on colour pictures. In: sizes. Out: a BenchCase. */
import { convolution, transposedConvolution } from "../../src/engine/convolution.ts";
import { sampleNormal } from "../../src/engine/distributions.ts";
import { mean } from "../../src/engine/functions.ts";
import { dense, flatten, type Layer, sequential, unflatten } from "../../src/engine/layers.ts";
import { input, noise, relu, sub } from "../../src/engine/ops.ts";
import { divergenceFromStandard } from "../../src/models/gaussian.ts";
import { type BenchCase, bernoulli, gaussianOf, uniformArray } from "./case.ts";

export interface ConvVaeSizes {
  readonly side: number;
  /** Of the encoder's layers; each halves the side. */
  readonly channels: readonly number[];
  readonly latent: number;
}

const window = { kernel: 4, stride: 2 };
const colours = 3;

/** Windows of 4x4 at stride 2, ReLU; Bernoulli on logits; analytic KL; the decoder mirrors the encoder. */
export function convVae({ side, channels, latent }: ConvVaeSizes): BenchCase {
  const x = input("x", ["batch", side, side, colours]);
  const encoder = sequential(
    ...channels.flatMap((count) => [convolution(count, window), relu]),
    flatten,
    dense(2 * latent, { gain: 1 }),
  );
  const posterior = gaussianOf(encoder(x, "encoder"), latent);
  const z = sampleNormal(posterior.mean, posterior.logVariance, noise("posterior", ["batch", latent]));
  const smallest = side / 2 ** channels.length;
  const deepest = channels.at(-1)!;
  const growth = [colours, ...channels.slice(0, -1)].reverse().flatMap((count, i, all): Layer[] => {
    const to = smallest * 2 ** (i + 1);
    const isOutput = i === all.length - 1;
    const layer = transposedConvolution(count, [to, to], { ...window, gain: isOutput ? 1 : Math.SQRT2 });
    return isOutput ? [layer] : [layer, relu];
  });
  const decoder = sequential(dense(smallest ** 2 * deepest), relu, unflatten([smallest, smallest, deepest]), ...growth);
  return {
    name: "conv-vae",
    sizes: { side, channels, latent },
    loss: mean(sub(divergenceFromStandard(posterior), bernoulli(decoder(z, "decoder"), x))),
    feeds: (batch) => ({ x: uniformArray(batch * side * side * colours, "conv-vae") }),
  };
}
