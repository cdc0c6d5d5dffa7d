/**
 * @file Texts as bags: which tokens occur, not where. In: tokens; one logit for each token of the vocabulary. Out: a modality.
 * log p(x|z) = Σᵥ xᵥ ℓᵥ − log(1 + e^ℓᵥ), x of 0 and 1. What is decoded is no sentence but its likely tokens, likeliest first.
 */
import { minimum } from "../engine/functions.ts";
import { mul, putAdd, softplus, sub, sum } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";
import { sigmoidAt } from "./likelihoods/likelihood.ts";
import { complete, type Modality } from "./modality.ts";
import { isToken, type TextState, textBase } from "./text-tokens.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import { endToken, unknownToken } from "./tokenizer/tokenizer-file.ts";

export function bagOfTokens(state: TextState, tokenizer: Tokenizer): Modality {
  const { name, length } = state;
  const { size } = tokenizer;
  const occurs = (tokens: Tensor): Tensor => minimum(putAdd(tokens, isToken(tokens), size), 1);
  const chosen = (parameters: Float32Array, row: number, random?: Random) =>
    likelyTokens(parameters.subarray(row * size, (row + 1) * size), length, random);
  return {
    ...textBase(state, tokenizer),
    featureShape: [size],
    parameterShape: [size],
    gridAxes: 0,
    features: ({ tokens }) => occurs(tokens!),
    logLikelihood: (parameters, { tokens }) => sum(sub(mul(occurs(tokens!), parameters), softplus(parameters)), [1]),
    typical(parameters, rows) {
      const tokens = new Int32Array(rows * length).fill(endToken);
      for (let row = 0; row < rows; row++) tokens.set(chosen(parameters, row), row * length);
      return complete(rows, { tokens });
    },
    decode: (parameters, rows, random) =>
      Array.from({ length: rows }, (_, row) => ({
        [name]: chosen(parameters, row, random)
          .map((token) => tokenizer.decode([token]))
          .join(" "),
      })),
  };
}

/** Tokens likelier there than not, or drawn, at most `most` and at least the likeliest one. */
function likelyTokens(logits: Float32Array, most: number, random?: Random): number[] {
  const said = Array.from(logits.keys())
    .filter((token) => token !== endToken && token !== unknownToken)
    .sort((a, b) => logits[b]! - logits[a]!);
  const kept = said.filter((token) => (random ? random.uniform() < sigmoidAt(logits[token]!) : logits[token]! > 0));
  return (kept.length > 0 ? kept : said.slice(0, 1)).slice(0, most);
}
