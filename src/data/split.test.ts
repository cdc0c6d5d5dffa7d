import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultFractions, placeOf, position, splitAt, splitTally } from "./split.ts";

const seeds = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const counts = (keys: readonly string[], seed: number, fractions = defaultFractions) => {
  const places = keys.map((key) => position(key, seed));
  const tally = splitTally(fractions);
  for (const place of places) tally.add(place);
  const { cuts, counts: told } = tally.finish();
  const found = { train: 0, validation: 0, test: 0 };
  for (const place of places) found[splitAt(place, cuts)]++;
  expect(told).toEqual(found);
  return found;
};

describe("split by hash", () => {
  it("depends on key and seed alone", () => {
    fc.assert(
      fc.property(fc.string(), seeds, (key, seed) => {
        const place = position(key, seed);
        expect(position(key, seed)).toBe(place);
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThan(1);
      }),
    );
  });

  it("keeps the proportions for keys that differ in their last digits", () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom("", "file.csv:", "id-"), (seed, prefix) => {
        const rows = 4000;
        const found = counts(
          Array.from({ length: rows }, (_, i) => `${prefix}${i}`),
          seed,
        );
        // Five standard deviations of a binomial of a tenth.
        const margin = 5 * Math.sqrt(rows * 0.1 * 0.9);
        expect(Math.abs(found.validation - rows / 10)).toBeLessThan(margin);
        expect(Math.abs(found.test - rows / 10)).toBeLessThan(margin);
      }),
      { numRuns: 30 },
    );
  });

  it("gives other splits for other seeds", () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `r${i}`);
    const cuts = { test: 0.1, validation: 0.2 };
    const splitsOf = (seed: number) => keys.map((key) => splitAt(position(key, seed), cuts));
    const [a, b] = [splitsOf(1), splitsOf(2)];
    const inTest = a.filter((split) => split === "test").length;
    const inBoth = a.filter((split, i) => split === "test" && b[i] === "test").length;
    expect(inBoth).toBeLessThan(inTest / 3);
  });

  it("leaves no wanted split empty from three keys on", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 3, maxLength: 40 }), seeds, (keys, seed) => {
        const found = counts(keys, seed);
        expect(Math.min(found.train, found.validation, found.test)).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  it("gives one of six groups to each of validation and test", () => {
    const places = Array.from({ length: 6 }, (_, i) => position(`group:speaker${i}`, 3));
    const tally = splitTally(defaultFractions);
    for (const place of [...places, ...places, ...places]) tally.add(place);
    const { cuts } = tally.finish();
    expect(places.map((place) => splitAt(place, cuts)).sort()).toEqual([
      "test",
      ...Array<string>(4).fill("train"),
      "validation",
    ]);
  });

  it("makes no split that nobody wants", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 3, maxLength: 40 }), seeds, (keys, seed) => {
        expect(counts(keys, seed, { test: 0, validation: 0.1 }).test).toBe(0);
        expect(counts(keys, seed, { test: 0.1, validation: 0 }).validation).toBe(0);
      }),
    );
  });
});

describe("split by column", () => {
  it("takes the column's word, and the key only among its training rows", () => {
    const rule = { seed: 0, byColumn: true };
    expect(placeOf(rule, "test", "k")).toBe("test");
    expect(placeOf(rule, " Valid ", "k")).toBe("validation");
    expect(placeOf(rule, "dev", "k")).toBe("validation");
    expect(placeOf(rule, "train", "k")).toBe(position("k", 0));
    expect(placeOf(rule, null, "k")).toBe(position("k", 0));
  });
});
