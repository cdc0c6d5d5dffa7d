import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { logSumExp, mean } from "./functions.ts";
import { nodeRuntime } from "./node/runtime.ts";
import * as o from "./ops.ts";
import { type Shape, ShapeError, type Tensor } from "./tensor.ts";
import { argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

/** Every place for an axis of 1, a number and a batch axis. */
const shapes: readonly Shape[] = [
  [],
  [1],
  [1, 1],
  [3],
  ["batch"],
  ["batch", 1],
  ["batch", 3],
  ["batch", 2, 3],
  ["batch", 2, 1],
  [2, "batch"],
  [1, "batch", 3],
  [2, "batch", 1],
  ["batch", "batch"],
  ["batch", "batch", 2],
  ["batch", 1, "batch"],
];

/** One step of a random graph: which operation, on which of the tensors so far, along which axis. */
interface Step {
  readonly operation: number;
  readonly left: number;
  readonly right: number;
  readonly axis: number;
}
type Operation = (a: Tensor, b: Tensor, axis: number) => Tensor;

/** Values stay small, so that float32 and float64 can be held against each other. */
const tame = (x: Tensor): Tensor => o.tanh(x);
const axesFrom = (x: Tensor, axis: number): number[] => x.shape.map((_, i) => i).slice(axis);
const axesTo = (x: Tensor, axis: number): number[] => x.shape.map((_, i) => i).slice(0, axis + 1);
const everyOther = (x: Tensor): number[] => x.shape.map((_, i) => i).filter((i) => i % 2 === 0);

const ranks = o.constant([2, 1, 3]);

const operations: readonly Operation[] = [
  o.add,
  o.sub,
  o.mul,
  (a, b) => o.div(a, o.add(o.softplus(b), 0.5)),
  o.maximum,
  (a, b) => o.mul(o.greater(a, b), a),
  (a, b) => o.select(o.greater(a, 0), a, b),
  (a, b) => o.select(o.greater(b, a), 0.5, b),
  (a) => o.add(a, 0.25),
  (a) => o.mul(0.5, a),
  o.relu,
  o.tanh,
  o.sigmoid,
  o.softplus,
  o.erf,
  (a, _b, axis) => o.softmax(a, axis),
  (a, _b, axis) => o.logSoftmax(a, axis),
  (a, b, axis) =>
    tame(o.cumulativeSum(a, axis, { exclusive: b.shape.length % 2 === 0, reverse: b.shape.length % 3 === 0 })),
  (a) => o.take(a, o.topIndices(a, 1)),
  (a) => o.take(a, o.topIndices(a, 2)),
  // By ranks that do not move: where they change places, there is no slope.
  (a) => o.take(a, o.topIndices(o.expand(ranks, a), 2)),
  (a) => o.putAdd(o.topIndices(o.expand(ranks, a), 3), a, 4),
  (a, b) => o.track(a, o.parameter("running", [], { kind: "constant", value: 0 }), o.sum(b), 0.1),
  o.abs,
  (a, _b, axis) => tame(o.sum(a, axesFrom(a, axis))),
  (a, _b, axis) => tame(o.sum(a, axesTo(a, axis), true)),
  (a) => tame(o.sum(a, everyOther(a))),
  (a, _b, axis) => o.max(a, axesFrom(a, axis), true),
  (a, _b, axis) => o.max(a, axesTo(a, axis)),
  (a, _b, axis) => mean(a, [axis], true),
  (a, _b, axis) => tame(logSumExp(a, axesFrom(a, axis))),
  (a) => tame(o.sumOfSquares(a)),
  (a) => o.transpose(a, a.shape.map((_, i) => i).reverse()),
  (a) => o.reshape(a, [...a.shape, 1]),
  (a) => o.reshape(a, [1, ...a.shape]),
  (a) =>
    o.reshape(
      a,
      a.shape.filter((axis) => axis !== 1),
    ),
  (a, b) => o.expand(a, b),
  (a, b, axis) => o.concat([a, b, a], axis),
  (a, _b, axis) => o.slice(a, axis, 0, 1),
  (a, _b, axis) => o.slice(a, axis, 1, 3),
  (a, _b, axis) => o.pad(a, axis, 1, 2),
  (a, b) => tame(o.matmul(a, b)),
  (a) =>
    tame(
      o.matmul(a, o.transpose(a, [...a.shape.map((_, i) => i).slice(0, -2), a.shape.length - 1, a.shape.length - 2])),
    ),
  (a, b) => tame(o.linear(a, b)),
  (a, b) => o.add(o.linear(a, b, true), o.constant([0.5, -1, 2])),
  (a, b) => tame(o.outer(a, b)),
  (a, b) => tame(o.product(a, b, false, true)),
  (a, b) => tame(o.product(a, b, true)),
];

/** The graph of a program, and how many of its steps had shapes that fit; the others are left out. */
function follow(program: readonly Step[], inputs: readonly Tensor[]): { result: Tensor; steps: number } {
  const pool = [...inputs];
  for (const { operation, left, right, axis } of program) {
    // The newest tensor is the likeliest operand, so that programs become deep.
    const pick = (i: number) => pool[Math.max(0, pool.length - 1 - (i % (pool.length + 3)))]!;
    const a = pick(left);
    try {
      pool.push(operations[operation]!(a, pick(right), axis % Math.max(1, a.shape.length)));
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
    }
  }
  return { result: pool.at(-1)!, steps: pool.length - inputs.length };
}

const step = fc.record<Step>({
  operation: fc.nat(operations.length - 1),
  left: fc.nat(20),
  right: fc.nat(20),
  axis: fc.nat(3),
});

test("what a random graph is refused for is its shape; what is not refused runs, and its gradient is right", async () => {
  let steps = 0;
  const graphs = fc.record({
    program: fc.array(step, { minLength: 3, maxLength: 10 }),
    given: fc.array(fc.nat(shapes.length - 1), { minLength: 1, maxLength: 3 }),
    batch: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(graphs, async ({ program, given, batch }) => {
      const args = given.map((shape, i) => argument(shapes[shape]!, `random ${i}`, undefined, batch));
      const f = (...inputs: Tensor[]) => follow(program, inputs).result;
      steps += follow(
        program,
        args.map(({ shape }, i) => o.input(`${i}`, shape)),
      ).steps;
      checkDerivative(f, args, batch);
      await checkLowering(runtime, f, args, batch);
    }),
    { seed: 2, numRuns: 400, endOnFailure: true },
  );
  // Not all steps were refused.
  expect(steps).toBeGreaterThan(1000);
});
