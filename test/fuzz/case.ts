/** @file What a fuzzer makes: one case from its number and seed. Out: what went wrong, or nothing. */
import type { Random } from "../../src/engine/random.ts";

export interface FuzzFamily {
  readonly name: string;
  /** Share of all cases. */
  readonly share: number;
  /** @param folder empty, removed afterwards @returns what went wrong, undefined where all is well; throwing is going wrong too */
  run(rng: Random, folder: string): Promise<string | undefined>;
}

export const pick = <T>(rng: Random, items: readonly T[]): T => items[rng.below(items.length)]!;
export const chance = (rng: Random, share: number): boolean => rng.uniform() < share;
