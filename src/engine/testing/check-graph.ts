/**
 * @file The two judgements every operation must pass, for tests.
 * In: a function of tensors and the values of its arguments. Out: nothing, or an assertion that fails, element by element.
 */
import { expect } from "vitest";
import { gradients } from "../differentiate.ts";
import { evaluate } from "../evaluate.ts";
import { layOut } from "../layout.ts";
import { lower } from "../onnx.ts";
import { input, mul, sum } from "../ops.ts";
import { random } from "../random.ts";
import { type NdArray, ndarray, sizeOf } from "../reference.ts";
import type { Runtime } from "../runtime.ts";
import { bindBatch, type ElementType, type Shape, type Tensor } from "../tensor.ts";

export interface Argument {
  readonly shape: Shape;
  readonly values: readonly number[];
  readonly type?: ElementType;
}

export const batchSize = 3;

/** An argument drawn from a seeded normal; `transform` moves it into the operation's domain. */
export function argument(
  shape: Shape,
  name: string,
  transform: (x: number) => number = (x) => x,
  batch = batchSize,
): Argument {
  const rng = random(7, name);
  return { shape, values: Array.from({ length: sizeOf(bindBatch(shape, batch)) }, () => transform(rng.normal())) };
}

const nameOf = (i: number) => `argument ${i}`;

interface Built {
  readonly inputs: readonly Tensor[];
  readonly values: Readonly<Record<string, NdArray>>;
}

const build = (args: readonly Argument[], batch: number): Built => ({
  inputs: args.map(({ shape, type }, i) => input(nameOf(i), shape, type)),
  values: Object.fromEntries(args.map(({ shape, values }, i) => [nameOf(i), ndarray(bindBatch(shape, batch), values)])),
});

/** ONNX Runtime's float32 result equals the float64 evaluation, for the value and for every gradient, whichever way matrices lie. */
export async function checkLowering(
  runtime: Runtime,
  f: (...inputs: Tensor[]) => Tensor,
  args: readonly Argument[],
  batch = batchSize,
): Promise<void> {
  const { inputs, values: given } = build(args, batch);
  const value = f(...inputs);
  const slopes = inputs.filter((x) => x.type === "float32");
  const { loss, values } = weigh(value, given);
  const outputs: Record<string, Tensor> = { value };
  gradients(loss, slopes).forEach((slope, i) => {
    outputs[`slope ${i}`] = slope;
  });
  const expected = evaluate(outputs, values);
  // Every region that can be turned is turned when transpositions are worth something.
  for (const lowered of [lower(outputs), lower(layOut(outputs, -1)), lower(outputs, { parts: 2 })]) {
    const model = await runtime.load(lowered.bytes);
    const arrays = lowered.inputs.map(({ name, type }) => [name, typed(values[name]!.data, type)]);
    const received = await model.run({ batch, arrays: Object.fromEntries(arrays) });
    for (const name of Object.keys(outputs)) expectClose(name, received[name]!, expected[name]!.data, 2e-5);
    await model.release();
  }
}

/** Every derivative equals the central difference of the float64 evaluation. */
export function checkDerivative(
  f: (...inputs: Tensor[]) => Tensor,
  args: readonly Argument[],
  batch = batchSize,
  step = 1e-5,
): void {
  const { inputs, values: given } = build(args, batch);
  const { loss, values } = weigh(f(...inputs), given);
  const at = (changed: Readonly<Record<string, NdArray>>) => evaluate({ loss }, changed).loss.data[0]!;
  args.forEach(({ values: elements, type = "float32" }, i) => {
    if (type !== "float32") return;
    const [slope] = gradients(loss, [inputs[i]!]);
    const analytic = evaluate({ slope: slope! }, values).slope.data;
    const numeric = elements.map((_, k) => {
      const moved = (delta: number) => {
        const data = Float64Array.from(elements);
        data[k]! += delta;
        return at({ ...values, [nameOf(i)]: { shape: values[nameOf(i)]!.shape, data } });
      };
      return (moved(step) - moved(-step)) / (2 * step);
    });
    expectClose(`derivative by ${nameOf(i)}`, analytic, numeric, 1e-6);
  });
}

/** A scalar in which every element of the value counts with a weight of its own, fed beside the arguments. */
function weigh(
  value: Tensor,
  values: Readonly<Record<string, NdArray>>,
): { loss: Tensor; values: Readonly<Record<string, NdArray>> } {
  const { data, shape } = evaluate({ value }, values).value;
  const rng = random(11, "weights");
  const weights = ndarray(
    shape,
    Array.from(data, () => rng.normal()),
  );
  return { loss: sum(mul(value, input("weights", value.shape))), values: { ...values, weights } };
}

const typed = (values: Float64Array, type: ElementType) =>
  type === "float32" ? Float32Array.from(values) : type === "int32" ? Int32Array.from(values) : Uint8Array.from(values);

function expectClose(what: string, received: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(received.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(received[i]! - expected[i]!) / Math.max(1, Math.abs(expected[i]!));
    expect(error, `${what}, element ${i}: ${received[i]} against ${expected[i]}`).toBeLessThan(tolerance);
  }
}
