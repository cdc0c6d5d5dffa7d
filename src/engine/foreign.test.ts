/** Networks that somebody else made: open axes, int64 inputs. */
import onnxProto from "onnx-proto";
import { afterAll, expect, test } from "vitest";
import { nodeRuntime } from "./node/runtime.ts";

const { onnx } = onnxProto;
const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

/** ids [N, L] int64 → the same as float32. */
function castNetwork(): Uint8Array {
  const value = (name: string, elemType: number) => ({
    name,
    type: { tensorType: { elemType, shape: { dim: [{ dimParam: "N" }, { dimParam: "L" }] } } },
  });
  const graph = {
    name: "cast",
    node: [{ opType: "Cast", input: ["ids"], output: ["floats"], attribute: [{ name: "to", type: 2, i: 1 }] }],
    input: [value("ids", 7)],
    output: [value("floats", 1)],
  };
  const model = onnx.ModelProto.fromObject({ irVersion: 9, opsetImport: [{ domain: "", version: 20 }], graph });
  return onnx.ModelProto.encode(model).finish();
}

test("a network of open axes takes int64 and tells the shape of what it gives", async () => {
  const network = await runtime.loadForeign(castNetwork());
  expect(network.inputs).toEqual([{ name: "ids", type: "int64", shape: [null, null] }]);
  expect(network.outputs).toMatchObject([{ name: "floats", type: "float32" }]);
  for (const shape of [
    [2, 3],
    [1, 6],
  ]) {
    const found = await network.run({ ids: { shape, data: Int32Array.of(1, 2, 3, -4, 5, 6) } }, "floats");
    expect(found).toEqual({ shape, data: Float32Array.of(1, 2, 3, -4, 5, 6) });
  }
  await network.release();
  await expect(network.run({ ids: { shape: [1, 1], data: Int32Array.of(1) } }, "floats")).rejects.toThrow(
    /was released/,
  );
});

test("what is no network is refused in words", async () => {
  await expect(runtime.loadForeign(Uint8Array.of(1, 2, 3))).rejects.toThrow(/\w+/);
  const network = await runtime.loadForeign(castNetwork());
  await expect(network.run({ other: { shape: [1, 1], data: Int32Array.of(1) } }, "floats")).rejects.toThrow(
    /ids|other/,
  );
});
