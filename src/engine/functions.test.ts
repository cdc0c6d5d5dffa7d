import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { gradients } from "./differentiate.ts";
import { evaluate } from "./evaluate.ts";
import { digamma, gelu, logGamma, logSigmoid, silu, softsign, topK } from "./functions.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { add, cast, cumulativeSum, input, mul, sum } from "./ops.ts";
import { ndarray } from "./reference.ts";
import type { Tensor } from "./tensor.ts";
import { type Argument, argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const x = argument(["batch", 4], "x");
const extreme: Argument = {
  shape: ["batch", 4],
  values: [-1e4, 1e4, -90, 90, -30, 30, -5, 5, 1e-3, -1e-3, 0.5, 2],
};
const positive: Argument = {
  shape: ["batch", 4],
  values: [1e-3, 0.02, 0.3, 1, 1.4616321449683622, 2, 3.7, 10, 100, 1e3, 1e4, 1e6],
};

test.each(Object.entries({ gelu, silu, softsign, logSigmoid }))("%s", async (_, f) => {
  for (const a of [x, extreme]) {
    await checkLowering(runtime, (b) => f(b!), [a]);
    checkDerivative((b) => f(b!), [a]);
  }
});

const valuesOf = (f: (a: Tensor) => Tensor, at: readonly number[]) =>
  Array.from(evaluate({ y: f(input("a", [at.length])) }, { a: ndarray([at.length], at) }).y.data);

test("activations take their known values", () => {
  const [small, large] = valuesOf(gelu, [-1, 2]);
  // x Φ(x), within the rounding of the stored √2, with Φ(-1) = 0.15865525393145707 and Φ(2) = 0.9772498680518208
  expect(small).toBeCloseTo(-0.15865525393145707, 7);
  expect(large).toBeCloseTo(2 * 0.9772498680518208, 7);
  expect(valuesOf(silu, [0, 2])[1]).toBeCloseTo(2 / (1 + Math.exp(-2)), 12);
  expect(valuesOf(softsign, [-3, 0, 1])).toEqual([-0.75, 0, 0.5]);
});

test("digamma is the derivative of log Γ from 1e-3 to 1e6, and takes its known values", async () => {
  await checkLowering(runtime, (a) => digamma(a!), [positive]);
  // A step small enough beside 1e-3.
  checkDerivative((a) => digamma(a!), [{ shape: [6], values: positive.values.slice(2, 8) }]);
  checkDerivative((a) => digamma(a!), [{ shape: [2], values: [1e-3, 0.02] }], 1, 1e-8);
  const a = input("a", [positive.values.length]);
  const [slope] = gradients(sum(logGamma(a)), [a]);
  const slopes = evaluate({ slope: slope! }, { a: ndarray([positive.values.length], positive.values) }).slope.data;
  valuesOf(digamma, positive.values).forEach((value, i) => {
    expect(Math.abs(value - slopes[i]!) / Math.max(1, Math.abs(value))).toBeLessThan(1e-9);
  });
  // -γ - 2 log 2, -γ, and Abramowitz & Stegun tables 6.1 and 6.3
  const known = [
    [0.5, -1.9635100260214235],
    [1, -0.5772156649015329],
    [2, 0.4227843350984671],
    [10, 2.251752589066721],
    [1e-3, -1000.5755719318103],
    [1e6, 13.815510057964191],
  ] as const;
  for (const [at, value] of known) {
    const error = Math.abs(valuesOf(digamma, [at])[0]! - value) / Math.max(1, Math.abs(value));
    expect(error, `digamma(${at})`).toBeLessThan(1e-8);
  }
});

test("top-k has the values, their places and the gradient of those alone", async () => {
  const f = (a: Tensor) => add(mul(topK(a, 3).values, 2), cast(topK(a, 3).indices));
  await checkLowering(runtime, (a) => f(a!), [x]);
  checkDerivative((a) => f(a!), [x]);
  const one = evaluate(topK(input("a", [4]), 2), { a: ndarray([4], [3, 7, 7, -1]) });
  expect(Array.from(one.values.data)).toEqual([7, 7]);
  expect(Array.from(one.indices.data)).toEqual([1, 2]);
});

/** Few distinct numbers, so that there are ties. */
const rows = fc.integer({ min: 1, max: 4 }).chain((count) =>
  fc.integer({ min: 1, max: 6 }).chain((width) =>
    fc.record({
      width: fc.constant(width),
      values: fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: width, maxLength: width }), {
        minLength: count,
        maxLength: count,
      }),
      k: fc.integer({ min: 1, max: width }),
      exclusive: fc.boolean(),
      reverse: fc.boolean(),
    }),
  ),
);

test("top-k and cumulative sums of any rows are those of a plain loop, in float64 and in ONNX Runtime", async () => {
  await fc.assert(
    fc.asyncProperty(rows, async ({ width, values, k, exclusive, reverse }) => {
      const a = input("a", ["batch", width]);
      const given = { a: ndarray([values.length, width], values.flat()) };
      const result = evaluate({ ...topK(a, k), sums: cumulativeSum(a, 1, { exclusive, reverse }) }, given);
      const order = values.map((row) =>
        row
          .map((_, i) => i)
          .sort((i, j) => row[j]! - row[i]! || i - j)
          .slice(0, k),
      );
      expect(Array.from(result.indices.data)).toEqual(order.flat());
      expect(Array.from(result.values.data)).toEqual(order.flatMap((places, r) => places.map((i) => values[r]![i]!)));
      const sums = values.map((row) =>
        row.map((_, i) => {
          const [from, to] = reverse ? [exclusive ? i + 1 : i, width] : [0, exclusive ? i : i + 1];
          return row.slice(from, to).reduce((total, value) => total + value, 0);
        }),
      );
      expect(Array.from(result.sums.data)).toEqual(sums.flat());
      const argumentA: Argument = { shape: ["batch", width], values: values.flat() };
      const f = (b: Tensor) =>
        add(cumulativeSum(b, 1, { exclusive, reverse }), sum(cast(topK(b, k).indices), [1], true));
      await checkLowering(runtime, (b) => f(b!), [argumentA], values.length);
      await checkLowering(runtime, (b) => topK(b!, k).values, [argumentA], values.length);
    }),
    { seed: 3, numRuns: 60, endOnFailure: true },
  );
});
