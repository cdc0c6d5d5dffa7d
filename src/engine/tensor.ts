/**
 * @file Tensors of a static graph: what one is, and the arithmetic of shapes.
 * In: nothing. Out: immutable nodes that know their operation, inputs and shape. A graph is the tensors reachable from its
 * outputs; there is no ambient trace. One axis may be the symbol "batch", bound when the graph runs; all others are numbers.
 */
import type { Attributes, OpName } from "./ops.ts";

export type Axis = number | "batch";
export type Shape = readonly Axis[];
export type ElementType = "float32" | "int32" | "uint8";

export interface Tensor<K extends OpName = OpName> {
  readonly op: K;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes[K];
  readonly shape: Shape;
  readonly type: ElementType;
}

export const isOp = <K extends OpName>(node: Tensor, op: K): node is Tensor<K> => node.op === op;

/** A graph that cannot be built: names the operation, the axes expected and those received. */
export class ShapeError extends Error {
  constructor(op: string, expected: string, received: readonly Shape[]) {
    super(
      `Cannot build "${op}": expected ${expected}, received ${received.map(printShape).join(" and ") || "nothing"}.`,
    );
    this.name = "ShapeError";
  }
}

export const printShape = (shape: Shape): string => `[${shape.join(", ")}]`;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((axis, i) => axis === b[i]);

/** Number of elements without the batch axis. */
export const staticSize = (shape: Shape): number =>
  shape.reduce<number>((size, axis) => (axis === "batch" ? size : size * axis), 1);

/** Shape of an elementwise operation: axes are aligned at the end, and an axis of 1 stretches. */
export function broadcast(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw new ShapeError(op, "axes that are equal or 1 when aligned at the end", [a, b]);
    return x === 1 ? y : x;
  });
}

/** Negative axes count from the end. The result is sorted. @throws ShapeError for an axis that is not there or named twice */
export function normaliseAxes(op: string, axes: readonly number[], shape: Shape): number[] {
  const found = axes.map((axis) => (axis < 0 ? axis + shape.length : axis));
  const isKnown = (axis: number, i: number) => shape[axis] !== undefined && found.indexOf(axis) === i;
  if (!found.every(isKnown)) {
    throw new ShapeError(op, `axes within the tensor's rank, each once, asked for ${axes.join(", ")}`, [shape]);
  }
  return found.sort((a, b) => a - b);
}

/** Shape after reducing `axes`; kept ones become 1. */
export const reducedShape = (shape: Shape, axes: readonly number[], keep: boolean): Shape =>
  keep ? shape.map((axis, i) => (axes.includes(i) ? 1 : axis)) : shape.filter((_, i) => !axes.includes(i));

/** The batch axis replaced by its size. */
export const bindBatch = (shape: Shape, batch: number): number[] =>
  shape.map((axis) => (axis === "batch" ? batch : axis));

/** Tensors reachable from `outputs`, inputs before users, each once. Iterative: graphs may be deep. */
export function topologicalOrder(outputs: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const stack: { tensor: Tensor; next: number }[] = [];
  const visit = (tensor: Tensor) => {
    if (seen.has(tensor)) return;
    seen.add(tensor);
    stack.push({ tensor, next: 0 });
  };
  for (const output of outputs) {
    visit(output);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.tensor.inputs[top.next++];
      if (input) visit(input);
      else {
        order.push(top.tensor);
        stack.pop();
      }
    }
  }
  return order;
}
