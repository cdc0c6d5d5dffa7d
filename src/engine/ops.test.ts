import { afterAll, describe, expect, test } from "vitest";
import { convolution, transposedConvolution } from "./convolution.ts";
import { gradients } from "./differentiate.ts";
import { evaluate } from "./evaluate.ts";
import { clip, logGamma, logSumExp, mean, oneHot } from "./functions.ts";
import { embedding } from "./layers.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { layerNormalisation } from "./normalisation.ts";
import type { OpName } from "./ops.ts";
import * as o from "./ops.ts";
import { averagePooling, maxPooling } from "./pooling.ts";
import { ndarray } from "./reference.ts";
import type { Shape, Tensor } from "./tensor.ts";
import { type Argument, argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";
import { reverseTable } from "./windows.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

type Case = readonly [f: (...inputs: Tensor[]) => Tensor, ...args: Argument[]];

const x = argument(["batch", 4], "x");
const y = argument(["batch", 4], "y");
const row = argument([4], "row");
const column = argument(["batch", 1], "column");
const positive = argument(["batch", 4], "positive", (v) => 0.3 + Math.abs(v));
const saturated: Argument = { shape: ["batch", 4], values: [-90, 90, -30, 30, -12, 12, 1e-3, -1e-3, 5, -5, 0.5, 20] };
const ties: Argument = { shape: ["batch", 4], values: [1, 1, 1, 1, 0.5, 2, 2, -1, 3, 1, 3, 3] };
const integers: Argument = { shape: ["batch", 2], values: [0, 2, 1, 1, 2, 0], type: "int32" };
const bytes: Argument = { shape: ["batch", 2], values: [0, 255, 7, 1, 128, 3], type: "uint8" };
const present: Argument = { shape: ["batch", 4], values: [1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1], type: "int32" };
const tieInput = o.input("ties", [3, 4]);
const image = argument(["batch", 5, 4, 2], "image");
const strip = argument(["batch", 7, 2], "strip");
const windows = {
  grid: [5, 4],
  kernel: [3, 2],
  stride: [2, 1],
  padding: [
    [1, 1],
    [0, 1],
  ],
  dilation: [1, 2],
} as const;
const patches = argument(["batch", 3, 3, 12], "patches");

/** Broadcasting in every position, equal shapes, a number. */
const binary = (f: (a: o.Operand, b: o.Operand) => Tensor, b: Argument = y): Case[] => [
  [f as Case[0], x, b],
  [f as Case[0], x, { shape: [4], values: b.values.slice(0, 4) }],
  [f as Case[0], { shape: ["batch", 1], values: x.values.slice(0, 3) }, { shape: [4], values: b.values.slice(0, 4) }],
  [(a) => f(a!, 1.5), x],
  [(a) => f(1.5, a!), b],
];

/** Parameters are trained in plan.test.ts; what has no central difference is tested by name below. */
const cases: { readonly [K in OpName]: readonly Case[] } = {
  input: [[(a) => a!, x]],
  parameter: [],
  constant: [[(a) => o.add(a!, o.constant([1, 2, 3, 4])), x]],
  add: binary(o.add),
  sub: binary(o.sub),
  mul: binary(o.mul),
  div: binary(o.div, positive),
  maximum: binary(o.maximum),
  greater: binary(o.greater),
  equal: [[(i) => o.equal(o.cast(i!), o.constant([0, 2])), integers]],
  neg: [[o.neg, x]],
  exp: [[o.exp, x]],
  log: [[o.log, positive]],
  sqrt: [[o.sqrt, positive]],
  abs: [[o.abs, x]],
  sign: [[(a) => o.mul(o.sign(a!), a!), x]],
  relu: [
    [o.relu, x],
    [o.relu, saturated],
  ],
  tanh: [
    [o.tanh, x],
    [o.tanh, saturated],
  ],
  sigmoid: [
    [o.sigmoid, x],
    [o.sigmoid, saturated],
  ],
  softplus: [
    [o.softplus, x],
    [o.softplus, saturated],
  ],
  erf: [
    [o.erf, x],
    [o.erf, saturated],
  ],
  stopGradient: [],
  cast: [
    [(a) => o.cast(a!), integers],
    [(a) => o.mul(o.cast(a!), 1 / 255), bytes],
  ],
  select: [
    [(a, b) => o.select(o.constant([1, 0, 0, 1]), a!, b!), x, y],
    [(a, b) => o.select(o.constant([1, 0, 0, 1]), a!, b!), x, row],
    // A mask of nothing, and of everything.
    [(a, b) => o.select(o.constant([0, 0, 0, 0]), a!, b!), x, row],
    [(a, b) => o.select(o.constant([1]), a!, b!), column, y],
    // The other branch would be NaN.
    [(a) => o.select(o.greater(a!, 0), o.log(o.maximum(a!, 1e-30)), 0), x],
  ],
  sum: [
    [(a) => o.sum(a!), x],
    [(a) => o.sum(a!, [0]), x],
    [(a) => o.sum(a!, [-1], true), x],
    [(a) => o.sum(a!, [1, 3]), image],
    [(a) => o.sum(a!, []), x],
    // The batch axis among the last ones, and two of it.
    [(a) => o.sum(a!, [1, 2]), argument([2, "batch", 3], "inner")],
    [(a) => o.sum(a!, [1, 2], true), argument(["batch", "batch", 2], "pairs")],
    [(a) => o.sum(a!, [2]), argument(["batch", "batch", 2], "pairs")],
  ],
  sumOfSquares: [
    [o.sumOfSquares, x],
    [o.sumOfSquares, image],
  ],
  max: [
    [(a) => o.max(a!, [1]), x],
    [(a) => o.max(a!, [0], true), x],
    [(a) => o.max(a!, [1, 2]), image],
    [(a) => o.max(a!, [1, 2]), argument([2, "batch", 3], "inner")],
    [(a) => o.max(a!, [0, 2]), image],
  ],
  cumulativeSum: [x, row, column, image].flatMap((a) =>
    [0, -1].flatMap((axis) =>
      [false, true].flatMap((exclusive) =>
        [false, true].map((reverse): Case => [(b) => o.cumulativeSum(b!, axis, { exclusive, reverse }), a]),
      ),
    ),
  ),
  softmax: [
    ...[x, row, image, column, saturated].map((a): Case => [(b) => o.softmax(b!), a]),
    ...[0, 1, -2].map((axis): Case => [(a) => o.softmax(a!, axis), image]),
    [(a) => o.softmax(a!, 0), saturated],
    // Masked entries, and a row of nothing else.
    [(a, m) => o.softmax(o.select(m!, a!, -1e30)), x, present],
    [(a) => o.softmax(a!, 0), argument(["batch", "batch"], "scores")],
  ],
  logSoftmax: [
    ...[x, row, argument(["batch", "batch"], "scores"), saturated].map((a): Case => [(b) => o.logSoftmax(b!), a]),
    ...[0, 1, -2].map((axis): Case => [(a) => o.logSoftmax(a!, axis), image]),
    [(a) => o.logSoftmax(a!, 0), saturated],
  ],
  axisSize: [
    [(a) => o.div(a!, o.axisSize(a!, 0)), x],
    [(a) => mean(a!), x],
    [(a) => mean(a!, [0]), x],
    [(a) => o.mul(a!, o.axisSize(o.transpose(a!, [1, 0]), -1)), x],
  ],
  reshape: [
    [(a) => o.reshape(a!, ["batch", 2, 1, 2]), x],
    [(a) => o.reshape(o.sum(a!, [0]), [2, 2]), x],
    [(a) => o.reshape(a!, ["batch", 1, "batch", 1]), argument(["batch", "batch"], "scores")],
    [(a) => o.reshape(a!, ["batch", "batch"]), argument([1, "batch", "batch"], "scores")],
  ],
  transpose: [
    [(a) => o.transpose(a!, [2, 0, 3, 1]), image],
    [(a) => o.transpose(a!, [1, 0]), x],
  ],
  expand: [
    [(a, b) => o.expand(a!, b!), column, y],
    [(a, b) => o.expand(a!, b!), row, y],
    [(a, b) => o.mul(o.expand(a!, b!), b!), row, y],
  ],
  concat: [[(a, b, c) => o.concat([a!, b!, c!], 1), x, column, y]],
  slice: [
    [(a) => o.slice(a!, 1, 1, 3), x],
    [(a) => o.slice(a!, -1, 1, 2), image],
  ],
  pad: [
    [(a) => o.pad(a!, 1, 2, 1), x],
    [(a) => o.pad(a!, 2, 0, 3), image],
  ],
  linear: [
    [(a, w) => o.linear(a!, w!), x, argument([4, 3], "w")],
    [(a, w) => o.linear(a!, w!), row, argument([4, 3], "w")],
    [(a, w) => o.linear(a!, w!), argument(["batch", "batch"], "scores"), x],
    [(a, w) => o.linear(a!, w!, true), x, argument([3, 4], "w")],
    [(a, w) => o.linear(a!, w!), image, argument([2, 3], "w")],
    [(a, w, b) => o.add(o.linear(a!, w!), b!), image, argument([2, 3], "w"), argument([3], "b")],
    [(a, w, b) => o.add(o.linear(a!, w!, true), b!), x, argument([3, 4], "w"), argument([3], "b")],
  ],
  product: [false, true].flatMap((turnA) =>
    [false, true].flatMap((turnB): Case[] => {
      const [a, b] = [argument(turnA ? [4, 3] : [3, 4], "a"), argument(turnB ? [2, 4] : [4, 2], "b")];
      return [
        [(a, b) => o.product(a!, b!, turnA, turnB), a, b],
        [(a, b, c) => o.add(o.product(a!, b!, turnA, turnB), c!), a, b, argument([3, 1], "column bias")],
      ];
    }),
  ),
  outer: [
    [(a, b) => o.outer(a!, b!), x, argument(["batch", 2], "b")],
    [(a, b) => o.outer(a!, b!), image, argument(["batch", 5, 4, 3], "b")],
  ],
  matmul: [
    [(a, b) => o.matmul(a!, o.transpose(b!, [1, 0])), x, y],
    [(a, b) => o.matmul(a!, b!), argument(["batch", 2, 3], "a"), argument(["batch", 3, 2], "b")],
  ],
  gather: [[(t, i) => o.gather(t!, i!), argument([3, 4], "t"), integers]],
  scatterAdd: [[(i, u) => o.scatterAdd(i!, u!, 5), integers, argument(["batch", 2, 3], "u")]],
  topIndices: [
    [(a) => o.cast(o.topIndices(a!, 3)), x],
    [(a) => o.cast(o.topIndices(a!, 1)), column],
    [(a) => o.cast(o.topIndices(a!, 4)), row],
    [(a) => o.cast(o.topIndices(a!, 2)), image],
  ],
  // Places that are named twice, all places, a row without a batch.
  take: [
    [(a, i) => o.take(a!, i!), x, integers],
    [(a, i) => o.take(a!, i!), column, { shape: ["batch", 2], values: [0, 0, 0, 0, 0, 0], type: "int32" }],
    [(a, i) => o.take(a!, i!), row, { shape: [3], values: [3, 1, 3], type: "int32" }],
    [(a) => o.take(a!, o.topIndices(a!, 2)), image],
  ],
  putAdd: [
    [(i, u) => o.putAdd(i!, u!, 5), integers, argument(["batch", 2], "u")],
    [(i, u) => o.putAdd(i!, u!, 3), { shape: [3], values: [2, 2, 2], type: "int32" }, argument([3], "u")],
    [(a) => o.putAdd(o.topIndices(a!, 2), o.slice(a!, -1, 0, 2), 3), image],
  ],
  track: [[(a, b) => o.track(a!, o.parameter("running", [4], { kind: "constant", value: 0 }), b!, 0.1), x, row]],
  // Few channels and many are picked in different ways.
  unfold: [
    [(a) => o.unfold(a!, windows), image],
    [(a) => o.unfold(a!, windows), argument(["batch", 5, 4, 9], "many channels")],
  ],
  fold: [
    [(a) => o.fold(a!, windows), patches],
    [(a) => o.fold(a!, windows), argument(["batch", 3, 3, 54], "many channels")],
  ],
};

describe.each(Object.entries(cases).filter(([, list]) => list.length > 0))("%s", (_, list) => {
  test("float32 in ONNX Runtime equals the float64 evaluation, value and gradient", async () => {
    for (const [f, ...args] of list) await checkLowering(runtime, f, args);
  });

  test("derivative equals central differences", () => {
    for (const [f, ...args] of list) checkDerivative(f, args);
  });
});

const composed: Record<string, Case> = {
  "log-sum-exp": [(a) => logSumExp(a!, [1]), saturated],
  clip: [(a) => clip(a!, -0.5, 0.5), x],
  "one-hot": [(i) => oneHot(i!, 3), integers],
  "log-gamma": [logGamma, { shape: ["batch", 4], values: [0.01, 0.3, 1, 1.5, 2, 3.7, 8, 20, 100, 512, 1e3, 1e4] }],
};

test.each(Object.entries(composed))("composed function %s", async (_, [f, ...args]) => {
  await checkLowering(runtime, f, args);
  checkDerivative(f, args);
});

const pairs = argument(["batch", "batch"], "pairs");
const shared: Record<string, Case> = {
  sub: [(a) => o.sub(o.mul(a!, 2), a!), x],
  mul: [(a) => o.mul(a!, a!), x],
  div: [(a) => o.div(a!, a!), positive],
  maximum: [(a) => o.maximum(a!, a!), x],
  select: [(a) => o.select(a!, a!, o.neg(a!)), x],
  concat: [(a) => o.concat([a!, a!], 1), x],
  matmul: [(a) => o.matmul(a!, a!), pairs],
  outer: [(a) => o.outer(a!, a!), x],
  linear: [(a) => o.linear(a!, a!), pairs],
  expand: [(a) => o.mul(o.expand(a!, x2(a!)), x2(a!)), row],
};
const x2 = (a: Tensor): Tensor => o.reshape(o.concat([a, o.mul(a, a)], 0), [2, 4]);

test.each(Object.entries(shared))("%s of a tensor with itself", async (_, [f, ...args]) => {
  await checkLowering(runtime, f, args);
  checkDerivative(f, args);
});

/** A last axis of 1 takes a way of its own in the lowering, a batch of one row looks like an axis of 1 when it runs. */
test.each([1, 2])("numbers and axes of 1 broadcast over a batch of %i", async (batch) => {
  const of = (shape: Shape) => argument(shape, `narrow ${shape.length}`, (v) => 0.5 + v * v, batch);
  const numbers = [[], [1], [1, 1]].map(of);
  const narrow = (
    [
      ["batch", 1],
      ["batch", 3, 1],
      [1, "batch", 1],
      ["batch", "batch", 1],
    ] as const
  ).map(of);
  const f: Case[0] = (a, b) => o.div(o.maximum(o.add(a!, b!), 1), o.softplus(o.sub(b!, a!)));
  for (const a of numbers) {
    for (const b of [...numbers, ...narrow]) {
      await checkLowering(runtime, f, [a, b], batch);
      await checkLowering(runtime, f, [b, a], batch);
    }
  }
});

const layers: Record<string, Case> = {
  "dense with weights": [(a, w, b) => o.add(o.linear(a!, w!), b!), image, argument([2, 5], "w"), argument([5], "b")],
  "average pooling": [(a) => averagePooling(2)(a!, "pool"), image],
  "max pooling": [(a) => maxPooling(2)(a!, "pool"), image],
  "max pooling 1-d, overlapping": [(a) => maxPooling(3, { stride: 2 })(a!, "pool"), strip],
};

test.each(Object.entries(layers))("layer %s", async (_, [f, ...args]) => {
  await checkLowering(runtime, f, args);
  checkDerivative(f, args);
});

test("at a tie a maximum shares its gradient and a comparison holds", async () => {
  await checkLowering(runtime, (a) => o.max(a!, [1]), [ties]);
  const [slope] = gradients(o.sum(o.max(tieInput, [1])), [tieInput]);
  expect(Array.from(evaluate({ slope: slope! }, { ties: ndarray([3, 4], ties.values) }).slope.data)).toEqual([
    0.25,
    0.25,
    0.25,
    0.25,
    0,
    0.5,
    0.5,
    0,
    1 / 3,
    0,
    1 / 3,
    1 / 3,
  ]);
});

test("of equal elements the first are the top ones, and they alone get the gradient", async () => {
  const f = (a: Tensor) => o.take(a, o.topIndices(a, 2));
  await checkLowering(runtime, (a) => o.cast(o.topIndices(a!, 4)), [ties]);
  await checkLowering(runtime, (a) => f(a!), [ties]);
  const [slope] = gradients(o.sum(f(tieInput)), [tieInput]);
  expect(Array.from(evaluate({ slope: slope! }, { ties: ndarray([3, 4], ties.values) }).slope.data)).toEqual([
    1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0,
  ]);
});

test("no gradient flows through stopGradient", () => {
  const a = o.input("a", [2]);
  const [slope] = gradients(o.sum(o.mul(o.stopGradient(a), a)), [a]);
  expect(Array.from(evaluate({ slope: slope! }, { a: ndarray([2], [3, 4]) }).slope.data)).toEqual([3, 4]);
});

/** Layers with parameters: their shapes, and a convolution against the sum written out. */
test("convolution is the sum over its window", () => {
  const grid = o.input("x", ["batch", 4, 4, 1]);
  const result = convolution(1, { kernel: 3 })(grid, "c");
  const values = Array.from({ length: 16 }, (_, i) => i);
  const kernel = [0, 1, 0, 0, 0, 0, 0, 0, 0];
  const { y: out } = evaluate(
    { y: result },
    { x: ndarray([1, 4, 4, 1], values), "c/weight": ndarray([9, 1], kernel), "c/bias": ndarray([1], [0.5]) },
  );
  // Each pixel takes its upper neighbour: the kernel's cell above the centre.
  expect(Array.from(out.data)).toEqual([...Array(4).fill(0.5), ...values.slice(0, 12).map((v) => v + 0.5)]);
});

test.each([
  ["stride 2, odd grid", convolution(3, { kernel: 3, stride: 2 }), ["batch", 5, 4, 2], ["batch", 3, 2, 3]],
  ["valid", convolution(3, { kernel: 3, padding: "valid" }), ["batch", 5, 4, 2], ["batch", 3, 2, 3]],
  ["1-d dilated", convolution(3, { kernel: 3, dilation: 2 }), ["batch", 7, 2], ["batch", 7, 3]],
  ["transposed", transposedConvolution(3, [5, 4], { kernel: 3, stride: 2 }), ["batch", 3, 2, 6], ["batch", 5, 4, 3]],
  ["layer normalisation", layerNormalisation(), ["batch", 5], ["batch", 5]],
] as const)("shape of %s", (_, layer, from, to) => {
  expect(layer(o.input("x", from), "layer").shape).toEqual(to);
});

test("embedding looks rows up", () => {
  expect(embedding(10, 3)(o.input("i", ["batch", 2], "int32"), "e").shape).toEqual(["batch", 2, 3]);
});

test("shape errors name the operation, what was expected and what came", () => {
  const a = o.input("a", ["batch", 3]);
  expect(() => o.add(a, o.input("b", ["batch", 4]))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "add": expected axes that are equal or 1 when aligned at the end, received [batch, 3] and [batch, 4].]`,
  );
  expect(() => o.linear(a, o.input("w", [4, 2]))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "linear": expected [..., 4] and a matrix, received [batch, 3] and [4, 2].]`,
  );
  expect(() => o.unfold(a, windows)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "unfold": expected [batch, 5, 4, channels], received [batch, 3].]`,
  );
  expect(() => o.reshape(a, ["batch", 2])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "reshape": expected as many elements as [batch, 2], received [batch, 3].]`,
  );
  expect(() => o.sum(a, [1, -1])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "sum": expected axes within the tensor's rank, each once, asked for 1, -1, received [batch, 3].]`,
  );
  expect(() => o.pad(a, 1, -1, 0)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "pad": expected no less than 0 beside axis 1, which is not the batch, received [batch, 3].]`,
  );
  expect(() => o.softmax(o.constant(1))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "softmax": expected at least one axis, received [].]`,
  );
  expect(() => o.gather(a, o.input("i", [2], "int32"))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "gather": expected a table [rows, width] of fixed size and int32 indices, received [batch, 3] and [2].]`,
  );
  expect(() => o.topIndices(a, 4)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "topIndices": expected a last axis of at least 4, which is not the batch, received [batch, 3].]`,
  );
  expect(() => o.take(a, o.input("i", ["batch"], "int32"))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "take": expected rows [..., n] and int32 indices [..., k] of the same leading axes, received [batch, 3] and [batch].]`,
  );
  expect(() => o.take(a, o.input("f", ["batch", 2]))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "take": expected rows [..., n] and int32 indices [..., k] of the same leading axes, received [batch, 3] and [batch, 2].]`,
  );
  expect(() => o.putAdd(o.input("i", ["batch", 2], "int32"), a, 5)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "putAdd": expected equal shapes, received [batch, 2] and [batch, 3].]`,
  );
  expect(() => o.cumulativeSum(a, 2)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "cumulativeSum": expected axes within the tensor's rank, each once, asked for 2, received [batch, 3].]`,
  );
  expect(() => o.track(a, a, a, 0.1)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "track": expected a parameter and what is observed of it, of one shape, received [batch, 3] and [batch, 3].]`,
  );
  const pairs = o.input("pairs", ["batch", "batch", 3]);
  expect(() => o.linear(pairs, o.input("w", [3, 2]))).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "linear": expected at most one batch axis, and not the last, unless all are matrices, received [batch, batch, 3] and [3, 2].]`,
  );
  expect(() => o.reshape(pairs, ["batch", 3, "batch"])).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "reshape": expected what becomes [batch, 3, batch] by axes of 1 that come or go, for there are two batch axes, received [batch, batch, 3].]`,
  );
});

test("integers are refused where numbers are expected", () => {
  const indices = o.input("i", ["batch", 2], "int32");
  expect(() => o.add(indices, 1)).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "add": expected float32 tensors (int32 becomes one by cast), received [batch, 2] and [].]`,
  );
  expect(() => o.neg(o.input("pixels", ["batch", 2], "uint8"))).toThrow(/uint8 becomes one by cast/);
  expect(o.reshape(indices, ["batch", 2, 1])).toMatchObject({ shape: ["batch", 2, 1], type: "int32" });
  expect(o.select(indices, 1, 0).shape).toEqual(["batch", 2]);
});

test("a grid of many cells has a reverse table", () => {
  const side = 400;
  const wide = { grid: [side, side], kernel: [1, 1], stride: [1, 1], dilation: [1, 1] };
  const padding = [
    [0, 0],
    [0, 0],
  ] as const;
  expect(reverseTable({ ...wide, padding })).toMatchObject({ depth: 1, outside: side * side });
});
