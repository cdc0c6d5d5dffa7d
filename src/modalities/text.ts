/**
 * @file The text modality: strings of at most so many tokens. In: strings. Out: `tokens` int32 [length], and strings back.
 * A tokeniser fitted on the column says what a token is; token 0 ends a string and fills what is left. log p sums over the string
 * and its end; what stands after the end is no event. Three likelihoods over the same tokens:
 * autoregressive (each token given those before it), positional (each by itself), bag (which occur at all, whatever their order).
 * `eventSize` counts bits: (mean length + end) x log₂ vocabulary, in the measure in which a black-and-white pixel counts 1.
 */
import * as z from "zod";
import type { Values } from "../data/records.ts";
import { ascending, average, quantile } from "./columns/scaling.ts";
import type { Modality, ModalityKind, ModalityState } from "./modality.ts";
import { readOptions, readState } from "./options.ts";
import { bagOfTokens } from "./text-bag.ts";
import { sequenceOfTokens } from "./text-sequence.ts";
import { textDecoders, textOf, textState } from "./text-tokens.ts";
import { openTokenizer, trainTokenizer } from "./tokenizer/tokenizer.ts";
import { type TokenizerKind, tokenizerKinds } from "./tokenizer/tokenizer-file.ts";

const options = z.strictObject({
  /** What a token is: a frequent string of bytes (bpe, unigram), a character or a word. */
  tokenizer: z.enum(tokenizerKinds).optional(),
  /** Greatest number of distinct tokens; what is rarer is spelled, or unknown where tokens are words or characters. */
  vocabulary: z.int().min(1).max(50_000).optional(),
  /** Tokens of a string; what is longer is cut. */
  maxLength: z.int().min(1).max(512).optional(),
  decoder: z.enum(textDecoders).optional(),
  lowerCase: z.boolean().optional(),
  /** Share of the tokens withheld from the autoregressive decoder while training. */
  wordDropout: z.number().min(0).max(0.9).optional(),
});
const defaultVocabulary = 1000;
/** Byte-level tokenisers spell with 256 bytes; the end and the unknown token stand beside them. */
const smallestByteVocabulary = 258;
/** A few long strings must not make every step slow: 99 % fit whole, unless the config says otherwise. */
const fittingShare = 0.99;
const longestByDefault = 64;
const defaultDropout = 0.75;

/** null where the sample holds no string. @throws Error for options that do not go together */
export function fitText(name: string, sample: readonly Values[], given: unknown): Modality | null {
  const chosen = readOptions(options, given, name);
  const texts = sample.map((row) => textOf(row[name])).filter((text) => text !== null);
  if (texts.length === 0) return null;
  const decoder = chosen.decoder ?? (recur(texts) ? "positional" : "autoregressive");
  const kind = chosen.tokenizer ?? (decoder === "bag" ? "word" : "bpe");
  const vocabulary = vocabularyOf(name, kind, chosen.vocabulary);
  const lowerCase = chosen.lowerCase ?? kind === "word";
  const file = trainTokenizer(texts, { kind, vocabulary, lowerCase });
  const tokenizer = openTokenizer(file);
  const lengths = ascending(texts.map((text) => tokenizer.encode(text).length));
  const fitting = Math.max(1, Math.ceil(quantile(lengths, fittingShare)));
  const length = chosen.maxLength ?? Math.min(fitting, longestByDefault);
  const meanLength = average(Array.from(lengths, (own) => Math.min(own, length)));
  const wordDropout = chosen.wordDropout ?? defaultDropout;
  return openText({ kind: "text", name, decoder, tokenizer: file, length, meanLength, wordDropout });
}

/** Each text stands twice on average: names of a closed list, told by the latent alone, where nothing is gained from the tokens before. */
const recur = (texts: readonly string[]): boolean => 2 * new Set(texts).size <= texts.length;

function vocabularyOf(name: string, kind: TokenizerKind, asked = defaultVocabulary): number {
  const isOfBytes = kind === "bpe" || kind === "unigram";
  if (!isOfBytes || asked >= smallestByteVocabulary) return asked;
  throw new Error(
    `Cannot use the options of column "${name}": expected vocabulary to be at least ${smallestByteVocabulary} (every byte is a token of a ${kind} tokeniser), received ${asked}. Raise it, or take tokenizer: character, in the config under columns.${name}.options.`,
  );
}

export function openText(stored: ModalityState): Modality {
  const state = readState(textState, stored, stored.name);
  const tokenizer = openTokenizer(state.tokenizer);
  return state.decoder === "bag" ? bagOfTokens(state, tokenizer) : sequenceOfTokens(state, tokenizer);
}

export const textKind: ModalityKind = {
  fit: ({ name, sample, options: given }) => fitText(name, sample, given),
  open: openText,
};
