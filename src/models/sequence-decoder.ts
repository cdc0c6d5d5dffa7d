/**
 * @file The decoder of token sequences: a causal transformer that is told the latent at every place of every block.
 * In: a sequence's sizes, a latent, tokens. Out: logits at every place given the tokens before it, and those of one place alone.
 */
import { transformerBlock } from "../engine/attention.ts";
import { oneHot } from "../engine/functions.ts";
import { dense } from "../engine/layers.ts";
import { layerNormalisation } from "../engine/normalisation.ts";
import {
  add,
  exp,
  gather,
  greater,
  linear,
  log,
  maximum,
  mul,
  noise,
  pad,
  parameter,
  reshape,
  slice,
  sum,
} from "../engine/ops.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { TokenSequence } from "../modalities/modality.ts";
import type { ModelConfig } from "./config.ts";

const heads = 4;
const blocks = 1;

/** Half of the dense layers' width, in whole heads. */
const widthOf = ({ width }: ModelConfig): number => heads * Math.max(2, Math.round(width / 2 / heads));

export interface SequenceDecoder {
  /** Logits [batch, length, size]: at each place given the tokens [batch, length] before it. `withhold`: word dropout. */
  all(latent: Tensor, tokens: Tensor, withhold?: boolean): Tensor;
  /** Logits [batch, size] at the place that `place` int32 [batch] names; tokens from there on are not looked at. */
  one(latent: Tensor, tokens: Tensor, place: Tensor): Tensor;
}

export function sequenceDecoder(sequence: TokenSequence, config: ModelConfig, name: string): SequenceDecoder {
  const { length, size, dropout } = sequence;
  const width = widthOf(config);
  // Read and said through one table (Press & Wolf 2017, 1608.05859): its rows are of length 1, so that logits start of order one.
  const table = parameter(`${name}/tokens`, [size, width], { kind: "normal", deviation: width ** -0.5 });
  const positions = parameter(`${name}/positions`, [length, width], { kind: "normal", deviation: 0.1 });
  const bias = parameter(`${name}/bias`, [size], { kind: "constant", value: 0 });
  const logits = (hidden: Tensor) => add(linear(hidden, table, true), bias);

  const states = (latent: Tensor, tokens: Tensor, withhold: boolean): Tensor => {
    const embedded = mul(gather(table, tokens), Math.sqrt(width));
    const told = withhold && dropout > 0 ? mul(embedded, kept(name, sequence)) : embedded;
    // Before the first token, as for one withheld, stand zeros.
    let hidden = add(slice(pad(told, 1, 1, 0), 1, 0, length), positions);
    for (let block = 0; block < blocks; block++) {
      const own = dense(width, { gain: 1 })(latent, `${name}/latent-${block}`);
      const layer = transformerBlock({ heads, hidden: 2 * width, causal: true });
      hidden = layer(add(hidden, reshape(own, ["batch", 1, width])), `${name}/block-${block}`);
    }
    return layerNormalisation()(hidden, `${name}/norm`);
  };

  return {
    all: (latent, tokens, withhold = false) => logits(states(latent, tokens, withhold)),
    one(latent, tokens, place) {
      const here = reshape(oneHot(place, length), ["batch", length, 1]);
      return logits(sum(mul(states(latent, tokens, false), here), [1]));
    },
  };
}

/**
 * Word dropout (Bowman 2016, 1511.06349), 1 where a token is told. Each row has a share of its own, u^(1/d − 1) with u uniform, d on the
 * average: in some rows hardly a token is told, and the latent alone must say the text; so it is not ignored.
 */
function kept(name: string, { length, dropout }: TokenSequence): Tensor {
  const draw = noise(`${name}/share withheld`, ["batch", 1, 1], "uniform");
  const share = exp(mul(log(maximum(draw, 1e-6)), 1 / dropout - 1));
  return greater(noise(`${name}/withheld`, ["batch", length, 1], "uniform"), share);
}
