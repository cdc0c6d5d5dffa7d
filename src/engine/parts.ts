/**
 * @file Which nodes of a training graph run a few rows of the batch at a time, so that what passes between them stays in the
 * processor's cache. In: the nodes of a graph and the batch size it will mostly run at. Out: how many parts, and for each node
 * whether it is computed part by part (`rows`), summed over the parts (`total`), or for the whole batch at once.
 *
 * Sliding windows and sequences make matrices of many megabytes: written, read by a product and read again by its gradient, they
 * go through main memory each time. Activations of dense layers are small; there parts would only repeat the work on the weights.
 */
import type { Emitter } from "./onnx.ts";
import { isPointwise } from "./ops.ts";
import { isOp, staticSize, type Tensor } from "./tensor.ts";

export type Treatment = "rows" | "total" | "whole";

const bytesPerPart = 4 * 2 ** 20;
const mostParts = 16;

export function countParts(order: readonly Tensor[], batch: number): number {
  const widest = order.reduce((most, node) => (isWide(node) ? Math.max(most, staticSize(node.shape)) : most), 0);
  return Math.min(mostParts, Math.max(1, Math.round((4 * batch * widest) / bytesPerPart)));
}

export function treatmentOf(node: Tensor): Treatment {
  const isLarge = isWide(node) || node.inputs.some(isWide);
  if (!isLarge || node.inputs.length === 0) return "whole";
  if (isOp(node, "outer") || (isOp(node, "sum") && node.attributes.axes.includes(0))) return "total";
  return startsWithBatch(node) && isRowwise(node) ? "rows" : "whole";
}

/** Batch first and nowhere else. */
export const startsWithBatch = ({ shape }: Tensor): boolean => shape.lastIndexOf("batch") === 0;

const isWide = (x: Tensor): boolean => x.shape.length > 2 && startsWithBatch(x);
const isShared = ({ shape }: Tensor): boolean => !shape.includes("batch");

/** Whether each row of the result depends on the same row of the operands only. */
function isRowwise(node: Tensor): boolean {
  const [first, second] = node.inputs as [Tensor, Tensor];
  const isAligned = (x: Tensor) => isShared(x) || (startsWithBatch(x) && x.shape.length === node.shape.length);
  if (isPointwise(node) || isOp(node, "expand")) return node.inputs.every(isAligned);
  if (isOp(node, "linear")) return startsWithBatch(first) && isShared(second);
  if (isOp(node, "gather")) return isShared(first) && startsWithBatch(second);
  if (!node.inputs.every(startsWithBatch)) return false;
  if (isOp(node, "transpose")) return node.attributes.order[0] === 0;
  if (isOp(node, "concat") || isOp(node, "slice") || isOp(node, "pad")) return node.attributes.axis !== 0;
  if (isOp(node, "softmax") || isOp(node, "logSoftmax")) return node.attributes.axis !== 0;
  if (isOp(node, "sum") || isOp(node, "max")) return !node.attributes.axes.includes(0);
  return isOp(node, "reshape") || isOp(node, "matmul") || isOp(node, "unfold") || isOp(node, "fold");
}

/** The ONNX value of each tensor: of the whole batch, of each part of it, or both once both were asked for. */
export interface Values {
  setWhole(x: Tensor, name: string): void;
  setPieces(x: Tensor, names: readonly string[]): void;
  whole(x: Tensor): string;
  piece(x: Tensor, part: number): string;
}

export function valuesInParts(emit: Emitter, parts: number): Values {
  const wholes = new Map<Tensor, string>();
  const pieces = new Map<Tensor, readonly string[]>();
  /** Where each part begins, and the last one's end: rows of the batch, as vectors of one number. */
  let bounds: readonly string[] | undefined;

  const boundsBy = (x: string): readonly string[] => {
    const rows = emit.node("Shape", [x], { start: 0, end: 1 });
    const share = (part: number) =>
      emit.node("Div", [emit.node("Mul", [rows, emit.integers([part])]), emit.integers([parts])]);
    return [emit.integers([0]), ...Array.from({ length: parts - 1 }, (_, i) => share(i + 1)), rows];
  };

  const split = (x: Tensor): readonly string[] => {
    const name = wholes.get(x)!;
    bounds ??= boundsBy(name);
    return Array.from({ length: parts }, (_, part) =>
      emit.node("Slice", [name, bounds![part]!, bounds![part + 1]!, emit.integers([0])]),
    );
  };

  return {
    setWhole: (x, name) => wholes.set(x, name),
    setPieces: (x, names) => pieces.set(x, names),
    whole: (x) => {
      if (!wholes.has(x)) wholes.set(x, emit.node("Concat", pieces.get(x)!, { axis: 0 }));
      return wholes.get(x)!;
    },
    piece: (x, part) => {
      if (isShared(x)) return wholes.get(x)!;
      if (!pieces.has(x)) pieces.set(x, split(x));
      return pieces.get(x)![part]!;
    },
  };
}
