import { expect, test } from "vitest";
import { evaluate } from "../engine/evaluate.ts";
import { input } from "../engine/ops.ts";
import { ndarray } from "../engine/reference.ts";
import { infoNce, type View } from "./contrast.ts";

const view = (name: string): View => ({
  name,
  mean: input(`${name}/mean`, ["batch", 2]),
  present: input(`${name}/present`, ["batch"]),
  identity: input(`${name}/identity`, ["batch"]),
});
const loss = infoNce([view("a"), view("b")]);

interface Rows {
  readonly a: number[];
  readonly b: number[];
  readonly present?: number[];
  readonly identity?: number[];
}
const lossOf = ({ a, b, present = [1, 1, 1], identity = [0, 1, 2] }: Rows) =>
  evaluate(
    { loss },
    {
      "a/mean": ndarray([3, 2], a),
      "b/mean": ndarray([3, 2], b),
      "a/present": ndarray([3], [1, 1, 1]),
      "b/present": ndarray([3], present),
      "a/identity": ndarray([3], [0, 1, 2]),
      "b/identity": ndarray([3], identity),
      "contrast/a/b/temperature": ndarray([], [Math.log(1 / 9)]),
    },
  ).loss.data[0]!;

const spread = [1, 0, -1, 1, -1, -1];

test("aligned rows cost nearly nothing, rows that all look alike cost log of their number, swapped rows more", () => {
  expect(lossOf({ a: spread, b: spread })).toBeLessThan(1e-3);
  const alike = [1, 1, 1, 1, 1, 1];
  expect(lossOf({ a: alike, b: alike })).toBeCloseTo(Math.log(3), 6);
  expect(lossOf({ a: spread, b: [-1, 1, 1, 0, -1, -1] })).toBeGreaterThan(2);
});

// From a to b only present partners are candidates; from b to a all three rows of a are.
test("equal values are no negatives, absent ones neither, and a row without its partner asks nothing", () => {
  const alike = [1, 1, 1, 1, 1, 1];
  expect(lossOf({ a: alike, b: alike, identity: [0, 0, 2] })).toBeCloseTo((2 * Math.log(2) + Math.log(3)) / 3, 6);
  expect(lossOf({ a: alike, b: alike, present: [1, 1, 0] })).toBeCloseTo((Math.log(2) + Math.log(3)) / 2, 6);
  expect(lossOf({ a: alike, b: alike, present: [1, 0, 0] })).toBeCloseTo(Math.log(3) / 2, 6);
  expect(lossOf({ a: alike, b: alike, present: [0, 0, 0] })).toBe(0);
});
