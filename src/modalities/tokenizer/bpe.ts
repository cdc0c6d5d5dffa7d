/**
 * @file Byte pair encoding (Sennrich 2016, 1508.07909) over the symbols of bytes. In: pieces with their counts, a vocabulary size.
 * Out: merges in the order learnt; and the tokens of a piece. Of equally frequent pairs the one of older tokens is merged first.
 */
import { byteSymbols } from "./byte-alphabet.ts";
import { isSpecial } from "./tokenizer-file.ts";

/** Pairs seen less often are no part of the language. */
const fewest = 2;

export interface Merges {
  /** All tokens: bytes, then one for each merge. */
  readonly tokens: readonly string[];
  /** "left right". */
  readonly merges: readonly string[];
}

/** @param most tokens, the 256 bytes included; fewer where no pair recurs */
export function trainMerges(pieces: ReadonlyMap<string, number>, most: number): Merges {
  const tokens = [...byteSymbols];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words = Array.from(pieces, ([piece, count]) => ({ ids: Array.from(piece, (c) => idOf.get(c)!), count }));
  const pairs = countPairs(words);
  const queue = heap(Array.from(pairs, ([key, { count }]) => ({ key, count })));
  const merges: string[] = [];
  while (tokens.length < most) {
    const best = queue.pop();
    if (!best || best.count < fewest) break;
    const pair = pairs.get(best.key);
    // What lies in the queue may be out of date; what it should say then lies there as well.
    if (pair?.count !== best.count) continue;
    const [left, right] = [Math.floor(best.key / shift), best.key % shift];
    const merged = tokens[left]! + tokens[right]!;
    pairs.delete(best.key);
    if (isSpecial(merged)) continue;
    const known = idOf.get(merged);
    const id = known ?? tokens.length;
    if (known === undefined) {
      tokens.push(merged);
      idOf.set(merged, id);
    }
    merges.push(`${tokens[left]!} ${tokens[right]!}`);
    const changed = new Set<number>();
    const change = (a: number, b: number, word: number, by: number) => {
      const key = a * shift + b;
      const own = pairs.get(key) ?? { count: 0, words: new Set() };
      own.count += by;
      if (by > 0) own.words.add(word);
      pairs.set(key, own);
      changed.add(key);
    };
    for (const word of pair.words) mergeWord(words[word]!, left, right, id, (a, b, by) => change(a, b, word, by));
    changed.delete(best.key);
    pairs.delete(best.key);
    for (const key of changed) queue.push({ key, count: pairs.get(key)!.count });
  }
  return { tokens, merges };
}

/** A pair as one number: left × shift + right. */
const shift = 2 ** 20;

interface Word {
  ids: number[];
  readonly count: number;
}

interface Pair {
  count: number;
  /** Words that held it once. */
  readonly words: Set<number>;
}

function countPairs(words: readonly Word[]): Map<number, Pair> {
  const pairs = new Map<number, Pair>();
  words.forEach(({ ids, count }, word) => {
    for (let i = 1; i < ids.length; i++) {
      const key = ids[i - 1]! * shift + ids[i]!;
      const own = pairs.get(key) ?? { count: 0, words: new Set() };
      own.count += count;
      own.words.add(word);
      pairs.set(key, own);
    }
  });
  return pairs;
}

/** Merges every occurrence in one word, and tells which pairs came and went. */
function mergeWord(
  word: Word,
  left: number,
  right: number,
  id: number,
  change: (a: number, b: number, by: number) => void,
): void {
  const { ids, count } = word;
  const next: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      next.push(id);
      i++;
    } else next.push(ids[i]!);
  }
  if (next.length === ids.length) return;
  for (let i = 1; i < ids.length; i++) change(ids[i - 1]!, ids[i]!, -count);
  for (let i = 1; i < next.length; i++) change(next[i - 1]!, next[i]!, count);
  word.ids = next;
}

interface Entry {
  readonly key: number;
  readonly count: number;
}

/** Greatest count first, then smallest key. */
function heap(entries: readonly Entry[]) {
  const items = [...entries].sort((a, b) => (before(a, b) ? -1 : 1));
  const swap = (i: number, j: number) => {
    [items[i], items[j]] = [items[j]!, items[i]!];
  };
  return {
    push(entry: Entry) {
      let at = items.push(entry) - 1;
      for (let up = (at - 1) >> 1; at > 0 && before(items[at]!, items[up]!); up = (at - 1) >> 1) {
        swap(at, up);
        at = up;
      }
    },
    pop(): Entry | undefined {
      const top = items[0];
      const last = items.pop();
      if (items.length === 0 || !last) return top;
      items[0] = last;
      for (let at = 0; ; ) {
        const [a, b] = [2 * at + 1, 2 * at + 2];
        const down = b < items.length && before(items[b]!, items[a]!) ? b : a;
        if (down >= items.length || !before(items[down]!, items[at]!)) return top;
        swap(at, down);
        at = down;
      }
    },
  };
}

const before = (a: Entry, b: Entry): boolean => a.count > b.count || (a.count === b.count && a.key < b.key);

/** @returns a function from a piece to its tokens: the earliest merge first, of equal ones the leftmost */
export function mergeEncoder(
  merges: readonly string[],
  idOf: ReadonlyMap<string, number>,
): (piece: string) => number[] {
  const ranks = new Map(merges.map((merge, rank) => [merge, rank]));
  return (piece) => {
    const parts = Array.from(piece);
    for (;;) {
      let best = { rank: Number.POSITIVE_INFINITY, at: -1 };
      for (let i = 1; i < parts.length; i++) {
        const rank = ranks.get(`${parts[i - 1]!} ${parts[i]!}`);
        if (rank !== undefined && rank < best.rank) best = { rank, at: i };
      }
      if (best.at < 0) return parts.map((part) => idOf.get(part)!);
      parts.splice(best.at - 1, 2, parts[best.at - 1]! + parts[best.at]!);
    }
  };
}
