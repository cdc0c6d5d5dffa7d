import { expect, test } from "vitest";
import { splits } from "../data/records.ts";
import { memoryRows } from "../modalities/encoded-rows.ts";
import { chooseStudyRows } from "./study-rows.ts";

const encoded = (count: number) => ({
  rows: memoryRows({
    table: {
      rows: count,
      arrays: { values: new Float32Array(count) },
      present: Uint8Array.from({ length: count }, (_, i) => (i % 11 === 0 ? 0 : 1)),
      issues: [],
    },
  }),
  splits: Uint8Array.from({ length: count }, (_, i) => (i % 10 < 8 ? 0 : i % 10 === 8 ? 1 : 2)),
});
const counts = (rows: readonly number[], codes: Uint8Array) =>
  splits.map((_, code) => rows.filter((row) => codes[row] === code).length);

test("of few rows all are looked at, of many a choice by the seed, in their order", () => {
  const few = encoded(1000);
  expect(chooseStudyRows(few, { split: "test", seed: 0, isTrainingData: true })).toHaveLength(1000);

  const many = encoded(200_000);
  const choose = (choice: Partial<Parameters<typeof chooseStudyRows>[1]>) =>
    chooseStudyRows(many, { split: "test", seed: 0, isTrainingData: true, ...choice });
  const judged = choose({});
  expect(counts(judged, many.splits)).toEqual([10_000, 10_000, 10_000]);
  expect(judged).toEqual([...judged].sort((a, b) => a - b));
  expect(judged.every((row) => many.rows.usable[row] === 1)).toBe(true);
  expect(choose({})).toEqual(judged);
  expect(choose({ seed: 1 })).not.toEqual(judged);
  expect(counts(choose({ isTrainingData: false }), many.splits)).toEqual([0, 0, 10_000]);
  const [train] = counts(choose({ split: "all" }), many.splits);
  expect(train! / 30_000).toBeCloseTo(0.8, 1);
});
