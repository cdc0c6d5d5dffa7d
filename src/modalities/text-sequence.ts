/**
 * @file Texts whose order is told. In: tokens; logits of every place. Out: a modality. Places are said one after another
 * (autoregressive: the logits of a place are those given the tokens before it), or each by itself (positional).
 */
import { gather, logSoftmax, mul, parameter, reshape, sum, take } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";
import { argMax, drawIndex, softmaxOf } from "./likelihoods/categorical.ts";
import { complete, type Modality, type TokenSequence } from "./modality.ts";
import { countEvents, isEvent, isToken, type TextState, textBase } from "./text-tokens.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import { endToken, unknownToken } from "./tokenizer/tokenizer-file.ts";

/** Numbers of a token in what the encoder reads. */
const embeddingWidth = 64;
/** A text of fewer tokens, such as one of few words that recur, is no grid: neighbours tell nothing that dense layers miss. */
const shortestGrid = 4;

export function sequenceOfTokens(state: TextState, tokenizer: Tokenizer): Modality {
  const { name, length, decoder, wordDropout } = state;
  const { size } = tokenizer;
  const logitsOf = (parameters: Float32Array, row: number) =>
    parameters.subarray(row * length * size, (row + 1) * length * size);
  const asText = (tokens: Iterable<number>) => ({ [name]: tokenizer.decode(tokens) });
  const sequence: TokenSequence = {
    array: "tokens",
    length,
    size,
    end: endToken,
    unsaid: [unknownToken],
    dropout: wordDropout,
    values: (tokens, rows) =>
      Array.from({ length: rows }, (_, row) => asText(tokens.subarray(row * length, (row + 1) * length))),
  };
  const features = (tokens: Tensor) => mul(embed(name, tokens, size), reshape(isToken(tokens), ["batch", length, 1]));
  const grid = {
    featureShape: [length, embeddingWidth],
    gridAxes: 1,
    extent: ({ tokens }) => isToken(tokens!),
    features: ({ tokens }) => features(tokens!),
  } satisfies Partial<Modality>;
  const flat = {
    featureShape: [length * embeddingWidth],
    gridAxes: 0,
    features: ({ tokens }) => reshape(features(tokens!), ["batch", length * embeddingWidth]),
  } satisfies Partial<Modality>;
  return {
    ...textBase(state, tokenizer),
    ...(length < shortestGrid ? flat : grid),
    parameterShape: [length, size],
    logLikelihood(parameters, { tokens }) {
      const chosen = take(logSoftmax(parameters), reshape(tokens!, ["batch", length, 1]));
      return sum(mul(reshape(chosen, ["batch", length]), isEvent(tokens!)), [1]);
    },
    typical(parameters, rows) {
      const tokens = new Int32Array(rows * length).fill(endToken);
      for (let row = 0; row < rows; row++) tokens.set(chooseTokens(size, logitsOf(parameters, row)), row * length);
      return complete(rows, { tokens });
    },
    decode: (parameters, rows, random) =>
      Array.from({ length: rows }, (_, row) => asText(chooseTokens(size, logitsOf(parameters, row), random))),
    events: { unit: "token", count: (encoded) => countEvents(encoded, length) },
    ...(decoder === "autoregressive" && { sequence }),
  };
}

const embed = (name: string, tokens: Tensor, size: number): Tensor =>
  gather(parameter(`${name}/embedding`, [size, embeddingWidth], { kind: "normal", deviation: 1 }), tokens);

/** Tokens before the end. An unknown piece cannot be written and no string is empty: neither is ever chosen. */
function chooseTokens(size: number, logits: Float32Array, random?: Random): number[] {
  const tokens: number[] = [];
  for (let at = 0; at < logits.length; at += size) {
    const own = logits.slice(at, at + size);
    own[unknownToken] = Number.NEGATIVE_INFINITY;
    if (at === 0) own[endToken] = Number.NEGATIVE_INFINITY;
    const token = random ? drawIndex(softmaxOf(own), random) : argMax(own);
    if (token === endToken) break;
    tokens.push(token);
  }
  return tokens;
}
