import { InferenceSession } from "onnxruntime-node";
import { afterEach, expect, test, vi } from "vitest";
import { lower } from "./onnx.ts";
import { cast, gather, input, log, mul, parameter, sub } from "./ops.ts";
import { type CreateSession, sessionOpener } from "./session.ts";
import type { Tensor } from "./tensor.ts";

const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(() => warn.mockClear());

const x = input("x", ["batch", 3]);
const model = (y: Tensor) => lower({ y }).bytes;

/** ONNX Runtime with an accelerator on which every model turns into what `turn` makes of it. */
const ortWhere =
  (turn: (bytes: Uint8Array) => Uint8Array): CreateSession =>
  (bytes, { executionProviders }) =>
    InferenceSession.create(executionProviders?.[0] === "cpu" ? bytes : turn(bytes));

test("a model goes to the accelerator where it gives the CPU's values: floats, indices, marks, and what is not finite", async () => {
  const open = sessionOpener(
    ortWhere((bytes) => bytes),
    { threads: 1, device: "webgpu" },
  );
  const table = parameter("table", [2, 3], { kind: "constant", value: 1 });
  const [indices, marks] = [input("indices", ["batch"], "int32"), input("marks", ["batch", 3], "uint8")];
  for (const y of [mul(x, 2), gather(table, indices), cast(marks), log(sub(x, 2))])
    expect((await open(model(y))).device).toBe("webgpu");
  expect(warn).not.toHaveBeenCalled();
});

test("an accelerator that computes wrong is left for good, and that is said once", async () => {
  const open = sessionOpener(
    ortWhere(() => model(mul(x, 1.01))),
    { threads: 1, device: Promise.resolve("webgpu") },
  );
  expect((await open(model(mul(x, 1)))).device).toBe("cpu");
  expect((await open(model(mul(x, 1.01)))).device).toBe("cpu");
  expect(warn.mock.calls).toEqual([
    [`polyvae: cannot run on webgpu, so the CPU is used: output "y" differs from the CPU's.`],
  ]);
});

test("so is one that cannot open a model; a model that nothing can open is an error", async () => {
  const open = sessionOpener(
    ortWhere(() => Uint8Array.of(1, 2)),
    { threads: 1, device: "cuda" },
  );
  await expect(open(Uint8Array.of(1, 2))).rejects.toThrow();
  expect((await open(model(x))).device).toBe("cpu");
  expect(warn.mock.calls).toEqual([
    [expect.stringMatching(/^polyvae: cannot run on cuda, so the CPU is used: .*protobuf/)],
  ]);
});
