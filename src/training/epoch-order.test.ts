import fc from "fast-check";
import { expect, test } from "vitest";
import { random, shuffle } from "../engine/random.ts";
import { inBatches } from "./batches.ts";
import { type EpochPlan, epochSteps, epochWindows, type RowsLie } from "./epoch-order.ts";

const batchesOf = (lie: RowsLie, trains: (row: number) => boolean, plan: EpochPlan) =>
  [...epochWindows(lie, trains, plan)].flatMap(({ batches }) => batches);

test("rows in memory: one shuffle over all of them, by seed and epoch", () => {
  const rows = Array.from({ length: 100 }, (_, i) => i).filter((i) => i % 3 > 0);
  for (const epoch of [1, 2]) {
    const order = [...rows];
    shuffle(order, random(7, `epoch ${epoch}`));
    const lie = { count: 100, blockRows: 100, windowBlocks: 1 };
    expect(batchesOf(lie, (i) => i % 3 > 0, { size: 8, seed: 7, epoch })).toEqual(inBatches(order, 8));
  }
});

const cases = fc.record({
  count: fc.integer({ min: 0, max: 300 }),
  blockRows: fc.integer({ min: 1, max: 40 }),
  windowBlocks: fc.integer({ min: 1, max: 5 }),
  size: fc.integer({ min: 2, max: 20 }),
  parts: fc.integer({ min: 1, max: 4 }),
  every: fc.integer({ min: 1, max: 4 }),
  pass: fc.integer({ min: 0, max: 3 }),
});

test("the epochs of a pass hold every training row once between them, in batches of which none is short but the last", () => {
  fc.assert(
    fc.property(cases, ({ size, parts, every, pass, ...lie }) => {
      const trains = (row: number) => row % every === 0;
      const seen: number[] = [];
      for (let part = 0; part < parts; part++) {
        const plan = { size, seed: 3, epoch: pass * parts + part + 1, parts };
        const batches = batchesOf(lie, trains, plan);
        expect(batchesOf(lie, trains, plan)).toEqual(batches);
        expect(epochSteps(lie, trains, plan)).toBe(batches.length);
        for (const batch of batches.slice(0, -2)) expect(batch).toHaveLength(size);
        for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(size + 1);
        if (batches.flat().length > 1) for (const batch of batches) expect(batch.length).toBeGreaterThan(1);
        seen.push(...batches.flat());
      }
      const all = Array.from({ length: lie.count }, (_, i) => i).filter(trains);
      expect(seen.sort((a, b) => a - b)).toEqual(all);
    }),
  );
});

test("a batch is drawn from the window's blocks, or is what the window before left over", () => {
  const lie = { count: 1000, blockRows: 10, windowBlocks: 6 };
  const windows = [...epochWindows(lie, () => true, { size: 8, seed: 0, epoch: 1 })];
  expect(windows.map(({ blocks }) => blocks.length)).toEqual([...Array(16).fill(6), 4]);
  for (const [w, { blocks, batches }] of windows.entries()) {
    const near = new Set([...blocks, ...(windows[w - 1]?.blocks ?? [])]);
    for (const row of batches.flat()) expect(near).toContain(Math.floor(row / 10));
  }
  const first = windows[0]!.batches[0]!;
  expect(new Set(first.map((row) => Math.floor(row / 10))).size).toBeGreaterThan(2);
});
