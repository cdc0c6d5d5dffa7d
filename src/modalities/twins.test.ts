import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../engine/random.ts";
import { cellMarks, gridMarks, tokenMarks } from "./marks.ts";
import { twinFinder } from "./twins.ts";

const side = 48;
/** A picture of soft blobs: as many notable places as a photograph has. */
function picture(seed: number, change: (value: number) => number = (value) => value): Uint8Array {
  const rng = random(seed, "picture");
  const blobs = Array.from(
    { length: 30 },
    () => [rng.uniform() * side, rng.uniform() * side, rng.normal() * 90] as const,
  );
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / side), i % side];
    const light = blobs.reduce((sum, [v, u, a]) => sum + a * Math.exp(-((y - v) ** 2 + (x - u) ** 2) / 40), 128);
    return Math.max(0, Math.min(255, Math.round(change(light))));
  });
}
const marksOf = (pixels: Uint8Array) => gridMarks(pixels, [side, side, 1]);

describe("near-duplicates among held-out rows", () => {
  it("finds a picture again that is brighter, paler or noisy, and no other picture", () => {
    const rng = random(1, "noise");
    const changes = [(v: number) => v + 20, (v: number) => 40 + 0.8 * v, (v: number) => v + 2 * rng.normal()];
    const finder = twinFinder();
    for (let i = 0; i < 60; i++) finder.hold(i, marksOf(picture(i)));
    for (let i = 0; i < 30; i++) finder.meet(1000 + i, marksOf(picture(i, changes[i % changes.length])));
    for (let i = 100; i < 200; i++) finder.meet(2000 + i, marksOf(picture(i)));
    expect(finder.held).toBe(60);
    expect(finder.twins()).toEqual(Array.from({ length: 30 }, (_, i) => ({ row: i, trainingRow: 1000 + i })));
  });

  it("takes plain pictures as twins only where they are equal, blank ones never", () => {
    const stripes = (at: number) =>
      Uint8Array.from({ length: side * side }, (_, i) => (Math.floor(i / side) < at ? 255 : 0));
    const finder = twinFinder();
    finder.hold(1, marksOf(stripes(20)));
    finder.hold(2, marksOf(stripes(30)));
    finder.hold(3, marksOf(new Uint8Array(side * side).fill(7)));
    finder.meet(10, marksOf(stripes(20)));
    finder.meet(11, marksOf(stripes(31)));
    finder.meet(12, marksOf(new Uint8Array(side * side).fill(7)));
    expect(finder.held).toBe(2);
    expect(finder.twins()).toEqual([{ row: 1, trainingRow: 10 }]);
  });

  it("tells table rows by all their cells, and rows of few cells not at all", () => {
    const row = (length: number, last: number) =>
      Float32Array.from({ length }, (_, i) => (i === length - 1 ? last : i));
    const whole = (length: number) => new Uint8Array(length).fill(1);
    const marksOfRow = (length: number, last: number) =>
      cellMarks(row(length, last), whole(length), Array<number>(length).fill(1));
    const finder = twinFinder();
    finder.hold(1, marksOfRow(10, 5));
    finder.hold(2, marksOfRow(10, 6));
    finder.hold(3, marksOfRow(4, 5));
    finder.meet(20, marksOfRow(10, 5));
    finder.meet(21, marksOfRow(4, 5));
    expect(finder.twins()).toEqual([{ row: 1, trainingRow: 20 }]);
    // Of many cells one may differ.
    const wide = twinFinder();
    wide.hold(1, marksOfRow(60, 5));
    wide.meet(2, marksOfRow(60, 6));
    expect(wide.twins()).toHaveLength(1);
  });

  it("finds every set that is nearly the same, whatever its size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 400 }), fc.integer(), (size, seed) => {
        const rng = random(seed, "tokens");
        const tokens = Array.from({ length: size }, () => Math.floor(rng.uniform() * 30_000));
        const finder = twinFinder();
        finder.hold(1, tokenMarks(tokens));
        finder.meet(2, tokenMarks([...tokens, 77]));
        finder.meet(3, tokenMarks(tokens.slice(size / 2)));
        expect(finder.twins()).toEqual([{ row: 1, trainingRow: 2 }]);
      }),
      { numRuns: 200 },
    );
  });
});
