/** @file A small transformer VAE over tokens. In: sizes. Out: a BenchCase. */
import { learnedPositions, transformerBlock } from "../../src/engine/attention.ts";
import { sampleNormal } from "../../src/engine/distributions.ts";
import { logSumExp, mean } from "../../src/engine/functions.ts";
import { dense, type Layer, sequential } from "../../src/engine/layers.ts";
import { layerNormalisation } from "../../src/engine/normalisation.ts";
import { add, gather, input, linear, mul, noise, parameter, reshape, sub, sum } from "../../src/engine/ops.ts";
import { random } from "../../src/engine/random.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import { divergenceFromStandard } from "../../src/models/gaussian.ts";
import { type BenchCase, gaussianOf } from "./case.ts";

export interface TextTransformerSizes {
  readonly vocabulary: number;
  readonly time: number;
  readonly width: number;
  readonly heads: number;
  /** Units between the layers of a block's feed-forward part. */
  readonly hidden: number;
  /** In the encoder, and again in the decoder. */
  readonly blocks: number;
  readonly latent: number;
}

/**
 * Encoder: tokens and learned positions, blocks, their mean over time, posterior. Decoder: the latent, projected, is added to
 * the tokens one place later (the first is 0) and their positions; causal blocks; logits from the decoder's own token table.
 */
export function textTransformer(sizes: TextTransformerSizes): BenchCase {
  const { vocabulary, time, width, heads, hidden, latent } = sizes;
  const [tokens, previous] = [input("tokens", ["batch", time], "int32"), input("previous", ["batch", time], "int32")];
  const table = (name: string) => parameter(name, [vocabulary, width], { kind: "normal", deviation: 0.02 });
  const blocks = (causal: boolean): Layer =>
    sequential(...Array.from({ length: sizes.blocks }, () => transformerBlock({ heads, hidden, causal })));
  const norm = layerNormalisation();

  const read = learnedPositions(gather(table("encoder/tokens/table"), tokens), "encoder/positions");
  const encoded = norm(blocks(false)(read, "encoder/blocks"), "encoder/norm");
  const heading = dense(2 * latent, { gain: 1 })(mean(encoded, [1]), "encoder/heads");
  const posterior = gaussianOf(heading, latent);
  const z = sampleNormal(posterior.mean, posterior.logVariance, noise("posterior", ["batch", latent]));

  const words = table("decoder/tokens/table");
  const spread = reshape(dense(width, { gain: 1 })(z, "decoder/latent"), ["batch", 1, width]);
  const written = add(learnedPositions(gather(words, previous), "decoder/positions"), spread);
  const decoded = norm(blocks(true)(written, "decoder/blocks"), "decoder/norm");
  return {
    name: "text-transformer",
    sizes: { ...sizes },
    loss: mean(sub(divergenceFromStandard(posterior), categorical(decoded, words, tokens))),
    feeds: (batch) => {
      const rng = random(batch, "tokens");
      const chosen = Int32Array.from({ length: batch * time }, () => 1 + rng.below(vocabulary - 1));
      return { tokens: chosen, previous: chosen.map((_, i) => (i % time === 0 ? 0 : chosen[i - 1]!)) };
    },
  };
}

/**
 * log p(tokens), [batch], under logits = hidden·tableᵀ + bias. The logit of each token is a product with its own row of the
 * table, so that the vocabulary is gone through for the normaliser alone.
 */
function categorical(hidden: Tensor, table: Tensor, tokens: Tensor): Tensor {
  const [vocabulary] = table.shape as [number, number];
  const bias = parameter("decoder/bias", [vocabulary], { kind: "constant", value: 0 });
  const logits = add(linear(hidden, table, true), bias);
  const own = add(
    sum(mul(hidden, gather(table, tokens)), [-1]),
    reshape(gather(reshape(bias, [vocabulary, 1]), tokens), tokens.shape),
  );
  return sum(sub(own, logSumExp(logits, [-1])), [1]);
}
