import { afterAll, describe, expect, test } from "vitest";
import { type AttentionOptions, learnedPositions, multiHeadAttention, transformerBlock } from "./attention.ts";
import { evaluate } from "./evaluate.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { input, tanh } from "./ops.ts";
import type { Tensor } from "./tensor.ts";
import { type Argument, argument, batchSize, build, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

// Four to a head: 1/√4 is the same number in float32.
const [time, width, heads, length] = [4, 8, 2, 3];
const x = argument(["batch", time, width], "x");
const memory = argument(["batch", length, 5], "memory");
const bytes = (values: readonly number[]): Argument => ({
  shape: ["batch", values.length / batchSize],
  values,
  type: "uint8",
});
/** Padding behind, no place at all, padding in front: under a causal mask the first places of the last row see nothing. */
const mask = bytes([1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]);

interface Given {
  readonly x: Argument;
  readonly mask?: Argument;
  readonly memory?: Argument;
  readonly causal?: boolean;
}

const cases: readonly (readonly [string, Given])[] = [
  ["all to all", { x }],
  ["causal", { x, causal: true }],
  ["padding, a row without any place", { x, mask }],
  ["causal with padding on either side", { x, mask, causal: true }],
  ["a memory of another width", { x, memory }],
  ["a memory with padding", { x, memory, mask: bytes([1, 0, 1, 0, 0, 0, 0, 1, 1]) }],
  ["one token", { x: argument(["batch", 1, width], "one"), causal: true }],
  ["one token, hidden", { x: argument(["batch", 1, width], "one"), mask: bytes([1, 0, 1]), causal: true }],
  ["logits of ten thousands", { x: argument(["batch", time, width], "large", (v) => 400 * v), mask, causal: true }],
];

/** The layer as a function of x, then mask and memory where given. */
function open({ x, mask, memory, causal = false }: Given) {
  const args = [x, ...(mask ? [mask] : []), ...(memory ? [memory] : [])];
  const f = (...tensors: Tensor[]) => {
    const options: AttentionOptions = {
      heads,
      causal,
      ...(mask && { mask: tensors[1]! }),
      ...(memory && { memory: tensors.at(mask ? 2 : 1)! }),
    };
    return multiHeadAttention(options)(tensors[0]!, "attention");
  };
  return { f, args };
}

describe.each(cases)("%s", (_, given) => {
  const { f, args } = open(given);

  test("ONNX value and derivatives", () => checkLowering(runtime, f, args));
  test("derivatives against central differences", () => checkDerivative(f, args));
  test("value against loops over places", () => {
    const { value, values } = build(f, args, batchSize);
    const { data } = evaluate({ value }, values).value;
    const expected = plainAttention(given, (name) => Array.from(values[`attention/${name}`]!.data));
    expect(data).toHaveLength(expected.length);
    expected.forEach((value, i) => {
      expect(Math.abs(data[i]! - value), `element ${i}: ${data[i]} against ${value}`).toBeLessThan(1e-9);
    });
  });
});

/** The same from its definition, place by place: what is not seen does not occur in any sum. */
function plainAttention(given: Given, parameter: (name: string) => readonly number[]): number[] {
  const { x, mask, memory, causal = false } = given;
  const source = memory ?? x;
  const [places, sources] = [x.shape[1] as number, source.shape[1] as number];
  const result: number[] = [];
  for (let row = 0; row < batchSize; row++) {
    const own = matrix(x, row);
    const other = matrix(source, row);
    const qkv = (inputs: number[][], name: string) =>
      affine(inputs, parameter(`${name}/weight`), parameter(`${name}/bias`));
    const queries = memory ? qkv(own, "query") : qkv(own, "qkv").map((line) => line.slice(0, width));
    const rest = memory ? qkv(other, "memory") : qkv(own, "qkv").map((line) => line.slice(width));
    const mixed = queries.map((query, i) => {
      const seen = Array.from({ length: sources }, (_, j) => j).filter(
        (j) => (mask ? mask.values[row * sources + j] === 1 : true) && (!causal || j <= i),
      );
      return Array.from({ length: width }, (_, c) => {
        const [from, size] = [Math.floor(c / (width / heads)) * (width / heads), width / heads];
        const scores = seen.map((j) => {
          let score = 0;
          for (let k = from; k < from + size; k++) score += query[k]! * rest[j]![k]!;
          return score / Math.sqrt(size);
        });
        const top = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - top));
        const total = powers.reduce((a, b) => a + b, 0);
        return seen.reduce((sum, j, n) => sum + (powers[n]! / total) * rest[j]![width + c]!, 0);
      });
    });
    result.push(...affine(mixed, parameter("output/weight"), parameter("output/bias")).flat());
  }
  expect(result).toHaveLength(batchSize * places * width);
  return result;
}

/** One row of the batch as its places. */
function matrix({ shape, values }: Argument, row: number): number[][] {
  const [places, columns] = shape.slice(1) as [number, number];
  return Array.from({ length: places }, (_, i) => values.slice((row * places + i) * columns).slice(0, columns));
}

/** weight [columns, inputs] */
function affine(x: number[][], weight: readonly number[], bias: readonly number[]): number[][] {
  return x.map((line) =>
    bias.map((b, c) => line.reduce((sum, value, k) => sum + value * weight[c * line.length + k]!, b)),
  );
}

test("transformer block: ONNX value, derivatives; positions are told apart", async () => {
  const block = (tensor?: Tensor, seen?: Tensor) =>
    transformerBlock({ heads, hidden: 5, causal: true, mask: seen!, activation: tanh })(
      learnedPositions(tensor!, "positions"),
      "block",
    );
  await checkLowering(runtime, block, [x, mask]);
  checkDerivative(block, [x, mask]);
});

test("shapes that do not fit are told", () => {
  const tensor = input("x", ["batch", 4, 6]);
  expect(() => multiHeadAttention({ heads: 4 })(tensor, "a")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "attention": expected a width that splits into 4 heads, received [batch, 4, 6].]`,
  );
  expect(() => multiHeadAttention({ heads: 2 })(input("y", ["batch", 6]), "a")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "attention": expected [batch, time, width], received [batch, 6].]`,
  );
  expect(() =>
    multiHeadAttention({ heads: 2, mask: input("m", ["batch", 3]) })(tensor, "a"),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "attention": expected a mask [batch, 4], received [batch, 3].]`,
  );
  expect(() =>
    multiHeadAttention({ heads: 2, memory: input("z", ["batch", 3, 6]), causal: true })(tensor, "a"),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "attention": expected a causal memory as long as what attends to it, received [batch, 4, 6] and [batch, 3, 6].]`,
  );
});
