import fc from "fast-check";
import { expect, test } from "vitest";
import { random } from "../engine/random.ts";
import { shiftGrids } from "./shift.ts";

const shape = [5, 4, 2];

test("a shift of nothing is a copy", () => {
  const bytes = Uint8Array.from({ length: 80 }, (_, i) => i);
  expect(shiftGrids(bytes, 2, { shape, reach: [0, 0] }, random(0))).toEqual(bytes);
});

test("each item moves as a whole, at most by the reach, and repeats its edge", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), fc.integer(), (bytes, seed) => {
      const shifted = shiftGrids(bytes, 1, { shape, reach: [1, 2] }, random(seed));
      const candidates = [-1, 0, 1].flatMap((down) => [-2, -1, 0, 1, 2].map((right) => moved(bytes, down, right)));
      expect(candidates.some((candidate) => candidate.every((byte, i) => byte === shifted[i]))).toBe(true);
    }),
  );
});

test("items of a batch move differently", () => {
  const item = Array.from({ length: 40 }, (_, i) => i);
  const shifted = shiftGrids(Uint8Array.from(Array(20).fill(item).flat()), 20, { shape, reach: [1, 1] }, random(3));
  const distinct = new Set(Array.from({ length: 20 }, (_, row) => shifted.slice(row * 40, row * 40 + 40).join()));
  expect(distinct.size).toBeGreaterThan(4);
});

function moved(bytes: Uint8Array, down: number, right: number): number[] {
  const clamp = (i: number, n: number) => Math.min(Math.max(i, 0), n - 1);
  return Array.from({ length: 40 }, (_, i) => {
    const [y, x, c] = [Math.floor(i / 8), Math.floor(i / 2) % 4, i % 2];
    return bytes[clamp(y - down, 5) * 8 + clamp(x - right, 4) * 2 + c]!;
  });
}
