/**
 * @file Seeded random streams. In: a seed and a name. Out: numbers that depend on nothing else, so runs replay bit for bit.
 */
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in 0..n-1. */
  below(n: number): number;
}

/** A stream of its own for each (seed, name): adding one consumer never shifts the numbers of another. */
export function random(seed: number, name = ""): Random {
  const generator = xoroshiro128plus(hash(name, seed | 0));
  let spare: number | undefined;
  const uniform = () => (generator.next() >>> 0) / 2 ** 32;
  const normal = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // Box-Muller; 1 - u keeps the logarithm finite.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uniform, normal, below: (n) => Math.floor(uniform() * n) };
}

/** Fisher-Yates, in place. */
export function shuffle(items: Uint32Array | number[], rng: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
}

/** At most so many of the numbers below `count` that pass, in their order: each is as likely as any other (Knuth, algorithm S). */
export function chooseWhere(count: number, passes: (item: number) => boolean, most: number, rng: Random): number[] {
  let left = 0;
  for (let item = 0; item < count; item++) if (passes(item)) left++;
  const takesAll = left <= most;
  const chosen: number[] = [];
  for (let item = 0; item < count && left > 0; item++) {
    if (!passes(item)) continue;
    if (takesAll || rng.uniform() * left < most - chosen.length) chosen.push(item);
    left--;
  }
  return chosen;
}

/** FNV-1a over the name, mixed with the seed: 32 bits. */
function hash(name: string, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
