/** @file A process that uses a device once. In: the device's name. Out: exit code 0, or on stdout why the device cannot be had. */
import { InferenceSession } from "onnxruntime-node";
import { mean, square } from "../functions.ts";
import { lower } from "../onnx.ts";
import { exp, input, matmul, transpose } from "../ops.ts";
import { causeOf, firstDifference } from "../session.ts";

const x = input("x", ["batch", 64]);
const { bytes } = lower({ value: mean(square(exp(matmul(x, transpose(x, [1, 0]))))) });

try {
  const provider = process.argv[2]!;
  const session = await InferenceSession.create(bytes, { executionProviders: [provider] });
  const reference = await InferenceSession.create(bytes, { executionProviders: ["cpu"] });
  const difference = await firstDifference(session, reference);
  if (difference !== undefined) throw new Error("it computes wrong values");
} catch (error) {
  process.stdout.write(causeOf(error));
  process.exitCode = 1;
}
