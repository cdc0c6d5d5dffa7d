/**
 * @file The text modality: strings of a fixed greatest length. In: strings. Out: `tokens` int32 [length], and strings back.
 * Token 0 is the pad, 1 an unknown piece. Characters when 95 % of the strings have at most 32 of them, else words.
 * log p sums over the string and the first pad, which is its end; what stands after the end is no event.
 * `eventSize` counts bits: (mean length + end) x log₂ vocabulary, in the measure in which a black-and-white pixel counts 1.
 */
import * as z from "zod";
import type { Values } from "../data/records.ts";
import { logCategorical } from "../engine/distributions.ts";
import { oneHot } from "../engine/functions.ts";
import { add, cast, constant, equal, gather, mul, pad, parameter, reshape, slice, sub, sum } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";
import { ascending, average, quantile } from "./columns/scaling.ts";
import { argMax, drawIndex, softmaxOf } from "./likelihoods/categorical.ts";
import { complete, type Encoded, type Modality, type ModalityKind, type ModalityState } from "./modality.ts";
import { readOptions, readState } from "./options.ts";
import { joinPieces, type Level, pieces } from "./tokens.ts";

const level = z.enum(["character", "word"]);
const options = z.strictObject({
  level: level.optional(),
  maxLength: z.int().min(1).max(512).optional(),
  /** Greatest number of distinct pieces; rarer ones become unknown. */
  vocabulary: z.int().min(1).max(50_000).default(2000),
  lowerCase: z.boolean().optional(),
});
const textState = z.object({
  kind: z.literal("text"),
  name: z.string(),
  level,
  lowerCase: z.boolean(),
  length: z.int().positive(),
  /** Pieces of tokens 2, 3, …, most frequent first. */
  vocabulary: z.array(z.string()).min(1),
  meanLength: z.number(),
});
type TextState = z.infer<typeof textState>;

const padToken = 0;
const unknownToken = 1;
const firstPiece = 2;

const longestCharacters = 32;
const longestWords = 24;
/** Up to this vocabulary the encoder reads one-hot tokens; beyond, an embedding of `embeddingWidth` numbers per token. */
const oneHotVocabulary = 64;
const embeddingWidth = 32;

const textOf = (value: Values[string] | undefined): string | null =>
  value === null || value === undefined || typeof value === "object" || String(value).trim() === ""
    ? null
    : String(value);

/** null where the sample holds no string. */
export function fitText(name: string, sample: readonly Values[], given: unknown): Modality | null {
  const chosen = readOptions(options, given, name);
  const texts = sample.map((row) => textOf(row[name])).filter((text) => text !== null);
  if (texts.length === 0) return null;
  const unit = chosen.level ?? naturalLevel(texts);
  const lowerCase = chosen.lowerCase ?? unit === "word";
  const parts = texts.map((text) => pieces(text, unit, lowerCase));
  const longest = parts.reduce((most, own) => Math.max(most, own.length), 1);
  const length = chosen.maxLength ?? Math.min(longest, unit === "character" ? longestCharacters : longestWords);
  const vocabulary = frequentPieces(parts, chosen.vocabulary);
  const meanLength = average(parts.map((own) => Math.min(own.length, length)));
  return openText({ kind: "text", name, level: unit, lowerCase, length, vocabulary, meanLength });
}

function naturalLevel(texts: readonly string[]): Level {
  const lengths = ascending(texts.map((text) => pieces(text, "character", false).length));
  return quantile(lengths, 0.95) <= longestCharacters ? "character" : "word";
}

function frequentPieces(parts: readonly (readonly string[])[], most: number): string[] {
  const counts = new Map<string, number>();
  for (const own of parts) for (const piece of own) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return sorted.slice(0, most).map(([piece]) => piece);
}

export function openText(stored: ModalityState): Modality {
  const state = readState(textState, stored, stored.name);
  const { name, length } = state;
  const size = state.vocabulary.length + firstPiece;
  const logitsOf = (parameters: Float32Array, row: number) =>
    parameters.subarray(row * length * size, (row + 1) * length * size);
  const spelled = size <= oneHotVocabulary;
  const tokenOf = new Map(state.vocabulary.map((piece, i) => [piece, i + firstPiece]));
  return {
    name,
    columns: [name],
    state,
    media: {},
    arrays: { tokens: { shape: [length], type: "int32" } },
    featureShape: spelled ? [length * size] : [length, embeddingWidth],
    parameterShape: [length, size],
    gridAxes: spelled ? 0 : 1,
    eventSize: Math.max(1, Math.min(state.meanLength + 1, length) * Math.log2(size)),
    features: ({ tokens }) =>
      spelled ? reshape(oneHot(tokens!, size), ["batch", length * size]) : embed(name, tokens!, size),
    logLikelihood(parameters, { tokens }) {
      const position = logCategorical(oneHot(tokens!, size), parameters);
      return sum(mul(position, eventMask(tokens!, length)), [1]);
    },
    encode: (rows) => encodeTexts(state, tokenOf, rows),
    typical(parameters, rows) {
      const tokens = new Int32Array(rows * length);
      for (let row = 0; row < rows; row++) tokens.set(chooseTokens(size, logitsOf(parameters, row)), row * length);
      return complete(rows, { tokens });
    },
    decode(parameters, rows, random) {
      const text = (row: number) => {
        const chosen = chooseTokens(size, logitsOf(parameters, row), random);
        const parts = chosen.map((token) => state.vocabulary[token - firstPiece]!);
        return joinPieces(parts, state.level);
      };
      return Array.from({ length: rows }, (_, row) => ({ [name]: text(row) }));
    },
  };
}

const embed = (name: string, tokens: Tensor, size: number): Tensor =>
  gather(
    parameter(`${name}/embedding`, [size, embeddingWidth], { kind: "normal", deviation: embeddingWidth ** -0.5 }),
    tokens,
  );

/** 1 at the string's tokens and at the first pad: at the first position, and wherever the token before is no pad. */
function eventMask(tokens: Tensor, length: number): Tensor {
  const isPiece = sub(1, equal(cast(tokens), padToken));
  // [p₀, p₁, …] → [1, p₀, p₁, …] without the last one
  const shifted = slice(pad(isPiece, 1, 1, 0), 1, 0, length);
  return add(shifted, constant(Array.from({ length }, (_, at) => (at === 0 ? 1 : 0))));
}

function encodeTexts(state: TextState, tokenOf: ReadonlyMap<string, number>, rows: readonly Values[]): Encoded {
  const { name, length } = state;
  const tokens = new Int32Array(rows.length * length);
  const present = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    const text = textOf(row[name]);
    if (text === null) return;
    const parts = pieces(text, state.level, state.lowerCase).slice(0, length);
    parts.forEach((piece, at) => {
      tokens[i * length + at] = tokenOf.get(piece) ?? unknownToken;
    });
    present[i] = 1;
  });
  return { rows: rows.length, arrays: { tokens }, present, issues: [] };
}

/** Tokens before the first pad. An unknown piece cannot be written and no string is empty: neither is ever chosen. */
function chooseTokens(size: number, logits: Float32Array, random?: Random): number[] {
  const tokens: number[] = [];
  for (let at = 0; at < logits.length; at += size) {
    const own = logits.slice(at, at + size);
    own[unknownToken] = Number.NEGATIVE_INFINITY;
    if (at === 0) own[padToken] = Number.NEGATIVE_INFINITY;
    const token = random ? drawIndex(softmaxOf(own), random) : argMax(own);
    if (token === padToken) break;
    tokens.push(token);
  }
  return tokens;
}

export const textKind: ModalityKind = {
  fit: ({ name, sample, options: given }) => fitText(name, sample, given),
  open: openText,
};
