/**
 * @file Tokenisers: strings ↔ numbers of tokens. In: a column's texts, or a `tokenizer.json`. Out: the file as plain JSON, and a
 * Tokenizer that gives the numbers which the package `tokenizers` gives for the same file.
 * One exception: a text that spells a special token out is read as any other text.
 */
import { mergeEncoder, trainMerges } from "./bpe.ts";
import { fromSymbols } from "./byte-alphabet.ts";
import { byteLevel, cutter, normalise, normalizerOf, preTokenizerOf } from "./pieces.ts";
import {
  isSpecial,
  specialTokens,
  type TokenizerFile,
  type TokenizerKind,
  type TokenizerModel,
  unknownToken,
} from "./tokenizer-file.ts";
import { cutEncoder, type Scored, trainUnigram } from "./unigram.ts";
import { joinWords } from "./words.ts";

export interface Tokenizer {
  /** Tokens in all, special ones too. */
  readonly size: number;
  encode(text: string): number[];
  /** Special tokens are left out. */
  decode(tokens: Iterable<number>): string;
}

export interface TrainingOptions {
  readonly kind: TokenizerKind;
  /** Greatest number of tokens, the special ones included. A tokeniser of bytes has at least 258. */
  readonly vocabulary: number;
  readonly lowerCase: boolean;
}

/** Nothing is gained by more text than this, in UTF-16 units. */
const mostText = 8_000_000;

export function trainTokenizer(
  texts: readonly string[],
  { kind, vocabulary, lowerCase }: TrainingOptions,
): TokenizerFile {
  const normalizer = normalizerOf(lowerCase);
  const pre_tokenizer = preTokenizerOf(kind);
  const cutText = cutter(pre_tokenizer);
  const pieces = new Map<string, number>();
  let read = 0;
  for (const text of texts) {
    if ((read += text.length) > mostText) break;
    for (const piece of cutText(normalise(text, normalizer))) pieces.set(piece, (pieces.get(piece) ?? 0) + 1);
  }
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer,
    pre_tokenizer,
    post_processor: null,
    decoder: decoders[kind],
    model: trainers[kind](pieces, vocabulary - specialTokens.length),
  };
}

const decoders: Readonly<Record<TokenizerKind, TokenizerFile["decoder"]>> = {
  bpe: byteLevel,
  unigram: byteLevel,
  word: null,
  character: { type: "Fuse" },
};

const numbered = (tokens: readonly string[]): Record<string, number> =>
  Object.fromEntries([...specialTokens, ...tokens].map((token, id) => [token, id]));

function frequentPieces(pieces: ReadonlyMap<string, number>, most: number): TokenizerModel {
  const sorted = [...pieces].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const tokens = sorted.map(([piece]) => piece).filter((piece) => !isSpecial(piece));
  return { type: "WordLevel", vocab: numbered(tokens.slice(0, most)), unk_token: specialTokens[unknownToken]! };
}

const trainers: Readonly<Record<TokenizerKind, (pieces: ReadonlyMap<string, number>, most: number) => TokenizerModel>> =
  {
    bpe(pieces, most) {
      const { tokens, merges } = trainMerges(pieces, most);
      return {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        vocab: numbered(tokens),
        merges: [...merges],
      };
    },
    unigram(pieces, most) {
      const special = specialTokens.map((token): [string, number] => [token, 0]);
      const tokens = trainUnigram(pieces, most).map(([token, score]): [string, number] => [token, round(score)]);
      return { type: "Unigram", unk_id: unknownToken, byte_fallback: false, vocab: [...special, ...tokens] };
    },
    word: frequentPieces,
    character: frequentPieces,
  };

const round = (score: number): number => Number(score.toFixed(6));

/** Pieces whose tokens are kept: words recur. */
const mostKept = 50_000;

export function openTokenizer({ normalizer, pre_tokenizer, decoder, model }: TokenizerFile): Tokenizer {
  const tokens = tokensOf(model);
  const cutText = cutter(pre_tokenizer);
  const encodePiece = pieceEncoder(model);
  const known = new Map<string, readonly number[]>();
  const ofPiece = (piece: string): readonly number[] => {
    const kept = known.get(piece);
    if (kept) return kept;
    const own = encodePiece(piece);
    if (known.size < mostKept) known.set(piece, own);
    return own;
  };
  return {
    size: tokens.length,
    encode: (text) => cutText(normalise(text, normalizer)).flatMap(ofPiece),
    decode(ids) {
      const parts = Array.from(ids, (id) => tokens[id] ?? "").filter((token) => token !== "" && !isSpecial(token));
      if (decoder === null) return joinWords(parts);
      return decoder.type === "Fuse" ? parts.join("") : fromSymbols(parts.join(""));
    },
  };
}

function tokensOf(model: TokenizerModel): string[] {
  if (model.type === "Unigram") return model.vocab.map(([token]) => token);
  return Object.entries(model.vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);
}

function pieceEncoder(model: TokenizerModel): (piece: string) => number[] {
  if (model.type === "Unigram") return cutEncoder(model.vocab as readonly Scored[]);
  const idOf = new Map(Object.entries(model.vocab).filter(([token]) => !isSpecial(token)));
  return model.type === "BPE" ? mergeEncoder(model.merges, idOf) : (piece) => [idOf.get(piece) ?? unknownToken];
}
