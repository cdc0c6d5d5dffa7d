/**
 * @file Every primitive operation, in one exhaustive table: shape rule, ONNX lowering, derivative, float64 evaluation.
 * In: tensors. Out: tensors. An operation that lacks one of the four does not compile. Below the table stand the functions
 * that build the nodes; what can be composed of them lives in functions.ts.
 */
import type { Emitter } from "./onnx.ts";
import type { NdArray } from "./reference.ts";
import * as ref from "./reference.ts";
import type { ElementType, Shape, Tensor } from "./tensor.ts";
import { broadcast, normaliseAxes, printShape, reducedShape, ShapeError, sameShape, staticSize } from "./tensor.ts";
import { positions, reverseTable, type Windows, windowTable } from "./windows.ts";

type None = Readonly<Record<never, never>>;

/** How a parameter starts: all equal, or drawn from a distribution of mean 0. */
export type Initialiser =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly limit: number }
  | { readonly kind: "normal"; readonly deviation: number };

/** What fills an input when the graph runs: the caller's batch, or the seeded generator. */
export type Source = "feed" | "normal" | "uniform";

/** Attributes of each operation; the keys are the operations there are. */
export interface Attributes {
  readonly input: { readonly name: string; readonly source: Source; readonly shape: Shape; readonly type: ElementType };
  readonly parameter: { readonly name: string; readonly shape: readonly number[]; readonly initialiser: Initialiser };
  readonly constant: { readonly values: Float32Array; readonly shape: readonly number[] };
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;
  readonly maximum: None;
  readonly greater: None;
  readonly equal: None;
  readonly neg: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly abs: None;
  readonly sign: None;
  readonly relu: None;
  readonly tanh: None;
  readonly sigmoid: None;
  readonly softplus: None;
  readonly erf: None;
  readonly stopGradient: None;
  readonly cast: None;
  readonly select: None;
  readonly sum: { readonly axes: readonly number[]; readonly keep: boolean };
  readonly sumOfSquares: None;
  readonly max: { readonly axes: readonly number[]; readonly keep: boolean };
  readonly cumulativeSum: { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean };
  readonly softmax: { readonly axis: number };
  readonly logSoftmax: { readonly axis: number };
  readonly axisSize: { readonly axis: number };
  readonly reshape: { readonly shape: Shape };
  readonly transpose: { readonly order: readonly number[] };
  readonly expand: None;
  readonly concat: { readonly axis: number };
  readonly slice: { readonly axis: number; readonly start: number; readonly end: number };
  readonly pad: { readonly axis: number; readonly before: number; readonly after: number };
  readonly linear: { readonly transposed: boolean };
  readonly outer: None;
  readonly product: { readonly turnA: boolean; readonly turnB: boolean };
  readonly matmul: None;
  readonly gather: None;
  readonly scatterAdd: { readonly rows: number };
  readonly topIndices: { readonly count: number };
  readonly take: None;
  readonly putAdd: { readonly size: number };
  readonly track: { readonly momentum: number };
  readonly unfold: Windows;
  readonly fold: Windows;
}

export type OpName = keyof Attributes;

export interface Op<K extends OpName> {
  /** Set where each element of the result depends on one element of every operand only. */
  readonly pointwise?: true;
  /** Shape of the result. @throws ShapeError naming the axes expected and received */
  shape(inputs: readonly Tensor[], attributes: Attributes[K]): Shape;
  /** Emits ONNX nodes; returns the name of the value. */
  lower(emit: Emitter, inputs: readonly string[], node: Tensor<K>): string;
  /** Cotangent of the result → cotangent of each input; null where it does not depend on the input. */
  pullback(node: Tensor<K>, cotangent: Tensor): readonly (Tensor | null)[];
  /** The value, in float64. `shape` is the result's, the batch bound. */
  evaluate(inputs: readonly NdArray[], node: Tensor<K>, shape: readonly number[]): NdArray;
}

type ElementwiseName = "add" | "sub" | "mul" | "div" | "maximum" | "greater" | "equal";
type UnaryName =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "abs"
  | "sign"
  | "relu"
  | "tanh"
  | "sigmoid"
  | "softplus"
  | "erf"
  | "stopGradient"
  | "cast";

/** Operation on two tensors element by element, with broadcasting. `slopes` are the derivatives by each input. */
function elementwise(
  name: ElementwiseName,
  lower: (emit: Emitter, a: string, b: string) => string,
  value: (a: number, b: number) => number,
  pull: (a: Tensor, b: Tensor, d: Tensor, y: Tensor) => readonly [Tensor, Tensor] | null,
): Op<ElementwiseName> {
  return {
    pointwise: true,
    shape: ([a, b]) => broadcast(name, a!.shape, b!.shape),
    lower: (emit, [a, b], node) => {
      const repeats = shortVectorRepeats(node);
      if (repeats > 1) {
        const names = [a!, b!].map((x, i) => {
          const { shape } = node.inputs[i]!;
          if (shape.length > 1)
            return emit.node("Reshape", [x, emit.integers([-1, repeats * (shape.at(-1) as number)])]);
          const tiled = emit.node("Expand", [x, emit.integers([repeats, shape[0] as number])]);
          return emit.node("Reshape", [tiled, emit.integers([-1])]);
        });
        return restoreShape(emit, lower(emit, names[0]!, names[1]!), node.shape);
      }
      const isNarrow = node.shape.length > 1 && node.shape.at(-1) === 1 && countBatches(node.shape) < 2;
      if (!isNarrow || !node.inputs.some(isSingle)) return lower(emit, a!, b!);
      // ONNX Runtime broadcasts a number over a last axis of 1 element by element, 30 times slower than over a vector.
      const flat = [a!, b!].map((x, i) =>
        isSingle(node.inputs[i]!) ? x : emit.node("Reshape", [x, emit.integers([-1])]),
      );
      return restoreShape(emit, lower(emit, flat[0]!, flat[1]!), node.shape);
    },
    pullback: (node, d) => {
      const [a, b] = node.inputs as [Tensor, Tensor];
      const pulled = pull(a, b, d, node);
      return pulled ? [unbroadcast(pulled[0], a.shape), unbroadcast(pulled[1], b.shape)] : [null, null];
    },
    evaluate: ([a, b]) => ref.map2(value, a!, b!),
  };
}

const isSingle = ({ shape }: Tensor): boolean => shape.every((axis) => axis === 1);

/**
 * Rows along which a vector of a few channels is repeated before it meets [..., rows, channels], 1 for none: ONNX Runtime
 * broadcasts one vector at a time, and starting on each costs more than a few channels do.
 */
function shortVectorRepeats({ shape, inputs }: Tensor): number {
  const [rows, channels] = shape.slice(-2);
  const isShort = typeof rows === "number" && typeof channels === "number" && channels > 1 && channels <= fewChannels;
  const isVector = (x: Tensor) => sameShape(x.shape, shape.slice(-1));
  const isWhole = (x: Tensor) => sameShape(x.shape, shape);
  return isShort && countBatches(shape) < 2 && inputs.some(isVector) && inputs.some(isWhole) ? rows : 1;
}

const axesOfOne = (shape: Shape): number[] => shape.flatMap((axis, i) => (axis === 1 ? [i] : []));
const withoutOnes = (shape: Shape): Shape => shape.filter((axis) => axis !== 1);

const countBatches = (shape: Shape): number => shape.filter((axis) => axis === "batch").length;

/** Gives a value a shape with at most one batch axis, whose length follows from the others. */
const restoreShape = (emit: Emitter, x: string, shape: Shape): string =>
  emit.node("Reshape", [x, emit.integers(shape.map((axis) => (axis === "batch" ? -1 : axis)))]);

/** Operation on one tensor that keeps its shape. */
function unary<K extends UnaryName>(
  lower: string | ((emit: Emitter, x: string) => string),
  value: (x: number) => number,
  pull: (d: Tensor, x: Tensor, y: Tensor) => Tensor | null,
): Op<K> {
  return {
    pointwise: true,
    shape: ([x]) => x!.shape,
    lower: (emit, [x]) => (typeof lower === "string" ? emit.node(lower, [x!]) : lower(emit, x!)),
    pullback: (node, d) => [pull(d, node.inputs[0]!, node)],
    evaluate: ([x]) => ref.map(value, x!),
  };
}

/** Comparison as a float mask of 0 and 1; it has no slope. */
const comparison = (name: "greater" | "equal", onnx: string, value: (a: number, b: number) => boolean) =>
  elementwise(
    name,
    (emit, a, b) => emit.node("Cast", [emit.node(onnx, [a, b])], { to: "float32" }),
    (a, b) => (value(a, b) ? 1 : 0),
    () => null,
  );

const binaryNode = (onnx: string) => (emit: Emitter, a: string, b: string) => emit.node(onnx, [a, b]);

const reduction = (
  name: "sum" | "max",
  onnx: string,
  value: (a: number, b: number) => number,
  initial: number,
  pull: (x: Tensor, y: Tensor, d: Tensor) => Tensor,
): Op<"sum" | "max"> => ({
  shape: ([x], { axes, keep }) => reducedShape(x!.shape, normaliseAxes(name, axes, x!.shape), keep),
  lower: (emit, [x], { shape, inputs, attributes: { axes, keep } }) => {
    const from = inputs[0]!.shape;
    const rest = from.length - axes.length;
    if (axes.length === 0) return x!;
    const isTail = axes[0] === rest && (rest === 0 || !from.slice(rest).includes("batch"));
    if (axes.length < 2 || !isTail || countBatches(from) > 1) {
      return emit.node(onnx, [x!, emit.integers(axes)], { keepdims: keep ? 1 : 0 });
    }
    // The last axes as one: a plain row sum, whatever small axes they are made of.
    const size = staticSize(from.slice(rest));
    const rows = emit.node("Reshape", [x!, emit.integers(rest === 0 ? [-1] : [-1, size])]);
    const reduced = emit.node(onnx, [rows, emit.integers([rest === 0 ? 0 : 1])], { keepdims: 0 });
    return restoreShape(emit, reduced, shape);
  },
  pullback: (node, d) => {
    const x = node.inputs[0]!;
    const kept = reducedShape(x.shape, node.attributes.axes, true);
    return [pull(x, reshape(node, kept), reshape(d, kept))];
  },
  evaluate: ([x], { attributes: { axes, keep } }) => ref.reduce(value, initial, x!, axes, keep),
});

/** Softmax or its logarithm along an axis; `finish` makes the value from an element and the log of the total, both below the largest. */
const normalisation = (
  onnx: "Softmax" | "LogSoftmax",
  finish: (x: number, logTotal: number) => number,
  pull: (x: Tensor, y: Tensor, d: Tensor, axis: number) => Tensor,
): Op<"softmax" | "logSoftmax"> => ({
  shape: ([x]) => x!.shape,
  lower: (emit, [x], { attributes: { axis } }) => emit.node(onnx, [x!], { axis }),
  pullback: (node, d) => [pull(node.inputs[0]!, node, d, node.attributes.axis)],
  evaluate: ([x], { attributes: { axis } }) => {
    const top = ref.reduce(Math.max, Number.NEGATIVE_INFINITY, x!, [axis], true);
    // Below the largest: a mask's -1e30 would swallow the logarithm of the total.
    const below = ref.map2((a, b) => a - b, x!, top);
    const total = ref.reduce((a, b) => a + b, 0, ref.map(Math.exp, below), [axis], true);
    return ref.map2(finish, below, ref.map(Math.log, total));
  },
});

/** A leaf: its value is fed, so it is neither lowered nor evaluated here. */
const fed = <K extends "input" | "parameter">(): Op<K> => ({
  shape: (_, { shape }) => shape,
  lower: () => {
    throw new Error("Inputs and parameters are declared by the lowering, not emitted.");
  },
  pullback: () => [],
  evaluate: () => {
    throw new Error("Inputs and parameters are fed to the evaluation, not computed.");
  },
});

const matrixRule = (
  name: "linear" | "matmul" | "outer" | "product",
  fits: boolean,
  expected: string,
  inputs: readonly Tensor[],
) => {
  if (!fits)
    throw new ShapeError(
      name,
      expected,
      inputs.map((input) => input.shape),
    );
};

const productAxes = (a: Tensor, b: Tensor, { turnA, turnB }: Attributes["product"]) => ({
  rows: a.shape[turnA ? 1 : 0]!,
  inner: [a.shape[turnA ? 0 : 1], b.shape[turnB ? 1 : 0]],
  columns: b.shape[turnB ? 0 : 1]!,
});

/** Elements of rows are named by int32 indices that have the rows' leading axes. */
function checkPlaces(
  name: "take" | "putAdd",
  inputs: readonly Tensor[],
  [x, indices]: readonly [Tensor, Tensor],
): void {
  const fits = sameShape(x.shape.slice(0, -1), indices.shape.slice(0, -1)) && typeof x.shape.at(-1) === "number";
  if (fits && indices.shape.length > 0 && indices.type === "int32") return;
  throw new ShapeError(
    name,
    "rows [..., n] and int32 indices [..., k] of the same leading axes",
    inputs.map(({ shape }) => shape),
  );
}

const oneBatch = "at most one batch axis, and not the last, unless all are matrices";

/** Whether leading axes can be merged and told apart again. */
const flattens = ({ shape }: Tensor): boolean =>
  shape.length === 2 || (countBatches(shape) < 2 && shape.at(-1) !== "batch");

/** Up to this many channels, picking single rows costs more than turning the batch inwards and picking whole ones. */
const fewChannels = 8;

/**
 * Rows of a flattened grid picked by constant tables and added: [batch, rows x channels] → [batch, table x channels].
 * Entry `rows` picks zeros.
 */
function pickRows(emit: Emitter, x: string, rows: number, channels: number, tables: readonly Int32Array[]): string {
  const needsZeros = tables.some((table) => table.includes(rows));
  const add = (picked: readonly string[]) => (picked.length === 1 ? picked[0]! : emit.node("Sum", picked));
  if (channels > fewChannels) {
    const grid = emit.node("Reshape", [x, emit.integers([-1, rows, channels])]);
    const source = needsZeros ? emit.node("Pad", [grid, emit.integers([0, 0, 0, 0, 1, 0])]) : grid;
    return add(tables.map((table) => emit.node("Gather", [source, emit.integers(table)], { axis: 1 })));
  }
  const flat = emit.node("Reshape", [x, emit.integers([-1, rows * channels])]);
  const turned = emit.node("Transpose", [flat], { perm: [1, 0] });
  const source = needsZeros ? emit.node("Pad", [turned, emit.integers([0, 0, channels, 0])]) : turned;
  const picked = tables.map((table) => {
    const cells = Array.from(table).flatMap((row) => Array.from({ length: channels }, (_, c) => row * channels + c));
    return emit.node("Gather", [source, emit.integers(cells)], { axis: 0 });
  });
  return emit.node("Transpose", [add(picked)], { perm: [1, 0] });
}

/** The same in the reference: x [batch, rows, channels] → [batch, table, channels]. */
const pickRowsReference = (x: NdArray, table: Int32Array): NdArray =>
  ref.build([x.shape[0]!, table.length, x.shape[2]!], ([n, entry, c]) => {
    const row = table[entry!]!;
    return row < x.shape[1]! ? ref.at(x, [n!, row, c!]) : 0;
  });

const replaceAxis = (index: readonly number[], axis: number, value: number) =>
  index.map((old, i) => (i === axis ? value : old));

export const ops: { readonly [K in OpName]: Op<K> } = {
  input: fed(),
  parameter: fed(),
  constant: {
    shape: (_, { shape }) => shape,
    lower: (emit, _, { attributes }) => emit.floats(attributes.values, attributes.shape),
    pullback: () => [],
    evaluate: (_, { attributes }) => ref.ndarray(attributes.shape, attributes.values),
  },

  add: elementwise(
    "add",
    binaryNode("Add"),
    (a, b) => a + b,
    (_a, _b, d) => [d, d],
  ),
  sub: elementwise(
    "sub",
    binaryNode("Sub"),
    (a, b) => a - b,
    (_a, _b, d) => [d, neg(d)],
  ),
  mul: elementwise(
    "mul",
    binaryNode("Mul"),
    (a, b) => a * b,
    (a, b, d) => [mul(d, b), mul(d, a)],
  ),
  div: elementwise(
    "div",
    binaryNode("Div"),
    (a, b) => a / b,
    (_a, b, d, y) => {
      const slope = div(d, b);
      return [slope, neg(mul(slope, y))];
    },
  ),
  // At a tie the slope goes to the first input, so that clipping keeps a gradient at its bounds.
  maximum: elementwise("maximum", binaryNode("Max"), Math.max, (a, b, d) => {
    const second = greater(b, a);
    return [mul(d, sub(1, second)), mul(d, second)];
  }),
  greater: comparison("greater", "Greater", (a, b) => a > b),
  equal: comparison("equal", "Equal", (a, b) => a === b),

  neg: unary(
    "Neg",
    (x) => -x,
    (d) => neg(d),
  ),
  exp: unary("Exp", Math.exp, (d, _x, y) => mul(d, y)),
  log: unary("Log", Math.log, (d, x) => div(d, x)),
  sqrt: unary("Sqrt", Math.sqrt, (d, _x, y) => div(mul(d, 0.5), y)),
  abs: unary("Abs", Math.abs, (d, x) => mul(d, sign(x))),
  sign: unary("Sign", Math.sign, () => null),
  // By its output, so that the sum before it may be fused into the product and forgotten.
  relu: unary(
    "Relu",
    (x) => Math.max(x, 0),
    (d, _x, y) => mul(d, greater(y, 0)),
  ),
  tanh: unary("Tanh", Math.tanh, (d, _x, y) => mul(d, sub(1, mul(y, y)))),
  sigmoid: unary(
    "Sigmoid",
    (x) => 1 / (1 + Math.exp(-x)),
    (d, _x, y) => mul(d, mul(y, sub(1, y))),
  ),
  // Relu(x) + Log(1 + Exp(-|x|)): ONNX Runtime's own Softplus is a scalar loop.
  softplus: {
    ...unary<"softplus">(
      "",
      (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
      (d, x) => mul(d, sigmoid(x)),
    ),
    lower: (emit, [x], { shape }) => {
      const isNarrow = shape.at(-1) === 1 && countBatches(shape) < 2;
      const flat = isNarrow ? emit.node("Reshape", [x!, emit.integers([-1])]) : x!;
      const decay = emit.node("Exp", [emit.node("Neg", [emit.node("Abs", [flat])])]);
      const tail = emit.node("Log", [emit.node("Add", [decay, emit.floats([1], [])])]);
      const value = emit.node("Add", [emit.node("Relu", [flat]), tail]);
      return isNarrow ? restoreShape(emit, value, shape) : value;
    },
  },
  erf: unary("Erf", ref.erf, (d, x) => mul(mul(d, 2 / Math.sqrt(Math.PI)), exp(neg(mul(x, x))))),
  stopGradient: unary(
    (_, x) => x,
    (x) => x,
    () => null,
  ),
  cast: unary(
    (emit, x) => emit.node("Cast", [x], { to: "float32" }),
    (x) => x,
    () => null,
  ),

  // A branch that is not chosen gets a gradient of exactly zero, even where its own slope is infinite.
  select: {
    pointwise: true,
    shape: ([mask, a, b]) => broadcast("select", mask!.shape, broadcast("select", a!.shape, b!.shape)),
    lower: (emit, [mask, a, b]) => emit.node("Where", [emit.node("Cast", [mask!], { to: "bool" }), a!, b!]),
    pullback: (node, d) => {
      const [mask, a, b] = node.inputs as [Tensor, Tensor, Tensor];
      return [null, unbroadcast(select(mask, d, 0), a.shape), unbroadcast(select(mask, 0, d), b.shape)];
    },
    evaluate: ([mask, a, b], _, shape) =>
      ref.build(shape, (i) => ref.broadcastAt(ref.broadcastAt(mask!, i) !== 0 ? a! : b!, i)),
  },

  sum: reduction(
    "sum",
    "ReduceSum",
    (a, b) => a + b,
    0,
    (x, _y, d) => expand(d, x),
  ),
  // Of all elements. One node that reads its input while it is still in the cache: gradient norms are made of these.
  sumOfSquares: {
    shape: () => [],
    lower: (emit, [x]) =>
      emit.node("ReduceSumSquare", [emit.node("Reshape", [x!, emit.integers([-1])])], { keepdims: 0 }),
    pullback: ({ inputs: [x] }, d) => [mul(x!, mul(d, 2))],
    evaluate: ([x]) => ref.ndarray([], [x!.data.reduce((total, value) => total + value * value, 0)]),
  },
  // Ties share the gradient.
  max: reduction("max", "ReduceMax", Math.max, Number.NEGATIVE_INFINITY, (x, y, d) => {
    const best = equal(x, y);
    const axes = y.shape.flatMap((axis, i) => (axis === 1 && x.shape[i] !== 1 ? [i] : []));
    return mul(div(d, sum(best, axes, true)), best);
  }),
  // The adjoint adds from the other end.
  cumulativeSum: {
    shape: ([x]) => x!.shape,
    lower: (emit, [x], { attributes: { axis, exclusive, reverse } }) =>
      emit.node("CumSum", [x!, emit.integers([axis], [])], { exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0 }),
    pullback: ({ attributes: { axis, exclusive, reverse } }, d) => [
      cumulativeSum(d, axis, { exclusive, reverse: !reverse }),
    ],
    evaluate: ([x], { attributes: { axis, exclusive, reverse } }, shape) =>
      ref.build(shape, (index) => {
        const own = index[axis]!;
        const [from, to] = reverse ? [own, shape[axis]! - 1] : [0, own];
        let total = 0;
        for (let i = from; i <= to; i++) if (i !== own || !exclusive) total += ref.at(x!, replaceAxis(index, axis, i));
        return total;
      }),
  },
  softmax: normalisation(
    "Softmax",
    (x, logTotal) => Math.exp(x - logTotal),
    (_x, y, d, axis) => {
      const weighted = mul(d, y);
      return sub(weighted, mul(y, sum(weighted, [axis], true)));
    },
  ),
  logSoftmax: normalisation(
    "LogSoftmax",
    (x, logTotal) => x - logTotal,
    (x, _y, d, axis) => sub(d, mul(softmax(x, axis), sum(d, [axis], true))),
  ),
  axisSize: {
    shape: () => [],
    lower: (emit, [x], { attributes: { axis } }) => {
      const size = emit.node("Shape", [x!], { start: axis, end: axis + 1 });
      return emit.node("Cast", [emit.node("Squeeze", [size])], { to: "float32" });
    },
    pullback: () => [null],
    evaluate: ([x], { attributes: { axis } }) => ref.ndarray([], [x!.shape[axis]!]),
  },

  reshape: {
    shape: ([x], { shape }) => {
      if (staticSize(x!.shape) !== staticSize(shape) || countBatches(x!.shape) !== countBatches(shape)) {
        throw new ShapeError("reshape", `as many elements as ${printShape(shape)}`, [x!.shape]);
      }
      if (countBatches(shape) > 1 && !sameShape(withoutOnes(x!.shape), withoutOnes(shape))) {
        const expected = `what becomes ${printShape(shape)} by axes of 1 that come or go, for there are two batch axes`;
        throw new ShapeError("reshape", expected, [x!.shape]);
      }
      return shape;
    },
    lower: (emit, [x], { inputs, attributes: { shape } }) => {
      if (countBatches(shape) < 2) return restoreShape(emit, x!, shape);
      // To squeeze no axes would mean all of 1, a batch of one row among them.
      const [gone, come] = [axesOfOne(inputs[0]!.shape), axesOfOne(shape)];
      const squeezed = gone.length > 0 ? emit.node("Squeeze", [x!, emit.integers(gone)]) : x!;
      return come.length > 0 ? emit.node("Unsqueeze", [squeezed, emit.integers(come)]) : squeezed;
    },
    pullback: (node, d) => [reshape(d, node.inputs[0]!.shape)],
    evaluate: ([x], _, shape) => ({ shape, data: x!.data }),
  },
  transpose: {
    shape: ([x], { order }) => {
      if (order.length !== x!.shape.length || [...order].sort((a, b) => a - b).some((axis, i) => axis !== i)) {
        throw new ShapeError("transpose", `a tensor whose axes are ordered by ${order.join(", ")}`, [x!.shape]);
      }
      return order.map((axis) => x!.shape[axis]!);
    },
    lower: (emit, [x], { attributes: { order } }) => emit.node("Transpose", [x!], { perm: order }),
    pullback: ({ attributes: { order } }, d) => [
      transpose(
        d,
        order.map((_, i) => order.indexOf(i)),
      ),
    ],
    evaluate: ([x], { attributes: { order } }) => ref.transpose(x!, order),
  },
  // The second input lends only its shape.
  expand: {
    shape: ([x, like]) => {
      if (!sameShape(broadcast("expand", x!.shape, like!.shape), like!.shape)) {
        throw new ShapeError("expand", `axes that stretch to ${printShape(like!.shape)}`, [x!.shape]);
      }
      return like!.shape;
    },
    lower: (emit, [x, like], { shape }) =>
      emit.node("Expand", [
        x!,
        shape.includes("batch") ? emit.node("Shape", [like!]) : emit.integers(shape as number[]),
      ]),
    pullback: (node, d) => [unbroadcast(d, node.inputs[0]!.shape), null],
    evaluate: ([x], _, shape) => ref.build(shape, (index) => ref.broadcastAt(x!, index)),
  },
  concat: {
    shape: (inputs, { axis }) => {
      const [first] = inputs;
      const rest = (shape: Shape) => shape.filter((_, i) => i !== axis);
      if (inputs.some((x) => typeof x.shape[axis] !== "number" || !sameShape(rest(x.shape), rest(first!.shape)))) {
        throw new ShapeError(
          "concat",
          `shapes that differ only in axis ${axis}, which is not the batch`,
          inputs.map((x) => x.shape),
        );
      }
      const total = inputs.reduce((size, x) => size + (x.shape[axis] as number), 0);
      return first!.shape.map((size, i) => (i === axis ? total : size));
    },
    lower: (emit, inputs, { attributes: { axis } }) => emit.node("Concat", inputs, { axis }),
    pullback: ({ inputs, attributes: { axis } }, d) => {
      let start = 0;
      return inputs.map((x) => slice(d, axis, start, (start += x.shape[axis] as number)));
    },
    evaluate: (inputs, { attributes: { axis } }, shape) =>
      ref.build(shape, (index) => {
        let offset = index[axis]!;
        for (const x of inputs) {
          if (offset < x.shape[axis]!) return ref.at(x, replaceAxis(index, axis, offset));
          offset -= x.shape[axis]!;
        }
        return Number.NaN;
      }),
  },
  slice: {
    shape: ([x], { axis, start, end }) => {
      const size = x!.shape[axis];
      if (typeof size !== "number" || start < 0 || end > size || start >= end) {
        throw new ShapeError("slice", `axis ${axis} to hold elements ${start} to ${end}`, [x!.shape]);
      }
      return x!.shape.map((old, i) => (i === axis ? end - start : old));
    },
    lower: (emit, [x], { attributes: { axis, start, end } }) =>
      emit.node("Slice", [x!, emit.integers([start]), emit.integers([end]), emit.integers([axis])]),
    pullback: ({ inputs, attributes: { axis, start, end } }, d) => [
      pad(d, axis, start, (inputs[0]!.shape[axis] as number) - end),
    ],
    evaluate: ([x], { attributes: { axis, start } }, shape) =>
      ref.build(shape, (index) => ref.at(x!, replaceAxis(index, axis, index[axis]! + start))),
  },
  pad: {
    shape: ([x], { axis, before, after }) => {
      const size = x!.shape[axis];
      if (typeof size !== "number" || before < 0 || after < 0) {
        throw new ShapeError("pad", `no less than 0 beside axis ${axis}, which is not the batch`, [x!.shape]);
      }
      return x!.shape.map((old, i) => (i === axis ? size + before + after : old));
    },
    lower: (emit, [x], { shape, attributes: { axis, before, after } }) => {
      const widths = (width: number) => shape.map((_, i) => (i === axis ? width : 0));
      return emit.node("Pad", [x!, emit.integers([...widths(before), ...widths(after)])]);
    },
    pullback: ({ inputs, attributes: { axis, before } }, d) => [
      slice(d, axis, before, before + (inputs[0]!.shape[axis] as number)),
    ],
    evaluate: ([x], { attributes: { axis, before } }, shape) =>
      ref.build(shape, (index) => {
        const i = index[axis]! - before;
        return i >= 0 && i < x!.shape[axis]! ? ref.at(x!, replaceAxis(index, axis, i)) : 0;
      }),
  },

  // x [..., in] x weight [in, out] (or [out, in] when transposed) → [..., out]
  linear: {
    shape: (inputs, { transposed }) => {
      const [x, weight] = inputs as [Tensor, Tensor];
      const [from, to] = transposed ? [1, 0] : [0, 1];
      const fits = weight.shape.length === 2 && x.shape.length > 0 && x.shape.at(-1) === weight.shape[from];
      matrixRule("linear", fits, `[..., ${weight.shape[from]}] and a matrix`, inputs);
      matrixRule("linear", flattens(x) && (x.shape.length === 2 || countBatches(weight.shape) === 0), oneBatch, inputs);
      return [...x.shape.slice(0, -1), weight.shape[to]!];
    },
    lower: (emit, [x, weight], node) => lowerLinear(emit, x!, weight!, node),
    pullback: ({ inputs, attributes: { transposed } }, d) => {
      const [x, weight] = inputs as [Tensor, Tensor];
      return [linear(d, weight, !transposed), transposed ? outer(d, x) : outer(x, d)];
    },
    evaluate: ([x, weight], { attributes: { transposed } }, shape) => ({
      shape,
      data: ref.matmul(ref.asMatrix(x!), transposed ? ref.transpose(weight!, [1, 0]) : weight!).data,
    }),
  },
  // a [..., m], b [..., n] → [m, n]: the sum over all leading axes of the outer products; the weight gradient of linear
  outer: {
    shape: (inputs) => {
      const [a, b] = inputs as [Tensor, Tensor];
      const fits = a.shape.length > 0 && sameShape(a.shape.slice(0, -1), b.shape.slice(0, -1));
      matrixRule("outer", fits && b.shape.length > 0, "equal leading axes", inputs);
      matrixRule("outer", flattens(a) && flattens(b), oneBatch, inputs);
      return [a.shape.at(-1)!, b.shape.at(-1)!];
    },
    lower: (emit, [a, b], { inputs }) =>
      emit.node("Gemm", [flatten(emit, a!, inputs[0]!), flatten(emit, b!, inputs[1]!)], { transA: 1 }),
    pullback: ({ inputs: [a, b] }, d) => [linear(b!, d, true), linear(a!, d)],
    evaluate: ([a, b]) => ref.matmul(ref.transpose(ref.asMatrix(a!), [1, 0]), ref.asMatrix(b!)),
  },
  // a [m, k] x b [k, n] → [m, n], either of them given turned: the plain product that linear and outer become where layout.ts turns them
  product: {
    shape: (inputs, attributes) => {
      const [a, b] = inputs as [Tensor, Tensor];
      const { rows, inner, columns } = productAxes(a, b, attributes);
      const fits = a.shape.length === 2 && b.shape.length === 2 && inner[0] === inner[1];
      matrixRule("product", fits, "matrices with equal inner axes", inputs);
      return [rows, columns];
    },
    lower: (emit, [a, b], { attributes }) => lowerProduct(emit, a!, b!, attributes),
    pullback: ({ inputs, attributes: { turnA, turnB } }, d) => {
      const [a, b] = inputs as [Tensor, Tensor];
      return [
        turnA ? product(b, d, turnB, true) : product(d, b, false, !turnB),
        turnB ? product(d, a, true, turnA) : product(a, d, !turnA, false),
      ];
    },
    evaluate: ([a, b], { attributes: { turnA, turnB } }) =>
      ref.matmul(turnA ? ref.transpose(a!, [1, 0]) : a!, turnB ? ref.transpose(b!, [1, 0]) : b!),
  },
  // [..., m, k] x [..., k, n] → [..., m, n]
  matmul: {
    shape: (inputs) => {
      const [a, b] = inputs as [Tensor, Tensor];
      const lead = a.shape.slice(0, -2);
      const fits = a.shape.length > 1 && a.shape.at(-1) === b.shape.at(-2) && sameShape(lead, b.shape.slice(0, -2));
      matrixRule("matmul", fits, "[..., m, k] and [..., k, n]", inputs);
      return [...lead, a.shape.at(-2)!, b.shape.at(-1)!];
    },
    lower: (emit, [a, b]) => emit.node("MatMul", [a!, b!]),
    pullback: ({ inputs: [a, b] }, d) => [matmul(d, swapLast(b!)), matmul(swapLast(a!), d)],
    evaluate: ([a, b]) => ref.matmul(a!, b!),
  },

  // table [rows, width], indices [...] → [..., width]
  gather: {
    shape: (inputs) => {
      const [table, indices] = inputs as [Tensor, Tensor];
      if (table.shape.length !== 2 || table.shape.includes("batch") || indices.type !== "int32") {
        throw new ShapeError(
          "gather",
          "a table [rows, width] of fixed size and int32 indices",
          inputs.map((x) => x.shape),
        );
      }
      return [...indices.shape, table.shape[1]!];
    },
    lower: (emit, [table, indices]) => emit.node("Gather", [table!, indices!], { axis: 0 }),
    pullback: ({ inputs: [table, indices] }, d) => [scatterAdd(indices!, d, table!.shape[0] as number), null],
    evaluate: ([table, indices], _, shape) =>
      ref.build(shape, (index) => ref.at(table!, [ref.at(indices!, index.slice(0, -1)), index.at(-1)!])),
  },
  // indices [...], updates [..., width] → [rows, width]: rows of updates added where the indices say
  scatterAdd: {
    shape: (inputs, { rows }) => {
      const [indices, updates] = inputs as [Tensor, Tensor];
      if (!sameShape(indices.shape, updates.shape.slice(0, -1)) || typeof updates.shape.at(-1) !== "number") {
        throw new ShapeError(
          "scatterAdd",
          "indices [...] and updates [..., width] of fixed width",
          inputs.map((x) => x.shape),
        );
      }
      return [rows, updates.shape.at(-1)!];
    },
    lower: (emit, [indices, updates], node) => {
      const width = node.shape[1] as number;
      const zeros = emit.floats(new Float32Array(node.attributes.rows * width), [node.attributes.rows, width]);
      const at = emit.node("Reshape", [emit.node("Cast", [indices!], { to: "int64" }), emit.integers([-1, 1])]);
      return emit.node("ScatterND", [zeros, at, flatten(emit, updates!, node.inputs[1]!)], { reduction: "add" });
    },
    pullback: ({ inputs: [indices] }, d) => [null, gather(d, indices!)],
    evaluate: ([indices, updates], _, shape) => {
      const result = { shape, data: new Float64Array(ref.sizeOf(shape)) };
      const width = shape[1]!;
      indices!.data.forEach((row, i) => {
        for (let c = 0; c < width; c++) result.data[row * width + c]! += updates!.data[i * width + c]!;
      });
      return result;
    },
  },

  // x [..., n] → int32 [..., count]: places of the largest along the last axis, largest first, of equal ones the first first
  topIndices: {
    shape: ([x], { count }) => {
      const size = x!.shape.at(-1);
      if (typeof size !== "number" || !Number.isInteger(count) || count < 1 || count > size) {
        throw new ShapeError("topIndices", `a last axis of at least ${count}, which is not the batch`, [x!.shape]);
      }
      return [...x!.shape.slice(0, -1), count];
    },
    lower: (emit, [x], { attributes: { count } }) =>
      emit.node("Cast", [emit.node("TopK", [x!, emit.integers([count])], {}, 2)], { to: "int32" }),
    pullback: () => [null],
    evaluate: ([x], _, shape) => {
      const size = x!.shape.at(-1)!;
      const rows = Array.from({ length: ref.sizeOf(x!.shape.slice(0, -1)) }, (_row, r) => {
        const row = x!.data.subarray(r * size, (r + 1) * size);
        return Array.from(row.keys()).sort((i, j) => row[j]! - row[i]! || i - j);
      });
      return ref.ndarray(
        shape,
        rows.flatMap((order) => order.slice(0, shape.at(-1))),
      );
    },
  },
  // x [..., n], indices [..., k] → [..., k]: elements of each row
  take: {
    shape: (inputs) => {
      const [x, indices] = inputs as [Tensor, Tensor];
      checkPlaces("take", inputs, [x, indices]);
      return indices.shape;
    },
    lower: (emit, [x, indices]) => emit.node("GatherElements", [x!, indices!], { axis: -1 }),
    pullback: ({ inputs: [x, indices] }, d) => [putAdd(indices!, d, x!.shape.at(-1) as number), null],
    evaluate: ([x, indices], _, shape) =>
      ref.build(shape, (index) => ref.at(x!, [...index.slice(0, -1), ref.at(indices!, index)])),
  },
  // The adjoint: indices [..., k], updates [..., k] → [..., size], added to zeros where the indices say
  putAdd: {
    shape: (inputs, { size }) => {
      const [indices, updates] = inputs as [Tensor, Tensor];
      checkPlaces("putAdd", inputs, [updates, indices]);
      if (!sameShape(indices.shape, updates.shape))
        throw new ShapeError("putAdd", "equal shapes", [indices.shape, updates.shape]);
      return [...indices.shape.slice(0, -1), size];
    },
    lower: (emit, [indices, updates], { attributes: { size } }) => {
      const lead = emit.node("Shape", [updates!], { start: 0, end: -1 });
      const zeros = emit.node("ConstantOfShape", [emit.node("Concat", [lead, emit.integers([size])], { axis: 0 })]);
      return emit.node("ScatterElements", [zeros, indices!, updates!], { axis: -1, reduction: "add" });
    },
    pullback: ({ inputs: [indices] }, d) => [null, take(d, indices!)],
    evaluate: ([indices, updates], _, shape) => {
      const result = { shape, data: new Float64Array(ref.sizeOf(shape)) };
      const [size, count] = [shape.at(-1)!, indices!.shape.at(-1)!];
      indices!.data.forEach((place, i) => {
        result.data[Math.floor(i / count) * size + place]! += updates!.data[i]!;
      });
      return result;
    },
  },
  // The value of the first; the plan reads off what a step leaves in the parameter (see runningUpdates in plan.ts).
  track: {
    shape: (inputs) => {
      const [value, running, observed] = inputs as [Tensor, Tensor, Tensor];
      if (running.op !== "parameter" || !sameShape(running.shape, observed.shape)) {
        throw new ShapeError("track", "a parameter and what is observed of it, of one shape", [
          running.shape,
          observed.shape,
        ]);
      }
      return value.shape;
    },
    lower: (_, [value]) => value!,
    pullback: (_, d) => [d, null, null],
    evaluate: ([value]) => value!,
  },

  // [batch, ...grid, channels] → [batch, ...positions, kernel x channels]: the patches under a sliding window (im2col)
  unfold: {
    shape: ([x], windows) => {
      if (!sameShape(x!.shape.slice(1, -1), windows.grid) || typeof x!.shape.at(-1) !== "number") {
        throw new ShapeError("unfold", `[batch, ${windows.grid.join(", ")}, channels]`, [x!.shape]);
      }
      const channels = x!.shape.at(-1) as number;
      return [x!.shape[0]!, ...positions(windows), ref.sizeOf(windows.kernel) * channels];
    },
    lower: (emit, [x], { inputs, shape, attributes: windows }) => {
      const { table, outside } = windowTable(windows);
      return restoreShape(emit, pickRows(emit, x!, outside, inputs[0]!.shape.at(-1) as number, [table]), shape);
    },
    pullback: ({ attributes: windows }, d) => [fold(d, windows)],
    evaluate: ([x], { attributes: windows }, shape) => {
      const { table, outside } = windowTable(windows);
      const rows = { shape: [x!.shape[0]!, outside, x!.shape.at(-1)!], data: x!.data };
      return { shape, data: pickRowsReference(rows, table).data };
    },
  },
  // The adjoint: patches are added back where they came from (col2im)
  fold: {
    shape: ([x], windows) => {
      const channels = (x!.shape.at(-1) as number) / ref.sizeOf(windows.kernel);
      if (!sameShape(x!.shape.slice(1, -1), positions(windows)) || !Number.isInteger(channels)) {
        const expected = [...positions(windows), `${ref.sizeOf(windows.kernel)} x channels`].join(", ");
        throw new ShapeError("fold", `[batch, ${expected}]`, [x!.shape]);
      }
      return [x!.shape[0]!, ...windows.grid, channels];
    },
    lower: (emit, [x], node) => lowerFold(emit, x!, node),
    pullback: ({ attributes: windows }, d) => [unfold(d, windows)],
    evaluate: ([x], { attributes: windows }, shape) => {
      const { table, depth, outside } = reverseTable(windows);
      const picked = pickRowsReference({ shape: [x!.shape[0]!, outside, shape.at(-1)!], data: x!.data }, table);
      const grouped = { shape: [shape[0]!, table.length / depth, depth, shape.at(-1)!], data: picked.data };
      return { shape, data: ref.reduce((a, b) => a + b, 0, grouped, [2], false).data };
    },
  },
};

/** A tensor as a matrix: its leading axes merged. Free in ONNX Runtime. */
function flatten(emit: Emitter, x: string, { shape }: Tensor): string {
  return shape.length === 2 ? x : emit.node("Reshape", [x, emit.integers([-1, shape.at(-1) as number])]);
}

/** Gemm over merged leading axes, with the bias folded in where the lowering found one. */
export function lowerLinear(emit: Emitter, x: string, weight: string, node: Tensor<"linear">, bias?: string): string {
  const inputs = [flatten(emit, x, node.inputs[0]!), weight, ...(bias === undefined ? [] : [bias])];
  const result = emit.node("Gemm", inputs, { transB: node.attributes.transposed ? 1 : 0 });
  if (node.shape.length === 2) return result;
  return restoreShape(emit, result, node.shape);
}

/** `hasZeros`: the patches end with at least one row of zeros that is no window's. */
function lowerFold(emit: Emitter, x: string, { shape, attributes }: Tensor<"fold">, hasZeros = false): string {
  const { table, depth, outside } = reverseTable(attributes);
  const layers = Array.from({ length: depth }, (_, k) => table.filter((_entry, i) => i % depth === k));
  const rows = hasZeros ? outside + ref.sizeOf(attributes.kernel) : outside;
  return restoreShape(emit, pickRows(emit, x, rows, shape.at(-1) as number, layers), shape);
}

/**
 * fold(linear(x, weight)): where cells see fewer windows than others they take zeros, and one position of zeros more in x is a
 * fraction of the rows of zeros that they would be in the product.
 */
export function lowerFoldedLinear(
  emit: Emitter,
  x: string,
  weight: string,
  linearNode: Tensor<"linear">,
  node: Tensor<"fold">,
): string {
  const [source] = linearNode.inputs as [Tensor];
  const places = ref.sizeOf(source.shape.slice(1, -1) as number[]);
  const channels = source.shape.at(-1) as number;
  const grid = emit.node("Reshape", [x, emit.integers([-1, places, channels])]);
  const padded = emit.node("Pad", [grid, emit.integers([0, 0, 0, 0, 1, 0])]);
  const rows = emit.node("Reshape", [padded, emit.integers([-1, channels])]);
  const patches = lowerProduct(emit, rows, weight, { turnA: false, turnB: linearNode.attributes.transposed });
  return lowerFold(emit, patches, node, true);
}

/** One Gemm, with the bias folded in where the lowering found one: [n] or [m, 1]. */
export function lowerProduct(
  emit: Emitter,
  a: string,
  b: string,
  { turnA, turnB }: Attributes["product"],
  bias?: string,
): string {
  const inputs = [a, b, ...(bias === undefined ? [] : [bias])];
  return emit.node("Gemm", inputs, { transA: turnA ? 1 : 0, transB: turnB ? 1 : 0 });
}

/** The table's entry for a node; the one place where name and entry are married for the type checker. */
export const opOf = <K extends OpName>(node: Tensor<K>): Op<K> => ops[node.op] as Op<K>;

export const isPointwise = (node: Tensor): boolean => opOf(node).pointwise === true;

// ── The functions that build nodes ─────────────────────────────────────────────────────────────────────────────────────

/** A number stands for a constant. */
export type Operand = Tensor | number;

const lift = (x: Operand): Tensor => (typeof x === "number" ? constant(x) : x);

/** Which operands of an operation may be int32 or uint8; all others are float32. */
const takesIntegers: { readonly [K in OpName]?: readonly number[] } = {
  cast: [0],
  select: [0],
  axisSize: [0],
  expand: [1],
  reshape: [0],
  gather: [1],
  scatterAdd: [0],
  take: [1],
  putAdd: [0],
};

function make<K extends OpName>(
  op: K,
  inputs: readonly Operand[],
  attributes: Attributes[K],
  type: ElementType = "float32",
): Tensor<K> {
  const tensors = inputs.map(lift);
  const integer = tensors.find((x, i) => x.type !== "float32" && !takesIntegers[op]?.includes(i));
  if (integer) {
    throw new ShapeError(
      op,
      `float32 tensors (${integer.type} becomes one by cast)`,
      tensors.map(({ shape }) => shape),
    );
  }
  return { op, inputs: tensors, attributes, shape: (ops[op] as Op<K>).shape(tensors, attributes), type };
}

/** The same operation over other inputs; its shape follows from them. */
export const rebuild = <K extends OpName>(
  { op, attributes, type }: Tensor<K>,
  inputs: readonly Tensor[],
  changed: Attributes[K] = attributes,
): Tensor<K> => make(op, inputs, changed, type);

/** A value given with each batch. */
export const input = (name: string, shape: Shape, type: ElementType = "float32"): Tensor =>
  make("input", [], { name, source: "feed", shape, type }, type);

/** Noise from the seeded generator that runs beside the graph: standard normal, or uniform in [0, 1). */
export const noise = (name: string, shape: Shape, source: "normal" | "uniform" = "normal"): Tensor =>
  make("input", [], { name, source, shape, type: "float32" });

/** A tensor that training changes. Two parameters of the same name are the same parameter. */
export const parameter = (name: string, shape: readonly number[], initialiser: Initialiser): Tensor =>
  make("parameter", [], { name, shape, initialiser });

export function constant(values: number | ArrayLike<number>, shape?: readonly number[]): Tensor {
  const data = Float32Array.from(typeof values === "number" ? [values] : values);
  const axes = shape ?? (typeof values === "number" ? [] : [data.length]);
  if (ref.sizeOf(axes) !== data.length) throw new ShapeError("constant", `${data.length} values`, [axes]);
  return make("constant", [], { values: data, shape: axes });
}

export const add = (a: Operand, b: Operand): Tensor => make("add", [a, b], {});
export const sub = (a: Operand, b: Operand): Tensor => make("sub", [a, b], {});
export const div = (a: Operand, b: Operand): Tensor => make("div", [a, b], {});
export const maximum = (a: Operand, b: Operand): Tensor => make("maximum", [a, b], {});
/** 1 where a > b, else 0; no gradient. */
export const greater = (a: Operand, b: Operand): Tensor => make("greater", [a, b], {});
/** 1 where a = b, else 0; no gradient. */
export const equal = (a: Operand, b: Operand): Tensor => make("equal", [a, b], {});

/** An expanded factor need not be expanded when the other one already has the shape. */
export function mul(a: Operand, b: Operand): Tensor {
  const [x, y] = [lift(a), lift(b)];
  if (x.op === "expand" && sameShape(x.shape, y.shape)) return make("mul", [x.inputs[0]!, y], {});
  if (y.op === "expand" && sameShape(x.shape, y.shape)) return make("mul", [x, y.inputs[0]!], {});
  return make("mul", [x, y], {});
}

export const neg = (x: Tensor): Tensor => make("neg", [x], {});
export const exp = (x: Tensor): Tensor => make("exp", [x], {});
export const log = (x: Tensor): Tensor => make("log", [x], {});
export const sqrt = (x: Tensor): Tensor => make("sqrt", [x], {});
export const abs = (x: Tensor): Tensor => make("abs", [x], {});
/** -1, 0 or 1; no gradient. */
export const sign = (x: Tensor): Tensor => make("sign", [x], {});
export const relu = (x: Tensor): Tensor => make("relu", [x], {});
export const tanh = (x: Tensor): Tensor => make("tanh", [x], {});
export const sigmoid = (x: Tensor): Tensor => make("sigmoid", [x], {});
/** log(1 + exp(x)), without overflow. */
export const softplus = (x: Tensor): Tensor => make("softplus", [x], {});
/** The error function 2/√π ∫₀ˣ exp(-t²) dt. */
export const erf = (x: Tensor): Tensor => make("erf", [x], {});
/** The value, through which no gradient flows. */
export const stopGradient = (x: Tensor): Tensor => make("stopGradient", [x], {});
/** Integers as float32. */
export const cast = (x: Tensor): Tensor => (x.type === "float32" ? x : make("cast", [x], {}));
/** a where the mask is not 0, else b. A branch that is not chosen gets a gradient of exactly 0. */
export const select = (mask: Tensor, a: Operand, b: Operand): Tensor => make("select", [mask, a, b], {});

const axisOf = (name: OpName, x: Tensor, axis: number): number => {
  if (x.shape.length === 0) throw new ShapeError(name, "at least one axis", [x.shape]);
  return normaliseAxes(name, [axis], x.shape)[0]!;
};
const allAxes = (x: Tensor) => x.shape.map((_, i) => i);

/** Sum over `axes` (all by default; negative ones count from the end). */
export const sum = (x: Tensor, axes: readonly number[] = allAxes(x), keep = false): Tensor =>
  make("sum", [x], { axes: normaliseAxes("sum", axes, x.shape), keep });
/** Σ x² over all elements. */
export const sumOfSquares = (x: Tensor): Tensor => make("sumOfSquares", [x], {});
export const max = (x: Tensor, axes: readonly number[] = allAxes(x), keep = false): Tensor =>
  make("max", [x], { axes: normaliseAxes("max", axes, x.shape), keep });
/**
 * Sums of the elements up to each one along an axis; `exclusive` leaves the element itself out, `reverse` sums from the end.
 */
export const cumulativeSum = (
  x: Tensor,
  axis: number,
  { exclusive = false, reverse = false }: { readonly exclusive?: boolean; readonly reverse?: boolean } = {},
): Tensor => make("cumulativeSum", [x], { axis: axisOf("cumulativeSum", x, axis), exclusive, reverse });
/** Along one axis, the last by default. */
export const softmax = (x: Tensor, axis = -1): Tensor => make("softmax", [x], { axis: axisOf("softmax", x, axis) });
/** Along one axis, the last by default. */
export const logSoftmax = (x: Tensor, axis = -1): Tensor =>
  make("logSoftmax", [x], { axis: axisOf("logSoftmax", x, axis) });
/** Length of an axis as a scalar: a number known now, or the batch size when the graph runs. */
export function axisSize(x: Tensor, axis: number): Tensor {
  const [place] = normaliseAxes("axisSize", [axis], x.shape) as [number];
  const size = x.shape[place]!;
  return typeof size === "number" ? constant(size) : make("axisSize", [x], { axis: place });
}

/** Integers stay integers. */
export const reshape = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : make("reshape", [x], { shape }, x.type);
export const transpose = (x: Tensor, order: readonly number[]): Tensor => make("transpose", [x], { order });
/** x stretched to the shape of `like`. */
export const expand = (x: Tensor, like: Tensor): Tensor =>
  sameShape(x.shape, like.shape) ? x : make("expand", [x, like], {});
export const concat = (inputs: readonly Tensor[], axis: number): Tensor =>
  inputs.length === 1
    ? inputs[0]!
    : make("concat", inputs, { axis: normaliseAxes("concat", [axis], inputs[0]!.shape)[0]! });
/** Elements start..end-1 of an axis. */
export const slice = (x: Tensor, axis: number, start: number, end: number): Tensor =>
  make("slice", [x], { axis: normaliseAxes("slice", [axis], x.shape)[0]!, start, end });
/** Zeros before and after along an axis. */
export const pad = (x: Tensor, axis: number, before: number, after: number): Tensor =>
  before === 0 && after === 0
    ? x
    : make("pad", [x], { axis: normaliseAxes("pad", [axis], x.shape)[0]!, before, after });

/** x [..., in] times weight [in, out] → [..., out]; `transposed` takes weight as [out, in]. */
export const linear = (x: Tensor, weight: Tensor, transposed = false): Tensor =>
  make("linear", [x, weight], { transposed });
/** Sum over leading axes of outer products: [..., m], [..., n] → [m, n]. Over many rows it is faster the tall way round. */
export const outer = (a: Tensor, b: Tensor): Tensor => {
  const [m, n] = [a.shape.at(-1), b.shape.at(-1)];
  const isFlat = a.shape.length > 2 && typeof m === "number" && typeof n === "number" && n >= 2 * m;
  return isFlat ? transpose(make("outer", [b, a], {}), [1, 0]) : make("outer", [a, b], {});
};
/** Matrices a [m, k] times b [k, n]; `turnA` takes a as [k, m], `turnB` takes b as [n, k]. */
export const product = (a: Tensor, b: Tensor, turnA = false, turnB = false): Tensor =>
  make("product", [a, b], { turnA, turnB });
/** [..., m, k] times [..., k, n]. */
export const matmul = (a: Tensor, b: Tensor): Tensor => make("matmul", [a, b], {});
/** Rows of a table [rows, width] by int32 indices. */
export const gather = (table: Tensor, indices: Tensor): Tensor => make("gather", [table, indices], {});
/** Adds updates [..., width] into [rows, width] at the rows that indices [...] name. */
export const scatterAdd = (indices: Tensor, updates: Tensor, rows: number): Tensor =>
  make("scatterAdd", [indices, updates], { rows });
/**
 * Places of the `count` largest elements along the last axis, int32 [..., count], largest first; of equal ones the first comes
 * first. No gradient: `take` has the one of the values.
 */
export const topIndices = (x: Tensor, count: number): Tensor => make("topIndices", [x], { count }, "int32");
/** Elements of rows x [..., n] by int32 indices [..., k] below n → [..., k]. */
export const take = (x: Tensor, indices: Tensor): Tensor => make("take", [x, indices], {});
/** Adjoint of take: updates [..., k] added into zeros [..., size] at the places that indices [..., k] name. */
export const putAdd = (indices: Tensor, updates: Tensor, size: number): Tensor =>
  make("putAdd", [indices, updates], { size });
/**
 * The value itself, gradient and all. Where it is part of a loss, each applied training step leaves
 * (1 - momentum)·running + momentum·observed in the parameter `running`, which then gets no gradient.
 */
export const track = (value: Tensor, running: Tensor, observed: Tensor, momentum: number): Tensor =>
  make("track", [value, running, observed], { momentum });
/** Patches under a sliding window, [batch, ...grid, channels] → [batch, ...positions, kernel x channels]. */
export const unfold = (x: Tensor, windows: Windows): Tensor => make("unfold", [x], windows);
/** Adjoint of unfold: patches added back onto the grid. */
export const fold = (x: Tensor, windows: Windows): Tensor => make("fold", [x], windows);

function swapLast(x: Tensor): Tensor {
  const order = x.shape.map((_, i) => i);
  const last = order.length - 1;
  return transpose(x, [...order.slice(0, -2), last, last - 1]);
}

/** Sums a cotangent over the axes along which its input was stretched. */
function unbroadcast(d: Tensor, shape: Shape): Tensor {
  if (sameShape(d.shape, shape)) return d;
  const lead = d.shape.length - shape.length;
  const axes = d.shape.flatMap((axis, i) => (i < lead || (shape[i - lead] === 1 && axis !== 1) ? [i] : []));
  return reshape(sum(d, axes, true), shape);
}
