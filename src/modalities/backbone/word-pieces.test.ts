import { describe, expect, it } from "vitest";
import { openTokenizer, trainTokenizer } from "../tokenizer/tokenizer.ts";
import { openTextEncoder } from "./tokenizer.ts";
import { openWordPieces } from "./word-pieces.ts";

const words = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "un",
  "##aff",
  "##able",
  "##a",
  "cafe",
  "hello",
  ",",
  "!",
  "深",
  "度",
  "don",
  "'",
  "t",
];
const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
const file = {
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
    ],
  },
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab,
  },
};
const encode = openWordPieces(JSON.stringify(file), "title");
const pieces = (text: string, most = 64) => encode(text, most).map((id) => words[id]);

describe("word pieces", () => {
  it("are the longest that the vocabulary holds, between the marks of the file", () => {
    expect(pieces("unaffable")).toEqual(["[CLS]", "un", "##aff", "##able", "[SEP]"]);
    expect(pieces("Hello, CAFÉ!")).toEqual(["[CLS]", "hello", ",", "cafe", "!", "[SEP]"]);
    expect(pieces("深度")).toEqual(["[CLS]", "深", "度", "[SEP]"]);
    expect(pieces("don't")).toEqual(["[CLS]", "don", "'", "t", "[SEP]"]);
    expect(pieces("unx hello")).toEqual(["[CLS]", "[UNK]", "hello", "[SEP]"]);
    expect(pieces("a".repeat(101))).toEqual(["[CLS]", "[UNK]", "[SEP]"]);
    expect(pieces("")).toEqual(["[CLS]", "[SEP]"]);
  });

  it("end with the mark also where the text is cut", () => {
    expect(pieces("hello hello hello hello", 4)).toEqual(["[CLS]", "hello", "hello", "[SEP]"]);
  });

  it("are refused of another family, naming the column", () => {
    expect(() => openWordPieces("{", "title")).toThrow(/column "title".*it is no JSON/);
    expect(() => openWordPieces(JSON.stringify({ model: { type: "Unigram", vocab: [] } }), "title")).toThrow(
      /WordPiece/,
    );
  });
});

describe("a tokeniser that polyvae wrote", () => {
  it("serves a backbone as well", () => {
    const own = trainTokenizer(["red shoe", "blue shoe"], { kind: "word", vocabulary: 50, lowerCase: false });
    const ids = openTextEncoder(JSON.stringify(own), "title");
    expect(ids("red blue", 9)).toEqual(openTokenizer(own).encode("red blue"));
    expect(ids("red blue red", 2)).toHaveLength(2);
    expect(openTextEncoder(JSON.stringify(file), "title")("hello", 9)).toEqual(encode("hello", 9));
  });
});
