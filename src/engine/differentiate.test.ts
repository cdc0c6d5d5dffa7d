import { afterAll, expect, test } from "vitest";
import { gradients } from "./differentiate.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { add, concat, input, mul, neg, pad, slice, sum, tanh } from "./ops.ts";
import { printGraph } from "./print.ts";
import type { Tensor } from "./tensor.ts";
import { argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const x = argument(["batch", 6, 4], "x");
const cut = (axis: number, start: number, end: number, factor: number) => (a: Tensor) =>
  pad(mul(tanh(slice(a, axis, start, end)), factor), axis, start, (a.shape[axis] as number) - end);

/** Slices of one tensor, whose gradients come back as pads. */
const cuts: Record<string, readonly ((a: Tensor) => Tensor)[]> = {
  "side by side": [cut(1, 0, 2, 1), cut(1, 2, 3, 2), cut(1, 3, 6, 3)],
  "in any order": [cut(1, 3, 6, 1), cut(1, 0, 2, 2), cut(1, 2, 3, 3)],
  "with a gap": [cut(1, 0, 2, 1), cut(1, 4, 5, 2), cut(1, 5, 6, 3)],
  overlapping: [cut(1, 0, 3, 1), cut(1, 2, 4, 2), cut(1, 3, 5, 3), cut(1, 4, 6, 4)],
  "the same twice": [cut(1, 1, 3, 1), cut(1, 3, 4, 2), cut(1, 1, 3, 3), cut(1, 3, 4, 4)],
  "along two axes": [cut(1, 0, 2, 1), cut(2, 0, 1, 2), cut(1, 2, 4, 3), cut(2, 1, 4, 4)],
  "beside the whole": [cut(1, 0, 2, 1), neg, cut(1, 2, 6, 3)],
};

test.each(Object.entries(cuts))("slices %s have the right gradient", async (_, parts) => {
  const f = (a?: Tensor) => parts.map((part) => part(a!)).reduce(add);
  await checkLowering(runtime, f, [x]);
  checkDerivative(f, [x]);
});

test("the gradient of slices side by side is one concatenation", () => {
  const a = input("a", ["batch", 3]);
  const halves = concat([tanh(slice(a, 1, 1, 3)), slice(a, 1, 0, 1)], 1);
  const [slope] = gradients(sum(mul(halves, input("weight", ["batch", 3]))), [a]);
  expect(printGraph({ slope: slope! })).toMatchInlineSnapshot(`
    "%0 = reshape(1, shape=[1,1]) [1, 1]
    %1 = feed "weight" float32 [batch, 3]
    %2 = mul(%0, %1) [batch, 3]
    %3 = slice(%2, axis=1, start=2, end=3) [batch, 1]
    %4 = slice(%2, axis=1, start=0, end=2) [batch, 2]
    %5 = feed "a" float32 [batch, 3]
    %6 = slice(%5, axis=1, start=1, end=3) [batch, 2]
    %7 = tanh(%6) [batch, 2]
    %8 = mul(%7, %7) [batch, 2]
    %9 = sub(1, %8) [batch, 2]
    %10 = mul(%4, %9) [batch, 2]
    %11 = concat(%3, %10, axis=1) [batch, 3]
    return { slope: %11 }"
  `);
});

test("a tensor that is asked for twice, or is the loss, has its one gradient", () => {
  const a = input("a", []);
  const [first, second, own] = gradients(mul(a, a), [a, input("a", []), mul(a, a)]);
  expect(first).toBe(second);
  expect(printGraph({ first: first!, own: own! })).toMatchInlineSnapshot(`
    "%0 = feed "a" float32 []
    %1 = mul(1, %0) []
    %2 = add(%1, %1) []
    return { first: %2, own: 1 }"
  `);
});
