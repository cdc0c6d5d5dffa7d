import { afterAll, expect, it } from "vitest";
import { nodeRuntime } from "./node/runtime.ts";
import { lower } from "./onnx.ts";
import { add, input, mul, parameter } from "./ops.ts";
import { keepOutputs } from "./subgraph.ts";

const runtime = nodeRuntime();
afterAll(() => runtime.close());

const x = input("x", ["batch", 2]);
const y = input("y", ["batch", 2]);
const weight = parameter("weight", [2], { kind: "constant", value: 3 });
const stored = { weight: Float32Array.of(3, 4) };
const { bytes } = lower({ sum: add(x, y), scaled: mul(x, weight) }, { stored });

it("keeps what some outputs need, and asks for nothing else", async () => {
  const part = await runtime.load(keepOutputs(bytes, ["scaled"]));
  const outputs = await part.run({ batch: 1, arrays: { x: Float32Array.of(1, 2) } });
  expect(outputs).toEqual({ scaled: Float32Array.of(3, 8) });
  await part.release();
});

it("leaves stored tensors out that are not needed", () => {
  const holds = (model: Uint8Array, name: string) => Buffer.from(model).includes(name);
  expect([holds(bytes, "weight"), holds(keepOutputs(bytes, ["sum"]), "weight")]).toEqual([true, false]);
});

it("names an output that is not there", () => {
  expect(() => keepOutputs(bytes, ["next"])).toThrow('no output "next"; its outputs are sum, scaled');
});
