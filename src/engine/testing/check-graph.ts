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
import { bindBatch, type ElementType, isOp, type Shape, type Tensor, topologicalOrder } from "../tensor.ts";

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
  readonly value: Tensor;
  /** What to differentiate by: the float32 arguments and the graph's own parameters. */
  readonly by: Readonly<Record<string, Tensor>>;
  readonly values: Readonly<Record<string, NdArray>>;
}

/** The function's graph, with values for its arguments and, drawn by their names, for its parameters. */
export function build(f: (...inputs: Tensor[]) => Tensor, args: readonly Argument[], batch: number): Built {
  const inputs = args.map(({ shape, type }, i) => input(nameOf(i), shape, type));
  const value = f(...inputs);
  const parameters = topologicalOrder([value]).filter((node) => isOp(node, "parameter"));
  const given = args.map(({ shape, values }, i) => [nameOf(i), ndarray(bindBatch(shape, batch), values)] as const);
  return {
    value,
    by: Object.fromEntries([
      ...inputs.flatMap((x, i) => (x.type === "float32" ? [[nameOf(i), x] as const] : [])),
      ...parameters.map((node) => [node.attributes.name, node] as const),
    ]),
    values: Object.fromEntries([...given, ...parameters.map((node) => [node.attributes.name, drawn(node)] as const)]),
  };
}

/** Values of a parameter: those that start equal stay above where they start, so that variances stay positive. */
function drawn({ attributes: { name, shape, initialiser } }: Tensor<"parameter">): NdArray {
  const rng = random(7, name);
  const draw =
    initialiser.kind === "constant" ? () => initialiser.value + 0.5 * Math.abs(rng.normal()) : () => 0.5 * rng.normal();
  return ndarray(shape, Array.from({ length: sizeOf(shape) }, draw));
}

/**
 * ONNX Runtime's float32 result equals the float64 evaluation, for the value and for every gradient, parameters' among them,
 * whichever way matrices lie and in however many parts the batch is computed.
 * @param tolerance error beside the greater of 1 and the value: many layers in a row round more than one operation does
 */
export async function checkLowering(
  runtime: Runtime,
  f: (...inputs: Tensor[]) => Tensor,
  args: readonly Argument[],
  batch = batchSize,
  tolerance = 2e-5,
): Promise<void> {
  const { value, by, values: given } = build(f, args, batch);
  const { loss, values } = weigh(value, given);
  const outputs: Record<string, Tensor> = { value };
  gradients(loss, Object.values(by)).forEach((slope, i) => {
    outputs[`slope by ${Object.keys(by)[i]}`] = slope;
  });
  const expected = evaluate(outputs, values);
  // Every region that can be turned is turned when transpositions are worth something.
  for (const lowered of [lower(outputs), lower(layOut(outputs, -1)), lower(outputs, { parts: 2 })]) {
    const model = await runtime.load(lowered.bytes);
    const fed = [...lowered.inputs, ...lowered.parameters.map(({ attributes, type }) => ({ ...attributes, type }))];
    const arrays = fed.map(({ name, type }) => [name, typed(values[name]!.data, type)]);
    const received = await model.run({ batch, arrays: Object.fromEntries(arrays) });
    for (const name of Object.keys(outputs)) expectClose(name, received[name]!, expected[name]!.data, tolerance);
    await model.release();
  }
}

/** Every derivative, by arguments and parameters, equals the central difference of the float64 evaluation. */
export function checkDerivative(
  f: (...inputs: Tensor[]) => Tensor,
  args: readonly Argument[],
  batch = batchSize,
  step = 1e-5,
): void {
  const { value, by, values: given } = build(f, args, batch);
  const { loss, values } = weigh(value, given);
  const at = (changed: Readonly<Record<string, NdArray>>) => evaluate({ loss }, changed).loss.data[0]!;
  for (const [name, tensor] of Object.entries(by)) {
    const { shape, data: elements } = values[name]!;
    const [slope] = gradients(loss, [tensor]);
    const analytic = evaluate({ slope: slope! }, values).slope.data;
    const numeric = Array.from(elements, (_, k) => {
      const moved = (delta: number) => {
        const data = elements.slice();
        data[k]! += delta;
        return at({ ...values, [name]: { shape, data } });
      };
      return (moved(step) - moved(-step)) / (2 * step);
    });
    expectClose(`derivative by ${name}`, analytic, numeric, 1e-6);
  }
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
