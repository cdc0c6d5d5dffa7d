/**
 * @file What happens to a text before the model of a tokeniser sees it: normalised, then cut. In: text. Out: pieces that no token
 * crosses. The patterns stand in the tokeniser's file too; they avoid \s and \w, which differ between engines.
 */
import { toSymbols } from "./byte-alphabet.ts";
import type { TokenizerFile, TokenizerKind } from "./tokenizer-file.ts";

type Normalizer = TokenizerFile["normalizer"];
type PreTokenizer = TokenizerFile["pre_tokenizer"];

const spaces = "\\t-\\r ";
/** A word with the space before it, signs with the space before them, or one space. */
const runs = ` ?[^${spaces}\\p{P}\\p{S}]+| ?[\\p{P}\\p{S}]+|[${spaces}]`;
const letters = "\\p{L}\\p{M}\\p{N}_";
/** Words, inner apostrophes and hyphens with them; any other sign by itself. */
const words = `[${letters}]+(?:['’-][${letters}]+)*|[^${spaces}]`;

const split = (pattern: string, behavior: "Isolated" | "Removed"): PreTokenizer["pretokenizers"][number] => ({
  type: "Split",
  pattern: { Regex: pattern },
  behavior,
  invert: false,
});

export const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false } as const;

const cuts: Readonly<Record<TokenizerKind, PreTokenizer["pretokenizers"]>> = {
  bpe: [split(runs, "Isolated"), byteLevel],
  unigram: [split(runs, "Isolated"), byteLevel],
  word: [split(`[${spaces}]+`, "Removed"), split(words, "Isolated")],
  character: [split("[\\s\\S]", "Isolated")],
};

export const preTokenizerOf = (kind: TokenizerKind): PreTokenizer => ({ type: "Sequence", pretokenizers: cuts[kind] });

export const normalizerOf = (lowerCase: boolean): Normalizer => ({
  type: "Sequence",
  normalizers: [{ type: "NFC" }, ...(lowerCase ? [{ type: "Lowercase" } as const] : [])],
});

/** Letters by themselves, as in Rust: there a final sigma is one like any other. */
const lowerCased = (text: string): string => Array.from(text, (letter) => letter.toLowerCase()).join("");

export const normalise = (text: string, { normalizers }: Normalizer): string =>
  normalizers.reduce(
    (own, { type }) => (type === "NFC" ? own.normalize("NFC") : lowerCased(own)),
    // A lone half of a pair is no character.
    text.replace(/\p{Surrogate}/gu, "\ufffd"),
  );

/** @returns a function from normalised text to its pieces */
export function cutter({ pretokenizers }: PreTokenizer): (text: string) => string[] {
  const steps = pretokenizers.map((step): ((text: string) => string[]) => {
    if (step.type === "ByteLevel") return (text) => [toSymbols(text)];
    const pattern = new RegExp(step.pattern.Regex, "gu");
    return step.behavior === "Removed"
      ? (text) => text.split(pattern).filter((piece) => piece !== "")
      : (text) => isolate(text, pattern);
  });
  return (text) => steps.reduce((pieces, step) => pieces.flatMap(step), text === "" ? [] : [text]);
}

/** Matches, and what stands between them. */
function isolate(text: string, pattern: RegExp): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > from) pieces.push(text.slice(from, match.index));
    pieces.push(match[0]);
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}
