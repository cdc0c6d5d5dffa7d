import fc from "fast-check";
import { expect, test } from "vitest";
import { usableRows } from "../modalities/encoded-rows.ts";
import type { Batch } from "../modalities/modality.ts";
import { identityNumbers, inBatches, inParts } from "./batches.ts";

test("batches in order: one row, fewer rows than a batch, one row too many", () => {
  expect(inBatches([7], 4)).toEqual([[7]]);
  expect(inBatches([7, 8], 4)).toEqual([[7, 8]]);
  expect(inBatches([1, 2, 3, 4, 5], 2)).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
});

test("a batch in parts: all rows in their order, nearly as many in each, and none alone", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }), (length, count) => {
      const rows = Array.from({ length }, (_, i) => 2 * i);
      const parts = inParts(rows, count);
      expect(parts.flat()).toEqual(rows);
      expect(parts.length).toBe(Math.max(1, Math.min(count, Math.floor(length / 2))));
      const sizes = parts.map((part) => part.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      if (length > 1) expect(Math.min(...sizes)).toBeGreaterThan(1);
    }),
  );
});

const encoded = (arrays: Record<string, Float32Array | Uint8Array>, present: number[]) => ({
  rows: present.length,
  arrays,
  present: Uint8Array.from(present),
  issues: [],
});

test("equal values get equal numbers, whatever arrays they are made of; missing ones are like no other", () => {
  const batch: Batch = {
    picture: encoded({ pixels: Uint8Array.of(1, 2, 3, 4, 1, 2, 1, 2, 1, 2) }, [1, 1, 1, 0, 0]),
    table: encoded({ values: Float32Array.of(1, 1, 1, -1, 1), mask: Uint8Array.of(1, 0, 1, 1, 0) }, [1, 1, 1, 1, 1]),
  };
  const { picture, table } = batch;
  expect(Array.from(identityNumbers(picture!))).toEqual([0, 1, 0, -4, -5]);
  expect(Array.from(identityNumbers(table!))).toEqual([0, 1, 0, 2, 1]);
  expect(Array.from(usableRows({ picture: picture! }))).toEqual([1, 1, 1, 0, 0]);
});
