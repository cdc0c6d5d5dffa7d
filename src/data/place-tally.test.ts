import fc from "fast-check";
import { expect, test } from "vitest";
import { placeTally } from "./place-tally.ts";
import { splitAt, splitCuts } from "./split.ts";

const share = fc.constantFrom(0, 0.02, 0.1, 0.3);
/** Few distinct places, as groups have; or many, as keys have; all of them past the cuts at times. */
const places = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 25 }).map((n) => n / 26)),
  fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 60 }),
  fc.array(fc.double({ min: 0.35, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 60 }),
);

test("cuts and counts are those of all places", () => {
  fc.assert(
    fc.property(share, share, places, (validation, testShare, given) => {
      const fractions = { validation, test: testShare };
      const tally = placeTally(fractions);
      for (const place of given) tally.add(place);
      const cuts = splitCuts(fractions, given);
      expect(tally.cuts()).toEqual(cuts);
      const counts = { train: 0, validation: 0, test: 0 };
      for (const place of given) counts[splitAt(place, cuts)]++;
      expect(tally.counts(cuts)).toEqual(counts);
    }),
    { numRuns: 2000 },
  );
});
