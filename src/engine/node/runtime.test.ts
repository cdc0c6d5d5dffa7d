import { afterAll, expect, test } from "vitest";
import { mean, square } from "../functions.ts";
import { lower } from "../onnx.ts";
import { add, input, matmul, mul, parameter, transpose } from "../ops.ts";
import { planTraining } from "../plan.ts";
import { nodeRuntime } from "./runtime.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const [a, b] = [input("a", ["batch"]), input("b", ["batch"])];
const w = parameter("w", [], { kind: "constant", value: 1 });
const plan = planTraining(mean(square(mul(w, add(a, b)))), { sum: add(a, b) });
const options = { rate: 0.1, seed: 0 };

test("a step takes its arrays over, two of which may share their memory; to give them again is an error that says so", async () => {
  const trainer = await runtime.train(plan, 0);
  const memory = Float32Array.of(1, 2, 3, 4);
  const feeds = { batch: 2, arrays: { a: memory.subarray(0, 2), b: memory.subarray(2) } };
  const { outputs } = await trainer.step(feeds, options);
  expect(Array.from(outputs.sum!)).toEqual([4, 6]);
  expect(memory).toHaveLength(0);
  await expect(trainer.step(feeds, options)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot step: expected values for "a", received an array that is empty or was handed over to an earlier step; give each step arrays of its own.]`,
  );
  // An evaluation only reads.
  const read = { batch: 1, arrays: { a: Float32Array.of(1), b: Float32Array.of(2) } };
  expect(await trainer.evaluate(read, 0)).toEqual(await trainer.evaluate(read, 0));
  await trainer.release();
  await expect(trainer.parameters()).rejects.toThrow(/was released/);
});

test("values are set all or none", async () => {
  const two = planTraining(mean(add(w, parameter("v", [2], { kind: "constant", value: 5 }))));
  const trainer = await runtime.train(two, 0);
  const before = await trainer.parameters();
  await expect(trainer.setParameters({ w: Float32Array.of(3) })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot set parameter "v": expected 2 values, received none.]`,
  );
  expect(await trainer.parameters()).toEqual(before);
  const values = { w: Float32Array.of(3), v: Float32Array.of(1, 2) };
  await trainer.setParameters(values);
  expect(await trainer.parameters()).toEqual(values);
});

test("a state comes back only to the model that it was saved for", async () => {
  const trainer = await runtime.train(plan, 0);
  await expect(trainer.restore("nothing")).rejects.toThrow(/never saved/);
  const layout = ["parameters", "first moments", "second moments"];
  const other = { layout, steps: [1, 1], values: new Float32Array(24) };
  await expect(trainer.importState("other", other)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot restore the optimiser: expected 12 values of 1 parameters, received 24 of 2. Was the state saved for another model?]`,
  );
});

test("a model that cannot run says why, and the runtime serves on", async () => {
  await expect(runtime.load(Uint8Array.of(1, 2, 3))).rejects.toThrow();
  const model = await runtime.load(lower({ y: add(a, b) }).bytes);
  const arrays = { a: Float32Array.of(1), b: Float32Array.of(2) };
  await expect(model.run({ batch: 2, arrays })).rejects.toThrow(/expected \[2\] = 2 values for "a", received 1 values/);
  await expect(model.run({ batch: 1, arrays: { a: arrays.a } })).rejects.toThrow(/"b", received nothing \(given: a\)/);
  expect(Array.from((await model.run({ batch: 1, arrays })).y!)).toEqual([3]);
  await model.release();
  await expect(model.run({ batch: 1, arrays })).rejects.toThrow(/was released/);
});

test("closing waits for the call under way; later ones are refused", async () => {
  const own = nodeRuntime({ threads: 1 });
  const x = input("x", ["batch", 1024]);
  const model = await own.load(lower({ y: matmul(x, transpose(x, [1, 0])) }).bytes);
  const busy = model.run({ batch: 1024, arrays: { x: new Float32Array(1024 * 1024) } });
  await own.close();
  expect((await busy).y).toHaveLength(1024 * 1024);
  await expect(own.load(new Uint8Array(0))).rejects.toThrow(/worker has ended; make a new runtime/);
  await own.close();
});
