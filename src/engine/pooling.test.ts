import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { input } from "./ops.ts";
import { averagePooling, globalAveragePooling, globalMaxPooling, maxPooling } from "./pooling.ts";
import { random } from "./random.ts";
import { ndarray } from "./reference.ts";
import { ShapeError, type Tensor } from "./tensor.ts";
import { type Argument, argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const windows = fc.record({
  size: fc.integer({ min: 1, max: 7 }),
  kernel: fc.integer({ min: 1, max: 4 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  before: fc.integer({ min: 0, max: 3 }),
  after: fc.integer({ min: 0, max: 3 }),
});

test("any pooling is the mean or the maximum over the cells that lie inside, written out", () => {
  let computed = 0;
  fc.assert(
    fc.property(windows, ({ size, kernel, stride, dilation, before, after }) => {
      const count = Math.floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1;
      const rng = random(6, "values");
      // All below zero: padding must not win.
      const values = Array.from({ length: size }, () => -1 - rng.uniform());
      const under = Array.from({ length: Math.max(count, 0) }, (_, p) =>
        Array.from({ length: kernel }, (_, k) => values[p * stride - before + k * dilation]).filter(
          (v) => v !== undefined,
        ),
      );
      const options = { stride, dilation, padding: [[before, after]] as const };
      const x = input("x", ["batch", size, 1]);
      const build = () => ({ mean: averagePooling(kernel, options)(x, ""), max: maxPooling(kernel, options)(x, "") });
      if (count < 1 || under.some((window) => window.length === 0)) {
        expect(build).toThrow(ShapeError);
        return;
      }
      const { mean, max } = evaluate(build(), { x: ndarray([1, size, 1], values) });
      under.forEach((window, p) => {
        expect(mean.data[p]).toBeCloseTo(window.reduce((a, b) => a + b, 0) / window.length, 6);
        expect(max.data[p]).toBe(Math.max(...window));
      });
      computed++;
    }),
    { seed: 4, numRuns: 200, endOnFailure: true },
  );
  expect(computed).toBeGreaterThan(75);
});

const image = argument(["batch", 4, 3, 2], "image");
const low = argument(["batch", 4, 3, 2], "image", (v) => v - 100);
const strip = argument(["batch", 6, 2], "strip");
const equal: Argument = { shape: ["batch", 2, 2, 1], values: [1, 1, 1, 1, 0, 2, 2, 0, -1, -1, -1, -3] };
const layers: Record<string, readonly [(x: Tensor) => Tensor, Argument]> = {
  "average, padded": [(x) => averagePooling(3, { stride: 2, padding: 1 })(x, ""), image],
  "average, one axis": [(x) => averagePooling(2, { dilation: 2, padding: "same", stride: 1 })(x, ""), strip],
  "average of pairs": [(x) => averagePooling([2, 1])(x, ""), image],
  "max, padded": [(x) => maxPooling([3, 2], { stride: [2, 1], padding: 1 })(x, ""), low],
  "max, one axis, one side padded": [(x) => maxPooling(2, { padding: [[1, 0]] })(x, ""), strip],
  "global average": [(x) => globalAveragePooling(x, ""), image],
  "global max": [(x) => globalMaxPooling(x, ""), image],
  "global max, one axis": [(x) => globalMaxPooling(x, ""), strip],
};

test.each(Object.entries(layers))(
  "%s: float32 equals float64, derivatives equal central differences",
  async (_, [f, x]) => {
    await checkLowering(runtime, (a) => f(a!), [x]);
    checkDerivative((a) => f(a!), [x]);
  },
);

test("ties share the gradient, padding has no part in it", async () => {
  await checkLowering(runtime, (a) => globalMaxPooling(a!, ""), [equal]);
  await checkLowering(runtime, (a) => maxPooling(2, { padding: 1 })(a!, ""), [equal]);
});

test("a window outside the grid is refused", () => {
  const x = input("x", ["batch", 4, 4, 1]);
  expect(() => maxPooling(2, { padding: 2 })(x, "")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "maxPooling": expected every window of 2 x 2 to hold a cell of the grid, despite a padding of 2 and 2, 2 and 2, received [batch, 4, 4, 1].]`,
  );
  expect(() => globalMaxPooling(input("flat", ["batch", 4]), "")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "globalMaxPooling": expected [batch, length, channels] or [batch, height, width, channels], received [batch, 4].]`,
  );
});
