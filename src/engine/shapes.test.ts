import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { softsign } from "./functions.ts";
import { nodeRuntime } from "./node/runtime.ts";
import * as o from "./ops.ts";
import { type Shape, ShapeError, type Tensor } from "./tensor.ts";
import { argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

/** A full shape of at most one batch axis, and for each operand how many leading axes it lacks and which others are 1. */
const operands = fc.integer({ min: 0, max: 4 }).chain((rank) =>
  fc.record({
    full: fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: rank, maxLength: rank })
      .chain((sizes) =>
        fc.integer({ min: 0, max: rank }).map((at): Shape => sizes.map((size, i) => (i === at ? "batch" : size))),
      ),
    batch: fc.integer({ min: 1, max: 3 }),
    cuts: fc.array(
      fc.record({
        missing: fc.integer({ min: 0, max: rank }),
        ones: fc.array(fc.boolean(), { minLength: rank, maxLength: rank }),
      }),
      { minLength: 3, maxLength: 3 },
    ),
  }),
);

test("what broadcasts, in any position, has the right value and gradient", async () => {
  await fc.assert(
    fc.asyncProperty(operands, async ({ full, batch, cuts }) => {
      const args = cuts.map(({ missing, ones }, i) => {
        const shape = full.map((axis, place): Shape[number] => (ones[place] ? 1 : axis)).slice(missing);
        return argument(shape, `operand ${i}`, undefined, batch);
      });
      const f = (a?: Tensor, b?: Tensor, c?: Tensor): Tensor =>
        o.add(
          o.select(o.greater(a!, b!), o.mul(b!, c!), o.div(a!, o.add(o.abs(c!), 0.5))),
          o.maximum(o.sub(c!, a!), softsign(b!)),
        );
      checkDerivative(f, args, batch);
      await checkLowering(runtime, f, args, batch);
    }),
    { seed: 9, numRuns: 100, endOnFailure: true },
  );
});

const reductions: Record<string, (x: Tensor, axis: number) => Tensor> = {
  softmax: (x, axis) => o.softmax(x, axis),
  logSoftmax: (x, axis) => o.logSoftmax(x, axis),
  cumulativeSum: (x, axis) => o.cumulativeSum(x, axis, { exclusive: true }),
  sum: (x, axis) => o.sum(x, [axis]),
  max: (x, axis) => o.max(x, [axis], true),
};

test.each(Object.entries(reductions))("%s along every axis, of 1 and of the batch too", async (_, f) => {
  const places = fc.record({
    shape: fc.constantFrom<Shape>(["batch"], [1], ["batch", 1], [2, "batch", 3], [1, 3, 1, 2], ["batch", 1, 1, 2]),
    axis: fc.integer({ min: -4, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(places, async ({ shape, axis }) => {
      const x = argument(shape, "x", undefined, 2);
      if (axis >= shape.length || axis < -shape.length) {
        expect(() => f(o.input("x", shape), axis)).toThrow(ShapeError);
        return;
      }
      checkDerivative((a) => f(a!, axis), [x], 2);
      await checkLowering(runtime, (a) => f(a!, axis), [x], 2);
    }),
    { seed: 9, numRuns: 30, endOnFailure: true },
  );
});
