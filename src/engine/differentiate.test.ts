import { expect, test } from "vitest";
import { gradients } from "./differentiate.ts";
import { evaluate } from "./evaluate.ts";
import { input, mul, slice, sum } from "./ops.ts";
import { ndarray } from "./reference.ts";
import { type Tensor, topologicalOrder } from "./tensor.ts";

const x = input("x", ["batch", 5]);
const values = { x: ndarray([1, 5], [1, 2, 3, 4, 5]) };
/** The gradient of the product of weight · Σ x[start..end) over the slices, and the operations that make it. */
function gradientOf(...slices: readonly (readonly [start: number, end: number, weight: number])[]) {
  const [slope] = gradients(
    slices.map(([start, end, weight]) => sum(mul(slice(x, 1, start, end), weight))).reduce((a, b) => mul(a, b)),
    [x],
  ) as [Tensor];
  const names = topologicalOrder([slope]).map(({ op }) => op);
  return { slope: Array.from(evaluate({ slope }, values).slope.data), names };
}

test("slices that share a tensor out give back one concatenation, in whatever order they are read", () => {
  const { slope, names } = gradientOf([2, 5, 1], [0, 2, 10]);
  expect(slope).toEqual([120, 120, 30, 30, 30]);
  expect(names).toContain("concat");
  expect(names).not.toContain("pad");
});

test.each([
  ["overlap", [0, 3], [2, 5], [12, 12, 18, 6, 6]],
  ["leave a gap", [0, 2], [3, 5], [9, 9, 0, 3, 3]],
  ["stop short", [0, 2], [2, 4], [7, 7, 3, 3, 0]],
] as const)("slices that %s are added up", (_, first, second, expected) => {
  const { slope, names } = gradientOf([...first, 1], [...second, 1]);
  expect(slope).toEqual(expected);
  expect(names).not.toContain("concat");
});
