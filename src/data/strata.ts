/**
 * @file Splits that keep each class's share. In: the place of every row in [0, 1) and the class it belongs to. Out: a place in
 * [0, 1) again, the row's rank within its class, so that the same cuts take the same share of every class.
 * Memory stays small however many rows there are: a class keeps its first few thousand places, beyond that a histogram of them.
 */
import { position } from "./split.ts";

export interface Strata {
  /** The share of the class's rows that lie before this place. Classes that were not counted leave it as it is. */
  rank(stratum: string, place: number): number;
}

export interface StrataCount extends Strata {
  add(stratum: string, place: number): void;
  /** Different classes so far. */
  readonly size: number;
}

const bins = 4096;
const keptPlaces = 4096;

interface Stratum {
  count: number;
  /** All places while there are few; null once they are counted in bins. */
  places: number[] | null;
  sorted: boolean;
  counts: Uint32Array | null;
}

export function countStrata(): StrataCount {
  const strata = new Map<string, Stratum>();
  return {
    get size() {
      return strata.size;
    },
    add(name, place) {
      const stratum = strata.get(name) ?? { count: 0, places: [], sorted: false, counts: null };
      strata.set(name, stratum);
      stratum.count++;
      stratum.sorted = false;
      if (stratum.counts) stratum.counts[binOf(place)]!++;
      else if (stratum.places!.push(place) > keptPlaces) intoBins(stratum);
    },
    rank(name, place) {
      const stratum = strata.get(name);
      if (!stratum) return place;
      const before = stratum.counts ? beforeInBins(stratum.counts, place) : beforeInList(stratum, place);
      // A class of three rows cannot give a tenth of them: over many such classes this offset gives a tenth of all.
      return Math.min((before + position(name, 0)) / stratum.count, 1 - 2 ** -53);
    },
  };
}

const binOf = (place: number): number => Math.min(bins - 1, Math.floor(place * bins));

function intoBins(stratum: Stratum): void {
  stratum.counts = new Uint32Array(bins);
  for (const place of stratum.places!) stratum.counts[binOf(place)]!++;
  stratum.places = null;
}

/** Rows of the bins before, and of its own bin those that an even spread would put before it. */
function beforeInBins(counts: Uint32Array, place: number): number {
  const bin = binOf(place);
  let before = 0;
  for (let i = 0; i < bin; i++) before += counts[i]!;
  return before + Math.floor((place * bins - bin) * counts[bin]!);
}

function beforeInList(stratum: Stratum, place: number): number {
  if (!stratum.sorted) stratum.places!.sort((a, b) => a - b);
  stratum.sorted = true;
  let [low, high] = [0, stratum.places!.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stratum.places![middle]! < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
