/**
 * @file Unigram language model over pieces (Kudo 2018, 1804.10959): each token has a probability of its own, and a piece is cut
 * where the product is greatest. In: pieces with their counts, a vocabulary size. Out: tokens with log probabilities; cuts.
 */
import { beginsCharacter, byteSymbols } from "./byte-alphabet.ts";
import { isSpecial } from "./tokenizer-file.ts";

export type Scored = readonly [token: string, logProbability: number];

/** Longest first candidate, in characters. */
const longest = 8;
const fewest = 2;
/** First candidates for each token asked for. */
const surplus = 10;
const kept = 0.75;
const rounds = 2;

/** @param most tokens, the 256 bytes included; fewer where too few strings recur */
export function trainUnigram(pieces: ReadonlyMap<string, number>, most: number): Scored[] {
  const words = [...pieces];
  let tokens = candidates(words, Math.max(0, most - byteSymbols.length));
  for (;;) {
    for (let i = 0; i < rounds; i++) tokens = maximise(tokens, expectedCounts(words, tokens));
    if (tokens.size <= most) break;
    tokens = prune(words, tokens, Math.max(most, Math.floor(tokens.size * kept)));
  }
  return Array.from(tokens).sort(([a, p], [b, q]) => q - p || (a < b ? -1 : 1));
}

type Scores = Map<string, number>;

/** Bytes, and the substrings that cover most text. */
function candidates(words: readonly Scored[], most: number): Scores {
  const counts = new Map<string, number>(byteSymbols.map((symbol) => [symbol, 1]));
  for (const [word, count] of words) {
    for (const symbol of word) counts.set(symbol, counts.get(symbol)! + count);
    const starts = borders(word);
    for (let from = 0; from < starts.length - 1; from++)
      for (let to = from + 1; to < starts.length && to <= from + longest; to++) {
        if (starts[to]! - starts[from]! < 2) continue;
        const part = word.slice(starts[from], starts[to]);
        counts.set(part, (counts.get(part) ?? 0) + count);
      }
  }
  const found = [...counts].filter(([part, count]) => part.length > 1 && count >= fewest && !isSpecial(part));
  found.sort(([a, n], [b, m]) => m * b.length - n * a.length || (a < b ? -1 : 1));
  const chosen = [
    ...byteSymbols.map((symbol) => [symbol, counts.get(symbol)!] as const),
    ...found.slice(0, surplus * most),
  ];
  const total = chosen.reduce((sum, [, count]) => sum + count, 0);
  return new Map(chosen.map(([token, count]) => [token, Math.log(count / total)]));
}

/** Where characters of the text begin, and the end. */
function borders(word: string): number[] {
  const starts: number[] = [];
  for (let i = 0; i < word.length; i++) if (beginsCharacter(word[i]!)) starts.push(i);
  return [...starts, word.length];
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly token: string;
  readonly score: number;
}

/** Every token that stands somewhere in the word, by where it ends. */
function lattice(word: string, tokens: Scores, longestToken: number): Edge[] {
  const edges: Edge[] = [];
  for (let to = 1; to <= word.length; to++)
    for (let from = Math.max(0, to - longestToken); from < to; from++) {
      const token = word.slice(from, to);
      const score = tokens.get(token);
      if (score !== undefined) edges.push({ from, to, token, score });
    }
  return edges;
}

const longestOf = (tokens: Iterable<string>): number => {
  let most = 1;
  for (const token of tokens) most = Math.max(most, token.length);
  return most;
};

/** How often each token is expected in all cuts of the words, by forward and backward sums. */
function expectedCounts(words: readonly Scored[], tokens: Scores): Map<string, number> {
  const counts = new Map<string, number>();
  const length = longestOf(tokens.keys());
  for (const [word, count] of words) {
    const edges = lattice(word, tokens, length);
    const forward = new Float64Array(word.length + 1).fill(Number.NEGATIVE_INFINITY);
    const backward = forward.slice();
    forward[0] = 0;
    backward[word.length] = 0;
    for (const { from, to, score } of edges) forward[to] = logAdd(forward[to]!, forward[from]! + score);
    for (const { from, to, score } of edges.toReversed())
      backward[from] = logAdd(backward[from]!, backward[to]! + score);
    const all = forward[word.length]!;
    for (const { from, to, token, score } of edges) {
      const share = Math.exp(forward[from]! + score + backward[to]! - all);
      if (share > 1e-9) counts.set(token, (counts.get(token) ?? 0) + count * share);
    }
  }
  return counts;
}

function logAdd(a: number, b: number): number {
  const [high, low] = a > b ? [a, b] : [b, a];
  return low === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high));
}

/** Below this expected count a token goes; bytes stay, so that everything can be written. */
const leastExpected = 0.5;
/** What a byte that is hardly used counts. */
const byteCount = 0.01;

/** exp ψ in place of the counts themselves: rare tokens lose most (the variational step, as in SentencePiece). */
function maximise(tokens: Scores, counts: ReadonlyMap<string, number>): Scores {
  const next: Scores = new Map();
  let total = 0;
  for (const token of tokens.keys()) {
    const isByte = token.length === 1;
    const count = Math.max(counts.get(token) ?? 0, isByte ? byteCount : 0);
    if (!isByte && count < leastExpected) continue;
    next.set(token, count);
    total += count;
  }
  const all = digamma(total);
  return new Map(Array.from(next, ([token, count]) => [token, Math.max(digamma(count), smallest) - all]));
}

const smallest = -20;

/** ψ(x), x > 0: stepped up to 6 by the recurrence, then the asymptotic series. */
function digamma(x: number): number {
  let value = 0;
  let at = x;
  for (; at < 6; at++) value -= 1 / at;
  const square = 1 / (at * at);
  return value + Math.log(at) - 0.5 / at - square * (1 / 12 - square * (1 / 120 - square / 252));
}

/** Leaves the tokens whose loss would cost the text most likelihood, and all bytes. */
function prune(words: readonly Scored[], tokens: Scores, most: number): Scores {
  const length = longestOf(tokens.keys());
  const used = new Map<string, number>();
  for (const [word, count] of words)
    for (const token of cut(word, tokens, length)) used.set(token, (used.get(token) ?? 0) + count);
  const long = Array.from(tokens).filter(([token]) => token.length > 1);
  const ranked = long.map(([token, score]) => {
    const others = cut(token, tokens, token.length - 1);
    const instead = others.reduce((sum, part) => sum + tokens.get(part)!, 0);
    return { token, score, loss: (used.get(token) ?? 0) * (score - instead) };
  });
  ranked.sort((a, b) => b.loss - a.loss || (a.token < b.token ? -1 : 1));
  const bytes = byteSymbols.map((symbol): [string, number] => [symbol, tokens.get(symbol)!]);
  const stay = ranked.slice(0, Math.max(0, most - bytes.length));
  return new Map([...bytes, ...stay.map(({ token, score }): [string, number] => [token, score])]);
}

/**
 * Viterbi: the likeliest cut; of equally likely ones that whose last token is longest, and so on to the front.
 * @param longestToken tokens longer than this are not used
 */
export function cut(word: string, tokens: ReadonlyMap<string, number>, longestToken: number): string[] {
  const best = new Float64Array(word.length + 1).fill(Number.NEGATIVE_INFINITY);
  const origin = new Int32Array(word.length + 1);
  best[0] = 0;
  for (let from = 0; from < word.length; from++)
    for (let to = from + 1; to <= word.length && to <= from + longestToken; to++) {
      const score = tokens.get(word.slice(from, to));
      if (score === undefined || score + best[from]! <= best[to]!) continue;
      best[to] = score + best[from]!;
      origin[to] = from;
    }
  const parts: string[] = [];
  for (let to = word.length; to > 0; to = origin[to]!) parts.push(word.slice(origin[to], to));
  return parts.reverse();
}

export function cutEncoder(vocabulary: readonly Scored[]): (piece: string) => number[] {
  const own = vocabulary.map(([token, score], id) => ({ token, score, id })).filter(({ token }) => !isSpecial(token));
  const scores = new Map(own.map(({ token, score }) => [token, score]));
  const idOf = new Map(own.map(({ token, id }) => [token, id]));
  const longestToken = longestOf(scores.keys());
  return (piece) => cut(piece, scores, longestToken).map((token) => idOf.get(token)!);
}
