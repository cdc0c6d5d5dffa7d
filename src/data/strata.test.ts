import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { position, splitAt } from "./split.ts";
import { countStrata } from "./strata.ts";

const cuts = { test: 0.1, validation: 0.2 };

/** Rows of each split by class, for classes of the given sizes. */
function splitsOf(sizes: readonly number[], seed: number) {
  const rows = sizes.flatMap((size, c) =>
    Array.from({ length: size }, (_, i) => ({ name: `class ${c}`, place: position(`${c}/${i}`, seed) })),
  );
  const strata = countStrata();
  for (const { name, place } of rows) strata.add(name, place);
  const found = sizes.map(() => ({ train: 0, validation: 0, test: 0 }));
  for (const { name, place } of rows) found[Number(name.slice(6))]![splitAt(strata.rank(name, place), cuts)]++;
  return found;
}

describe("splits that keep each class's share", () => {
  it("takes the same share of every class, to a row", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }),
        fc.integer(),
        (sizes, seed) => {
          splitsOf(sizes, seed).forEach(({ validation, test }, c) => {
            expect(Math.abs(test - sizes[c]! / 10)).toBeLessThan(1);
            expect(Math.abs(validation - sizes[c]! / 10)).toBeLessThan(1.0001);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it("does so for classes too large to be kept one by one", () => {
    const [large, small] = splitsOf([30_000, 50], 3);
    expect(Math.abs(large!.test - 3000)).toBeLessThan(10);
    expect(Math.abs(large!.validation - 3000)).toBeLessThan(20);
    expect(small!.test).toBe(5);
  });

  it("gives many classes of one or two rows a tenth of all together", () => {
    const found = splitsOf(
      Array.from({ length: 1000 }, () => 1),
      5,
    );
    const tests = found.filter(({ test }) => test === 1).length;
    expect(Math.abs(tests - 100)).toBeLessThan(5 * Math.sqrt(90));
  });

  it("keeps equal places together and leaves unknown classes alone", () => {
    const strata = countStrata();
    for (const place of [0.3, 0.3, 0.7]) strata.add("a", place);
    expect(strata.rank("a", 0.3)).toBe(strata.rank("a", 0.3));
    expect(strata.rank("a", 0.7)).toBeGreaterThan(strata.rank("a", 0.3));
    expect(strata.rank("b", 0.25)).toBe(0.25);
  });
});
