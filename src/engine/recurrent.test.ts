import { afterAll, expect, test } from "vitest";
import { gradients } from "./differentiate.ts";
import { evaluate } from "./evaluate.ts";
import { mean, square } from "./functions.ts";
import { dense } from "./layers.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { cast, input, sub, sum } from "./ops.ts";
import { planTraining } from "./plan.ts";
import { random } from "./random.ts";
import { type GruOptions, gru } from "./recurrent.ts";
import { type NdArray, ndarray } from "./reference.ts";
import { isOp, type Tensor, topologicalOrder } from "./tensor.ts";
import { type Argument, argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const [time, features, units] = [4, 2, 3];
const x = argument(["batch", time, features], "x");
const saturating = argument(["batch", time, features], "x", (v) => 60 * v);
/** Padding after, padding before and between, nothing at all. Integers, so that nothing is differentiated by them. */
const holes: Argument = { shape: ["batch", time], values: [1, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0], type: "int32" };
const full: Argument = { shape: ["batch", time], values: Array<number>(12).fill(1), type: "int32" };

const options: readonly Required<GruOptions>[] = [false, true].flatMap((reverse) =>
  (["sequence", "last"] as const).map((returns) => ({ reverse, returns })),
);

test.each(options)(
  "GRU $returns, reverse $reverse: float32 equals float64, derivatives equal central differences",
  async (option) => {
    const f = (a?: Tensor, m?: Tensor) => gru(units, option)(a!, cast(m!), "gru");
    for (const [values, mask] of [
      [x, holes],
      [x, full],
      [saturating, holes],
    ] as const) {
      await checkLowering(runtime, f, [values, mask]);
    }
    checkDerivative(f, [x, holes]);
    checkDerivative(f, [saturating, holes]);
  },
);

const weights: Record<string, NdArray> = Object.fromEntries(
  (
    [
      ["gru/input/weight", [3 * units, features]],
      ["gru/input/bias", [3 * units]],
      ["gru/state/weight", [3 * units, units]],
      ["gru/state/bias", [3 * units]],
    ] as const
  ).map(([name, shape]) => {
    const { values } = argument(shape, name);
    return [name, ndarray(shape, values)];
  }),
);
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

/** The states of one row, step by step, as the equations say. */
function loopStates(row: readonly (readonly number[])[], mask: readonly number[], reverse: boolean): number[][] {
  const project = (of: readonly number[], kind: string, gate: number, unit: number) => {
    const column = gate * units + unit;
    const weight = weights[`gru/${kind}/weight`]!.data;
    const products = of.map((value, i) => value * weight[column * of.length + i]!);
    return products.reduce((a, b) => a + b, weights[`gru/${kind}/bias`]!.data[column]!);
  };
  let state = Array<number>(units).fill(0);
  const states: number[][] = [];
  const order = row.map((_, t) => (reverse ? row.length - 1 - t : t));
  for (const t of order) {
    const before = state;
    const both = (gate: number, unit: number) =>
      project(row[t]!, "input", gate, unit) + project(before, "state", gate, unit);
    if (mask[t] === 1) {
      state = before.map((old, unit) => {
        const [r, z] = [sigmoid(both(0, unit)), sigmoid(both(1, unit))];
        const n = Math.tanh(project(row[t]!, "input", 2, unit) + r * project(before, "state", 2, unit));
        return (1 - z) * n + z * old;
      });
    }
    states[t] = state;
  }
  return states;
}

test.each([false, true])("a GRU is its equations, step by step (reverse: %s)", (reverse) => {
  const [xs, mask] = [input("x", ["batch", time, features]), input("mask", ["batch", time])];
  const given = {
    ...weights,
    x: ndarray([3, time, features], x.values),
    mask: ndarray([3, time], holes.values),
  };
  const layer = (returns: "sequence" | "last") => gru(units, { reverse, returns })(xs, mask, "gru");
  const { states, last } = evaluate({ states: layer("sequence"), last: layer("last") }, given);
  for (let n = 0; n < 3; n++) {
    const row = Array.from({ length: time }, (_, t) => x.values.slice((n * time + t) * features).slice(0, features));
    const expected = loopStates(row, holes.values.slice(n * time, (n + 1) * time), reverse);
    expected.flat().forEach((value, i) => {
      expect(states.data[n * time * units + i]).toBeCloseTo(value, 12);
    });
    expected[reverse ? 0 : time - 1]!.forEach((value, i) => {
      expect(last.data[n * units + i]).toBeCloseTo(value, 12);
    });
  }
  // Nothing was said in the last row.
  expect(Array.from(last.data.slice(2 * units))).toEqual([0, 0, 0]);
});

test("the gradient of a long sequence is put together once, not padded step by step", () => {
  const xs = input("x", ["batch", 30, features]);
  const loss = sum(gru(units, { returns: "last" })(xs, input("mask", ["batch", 30]), "gru"));
  const parameters = topologicalOrder([loss]).filter((node) => isOp(node, "parameter"));
  const order = topologicalOrder(gradients(loss, parameters));
  expect(order.filter((node) => isOp(node, "pad"))).toEqual([]);
});

test("a GRU learns to add the numbers that are there", async () => {
  const [xs, mask] = [input("x", ["batch", 6, 1]), input("mask", ["batch", 6])];
  const total = dense(1)(gru(12, { returns: "last" })(xs, mask, "gru"), "out");
  const trainer = await runtime.train(planTraining(mean(square(sub(total, input("total", ["batch", 1]))))), 3);
  const losses: number[] = [];
  for (let i = 0; i < 300; i++) {
    const rng = random(i, "sequences");
    const rows = Array.from({ length: 32 }, () => {
      const length = 1 + rng.below(6);
      return Array.from({ length: 6 }, (_, t) => ({ value: rng.uniform() - 0.5, there: t < length ? 1 : 0 }));
    });
    const arrays = {
      x: Float32Array.from(rows.flat(), ({ value }) => value),
      mask: Float32Array.from(rows.flat(), ({ there }) => there),
      total: Float32Array.from(rows, (row) => row.reduce((sofar, { value, there }) => sofar + value * there, 0)),
    };
    const { outputs } = await trainer.step({ batch: 32, arrays }, { rate: 0.01, seed: i });
    losses.push(outputs.loss![0]!);
  }
  const last = losses.slice(-20).reduce((a, b) => a + b, 0) / 20;
  // The variance of the totals is about 0.3.
  expect(last).toBeLessThan(0.03);
});

test("other axes are refused", () => {
  const xs = input("x", ["batch", 4, 2]);
  expect(() => gru(3)(xs, input("mask", ["batch", 5]), "g")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "gru": expected x [batch, time, features] and a mask [batch, time], received [batch, 4, 2] and [batch, 5].]`,
  );
  expect(() =>
    gru(3)(input("rows", ["batch", 4]), input("mask", ["batch", 4]), "g"),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "gru": expected x [batch, time, features] and a mask [batch, time], received [batch, 4] and [batch, 4].]`,
  );
});
