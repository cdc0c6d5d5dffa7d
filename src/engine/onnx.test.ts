import { afterAll, expect, test } from "vitest";
import { gradients } from "./differentiate.ts";
import { evaluate } from "./evaluate.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { lower } from "./onnx.ts";
import { add, constant, input, linear, mul, noise, parameter, relu, stopGradient, sub, sum } from "./ops.ts";
import { ndarray } from "./reference.ts";
import type { Tensor } from "./tensor.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const x = input("x", ["batch", 2]);
const values = [1, -2, 3, -4];

async function run(outputs: Record<string, Tensor>, arrays: Record<string, Float32Array>) {
  const model = await runtime.load(lower(outputs).bytes);
  const result = await model.run({ batch: 2, arrays });
  await model.release();
  return Object.fromEntries(Object.entries(result).map(([name, array]) => [name, Array.from(array)]));
}

test("an output may be an input, a parameter, a constant, an alias or another output", async () => {
  const w = parameter("w", [2], { kind: "constant", value: 0 });
  const rectified = relu(x);
  const outputs = {
    fed: x,
    again: sum(x, []),
    held: w,
    fixed: constant([5, 6]),
    first: rectified,
    second: rectified,
    stopped: stopGradient(rectified),
    sum: add(rectified, w),
  };
  const rectifiedValues = [1, 0, 3, 0];
  expect(await run(outputs, { x: Float32Array.from(values), w: Float32Array.of(7, 8) })).toEqual({
    fed: values,
    again: values,
    held: [7, 8],
    fixed: [5, 6],
    first: rectifiedValues,
    second: rectifiedValues,
    stopped: rectifiedValues,
    sum: [8, 8, 10, 8],
  });
});

test("inputs, parameters and outputs may be named like the values in between", async () => {
  const fed = input("relu_0", ["batch", 2]);
  const stored = parameter("float_0", [], { kind: "constant", value: 0 });
  const outputs = { add_1: relu(fed), sub_3: add(mul(relu(fed), stored), 0.5), relu_0_: sub(fed, 1) };
  const bytes = lower(outputs, { stored: { float_0: Float32Array.of(10) } }).bytes;
  const model = await runtime.load(bytes);
  const result = await model.run({ batch: 2, arrays: { relu_0: Float32Array.from(values) } });
  expect(Array.from(result.add_1!)).toEqual([1, 0, 3, 0]);
  expect(Array.from(result.sub_3!)).toEqual([10.5, 0.5, 30.5, 0.5]);
  expect(Array.from(result.relu_0_!)).toEqual([0, -3, 2, -5]);
});

test("large constants are told apart, equal small ones are one", async () => {
  const rising = Array.from({ length: 100 }, (_, i) => i);
  const wide = input("wide", [100]);
  const ramp = constant(rising);
  const outputs = { up: add(wide, ramp), down: sub(wide, constant(rising.map((v) => -2 * v))), twice: mul(ramp, ramp) };
  expect(await run(outputs, { wide: new Float32Array(100) })).toEqual({
    up: rising,
    down: rising.map((v) => 2 * v),
    twice: rising.map((v) => v * v),
  });
  const small = (value: number) => lower({ y: add(add(x, constant([value, 1])), constant([2, 1])) }).bytes.length;
  expect(small(2)).toBeLessThan(small(3));
});

test("a product whose sum is read twice keeps both", async () => {
  const product = linear(x, constant([1, 0, 0, 1], [2, 2]));
  expect(await run({ product, sum: add(product, constant([1, 1])) }, { x: Float32Array.from(values) })).toEqual({
    product: values,
    sum: values.map((v) => v + 1),
  });
});

test("what cannot be named or stored is refused", () => {
  expect(() => lower({ x: relu(x) })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot lower the graph: "x" is both an input and an output; give each its own name.]`,
  );
  const w = parameter("w", [3], { kind: "constant", value: 0 });
  expect(() => lower({ w2: w }, { stored: { w: new Float32Array(4) } })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot store parameter "w": expected [3] = 3 values, received 4.]`,
  );
  const other = parameter("w", [3], { kind: "constant", value: 1 });
  expect(() => lower({ y: add(w, other) })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot build the graph: "w" is both parameter [3] and parameter [3], of different types or first values; give each its own name.]`,
  );
  expect(() => lower({ y: add(noise("n", [2]), noise("n", [2], "uniform")) })).toThrow(
    /different types or first values/,
  );
});

test("a gradient counts every use of a parameter, under whatever tensor of that name", () => {
  const w = () => parameter("w", [2], { kind: "constant", value: 1 });
  const [slope] = gradients(sum(mul(w(), w())), [w()]);
  expect(Array.from(evaluate({ slope: slope! }, { w: ndarray([2], [3, 4]) }).slope.data)).toEqual([6, 8]);
});
