/**
 * @file How millions of rows fall into splits, without keeping their places. In: places one by one. Out: the cuts that `splitCuts` gives
 * for all of them, and how many rows lie in each split. Cuts stand at the fractions or just above one of the least places, so it is
 * enough to count the rows below the fractions and at those places.
 */
import type { SplitFractions } from "./dataset.ts";
import type { Split } from "./records.ts";
import { type SplitCuts, splitCuts } from "./split.ts";

export interface PlaceTally {
  add(place: number): void;
  cuts(): SplitCuts;
  counts(cuts: SplitCuts): Readonly<Record<Split, number>>;
}

/** One more than the keys that `splitCuts` deals out one by one. */
const mostLeast = 11;

export function placeTally(fractions: SplitFractions): PlaceTally {
  const fixed = [fractions.test, fractions.test + fractions.validation] as const;
  const below = [0, 0] as [number, number];
  const least: { readonly place: number; rows: number }[] = [];
  let pastTest = { place: Infinity, rows: 0 };
  let all = 0;

  function addToLeast(place: number): void {
    if (least.length === mostLeast && place > least.at(-1)!.place) return;
    const at = least.findIndex((known) => known.place >= place);
    if (least[at]?.place === place) least[at].rows++;
    else least.splice(at < 0 ? least.length : at, 0, { place, rows: 1 });
    if (least.length > mostLeast) least.pop();
  }

  /** Rows whose place is below the cut: one of the fractions, or just above a place that is known. */
  function countBelow(cut: number): number {
    const which = fixed.indexOf(cut);
    if (which >= 0) return below[which]!;
    if (least.length > 0 && cut <= least.at(-1)!.place + Number.EPSILON)
      return least.reduce((rows, known) => rows + (known.place < cut ? known.rows : 0), 0);
    return below[0] + (pastTest.place < cut ? pastTest.rows : 0);
  }

  return {
    add(place) {
      all++;
      for (const which of [0, 1] as const) if (place < fixed[which]) below[which]++;
      addToLeast(place);
      if (place < fixed[0] || place > pastTest.place) return;
      pastTest = place === pastTest.place ? { place, rows: pastTest.rows + 1 } : { place, rows: 1 };
    },
    cuts: () => {
      const known = least.map(({ place }) => place);
      return splitCuts(fractions, Number.isFinite(pastTest.place) ? [...known, pastTest.place] : known);
    },
    counts(cuts) {
      const test = cuts.test > 0 ? countBelow(cuts.test) : 0;
      const held = cuts.validation > 0 ? Math.max(test, countBelow(cuts.validation)) : 0;
      return { train: all - Math.max(test, held), validation: Math.max(0, held - test), test };
    },
  };
}
