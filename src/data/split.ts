/**
 * @file Which rows train, which validate, which test. In: row keys, group values or a split column. Out: one of three splits,
 * the same for the same key, seed and file, whatever the order of the rows.
 */
import type { SplitFractions } from "./dataset.ts";
import type { Split } from "./records.ts";
import type { Strata } from "./strata.ts";

/** Ten per cent each: the usual halves of what a data set can spare. */
export const defaultFractions: SplitFractions = { validation: 0.1, test: 0.1 };

/** Words of a split column → split, in lower case. */
export const splitWords: Readonly<Record<string, Split>> = {
  train: "train",
  training: "train",
  val: "validation",
  valid: "validation",
  validation: "validation",
  dev: "validation",
  test: "test",
  testing: "test",
};

/** Positions below `test` are test rows, then below `validation` validation rows, the rest train. */
export interface SplitCuts {
  readonly test: number;
  readonly validation: number;
}

/** How one file's rows are divided. */
export interface SplitRule {
  readonly seed: number;
  /** The split column decides; the cuts then divide only the rows that it leaves to training. */
  readonly byColumn: boolean;
  /** Ranks places within the row's class, where every class shall give its share. */
  readonly strata?: Strata;
}

/**
 * The split that the split column names, or else the row's place for the cuts.
 * @param word the split column's cell @param unit what must stay together: row key or group @param stratum the row's class
 */
export function placeOf(rule: SplitRule, word: string | null, unit: string, stratum?: string | null): Split | number {
  const named = rule.byColumn ? (splitWords[word?.trim().toLowerCase() ?? ""] ?? "train") : "train";
  if (named !== "train") return named;
  const place = position(unit, rule.seed);
  return rule.strata ? rule.strata.rank(stratum ?? "", place) : place;
}

/** A key's place in [0, 1), uniform over keys: 53 bits of two mixed 32-bit hashes. */
export function position(key: string, seed: number): number {
  const high = mix(key, 0x9e3779b9 ^ (seed | 0));
  const low = mix(key, 0x85ebca6b + Math.imul(seed | 0, 31));
  return ((high >>> 5) * 67108864 + (low >>> 6)) / 2 ** 53;
}

export function splitAt(place: Split | number, cuts: SplitCuts): Split {
  if (typeof place === "string") return place;
  if (place < cuts.test) return "test";
  return place < cuts.validation ? "validation" : "train";
}

/** Up to this many keys or groups, chance would often leave a split empty, or nothing to train on. */
const fewKeys = 10;

/**
 * Cuts by the fractions, moved where a wanted split would stay empty: then the nearest key (or group) falls into it. Of at most
 * ten keys exactly one tests and one validates. Fewer than three cannot fill three splits and stay where they fall.
 */
export function splitCuts(fractions: SplitFractions, places: Iterable<number>): SplitCuts {
  let test = fractions.test;
  let validation = fractions.test + fractions.validation;
  const { least, pastTest } = leastPlaces(places, test);
  if (least.length < 3) return { test, validation };
  if (least.length <= fewKeys) {
    test = fractions.test > 0 ? justAbove(least[0]!) : 0;
    validation = fractions.validation > 0 ? justAbove(least[fractions.test > 0 ? 1 : 0]!) : test;
    return { test, validation };
  }
  if (test > 0 && least[0]! >= test) test = justAbove(least[0]!);
  const next = least.find((place) => place >= test) ?? pastTest;
  if (fractions.validation > 0 && next >= validation) validation = justAbove(next);
  return { test, validation: Math.max(test, validation) };
}

/** The least places in order, one more than `fewKeys` at most, and the least that is past the test cut. */
function leastPlaces(places: Iterable<number>, test: number): { least: number[]; pastTest: number } {
  const least: number[] = [];
  let pastTest = Infinity;
  for (const place of places) {
    if (place >= test) pastTest = Math.min(pastTest, place);
    if ((least.length > fewKeys && place >= least[fewKeys]!) || least.includes(place)) continue;
    least.push(place);
    least.sort((a, b) => a - b);
    least.length = Math.min(least.length, fewKeys + 1);
  }
  return { least, pastTest };
}

const justAbove = (place: number): number => place + 2 ** -53;

/** FNV-1a over UTF-16 units with an avalanche at the end, so that keys differing in their last digit spread evenly. */
function mix(key: string, seed: number): number {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
