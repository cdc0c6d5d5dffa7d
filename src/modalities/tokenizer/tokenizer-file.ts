/**
 * @file The part of Hugging Face's `tokenizer.json` that is written here; the package `tokenizers` and its relatives read it.
 * In: nothing. Out: the schema, its type, and the tokens that every file has.
 */
import * as z from "zod";

export const tokenizerKinds = ["bpe", "unigram", "character", "word"] as const;
export type TokenizerKind = (typeof tokenizerKinds)[number];

/** What ends a string, and stands before its first token. */
export const endToken = 0;
/** A piece that the vocabulary lacks; in a decoder's input, a token that is not told. */
export const unknownToken = 1;
export const specialTokens: readonly string[] = ["<|end|>", "<|unknown|>"];

const split = z.strictObject({
  type: z.literal("Split"),
  pattern: z.strictObject({ Regex: z.string() }),
  behavior: z.enum(["Isolated", "Removed"]),
  invert: z.literal(false),
});
const byteLevel = z.strictObject({
  type: z.literal("ByteLevel"),
  add_prefix_space: z.literal(false),
  trim_offsets: z.literal(false),
  use_regex: z.literal(false),
});
const normalizer = z.strictObject({ type: z.enum(["NFC", "Lowercase"]) });
const decoder = z.union([byteLevel, z.strictObject({ type: z.literal("Fuse") })]);

/** Not a z.record: that would lose a word such as `__proto__`. */
const vocabulary = z.custom<Readonly<Record<string, number>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((id) => Number.isInteger(id) && id >= 0),
  "expected tokens with their numbers",
);
const model = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("BPE"),
    dropout: z.null(),
    unk_token: z.null(),
    continuing_subword_prefix: z.null(),
    end_of_word_suffix: z.null(),
    fuse_unk: z.literal(false),
    byte_fallback: z.literal(false),
    vocab: vocabulary,
    /** "left right", in the order in which they are applied. */
    merges: z.array(z.string()),
  }),
  z.strictObject({
    type: z.literal("Unigram"),
    unk_id: z.int(),
    byte_fallback: z.literal(false),
    /** Token and log probability. */
    vocab: z.array(z.tuple([z.string(), z.number()])),
  }),
  z.strictObject({ type: z.literal("WordLevel"), vocab: vocabulary, unk_token: z.string() }),
]);

export const tokenizerFile = z.strictObject({
  version: z.literal("1.0"),
  truncation: z.null(),
  padding: z.null(),
  added_tokens: z.array(
    z.strictObject({
      id: z.int(),
      content: z.string(),
      single_word: z.literal(false),
      lstrip: z.literal(false),
      rstrip: z.literal(false),
      normalized: z.literal(false),
      special: z.literal(true),
    }),
  ),
  normalizer: z.strictObject({ type: z.literal("Sequence"), normalizers: z.array(normalizer) }),
  pre_tokenizer: z.strictObject({
    type: z.literal("Sequence"),
    pretokenizers: z.array(z.discriminatedUnion("type", [split, byteLevel])),
  }),
  post_processor: z.null(),
  /** Absent where tokens are words. */
  decoder: decoder.nullable(),
  model,
});

export type TokenizerFile = z.infer<typeof tokenizerFile>;
export type TokenizerModel = TokenizerFile["model"];

export const isSpecial = (token: string): boolean => specialTokens.includes(token);
