/**
 * @file Reverse-mode differentiation, graph to graph. In: a scalar loss and the tensors to differentiate by.
 * Out: one gradient tensor for each, of its shape. Only the paths that lead to those tensors are walked.
 */
import { add, concat, constant, expand, opOf } from "./ops.ts";
import { intern } from "./simplify.ts";
import { isOp, ShapeError, type Tensor, topologicalOrder } from "./tensor.ts";

/**
 * Zeros where the loss does not depend on a tensor.
 * @param of the loss, [] @param by parameters, inputs or any tensors in between; equal ones count as one, as in `lower`
 * @throws ShapeError when the loss is not a scalar; Error when a name stands for two things
 */
export function gradients(of: Tensor, by: readonly Tensor[]): Tensor[] {
  if (of.shape.length > 0) throw new ShapeError("gradients", "a scalar loss []", [of.shape]);
  const shared = intern({ ...Object.fromEntries(by.entries()), loss: of });
  return differentiate(
    shared.loss!,
    by.map((_, i) => shared[i]!),
  );
}

function differentiate(loss: Tensor, by: readonly Tensor[]): Tensor[] {
  const order = topologicalOrder([loss]);
  const active = new Set<Tensor>(by);
  for (const node of order) if (node.inputs.some((input) => active.has(input))) active.add(node);

  const contributions = new Map<Tensor, Tensor[]>([[loss, [constant(1)]]]);
  const cotangents = new Map<Tensor, Tensor>();
  for (const node of order.reverse()) {
    const received = contributions.get(node);
    if (!received || !active.has(node)) continue;
    const cotangent = total(received);
    cotangents.set(node, cotangent);
    opOf(node)
      .pullback(node, cotangent)
      .forEach((contribution, i) => {
        const input = node.inputs[i]!;
        if (!contribution || !active.has(input)) return;
        contributions.set(input, [...(contributions.get(input) ?? []), contribution]);
      });
  }
  return by.map((tensor) => cotangents.get(tensor) ?? expand(constant(0), tensor));
}

/** The sum of what a tensor's readers contribute. */
const total = (contributions: readonly Tensor[]): Tensor =>
  joinPads(contributions) ?? contributions.reduce((a, b) => add(a, b));

/** Slices that share a tensor out send back pads that do not overlap: side by side they are the sum, with no zeros to add. */
function joinPads(contributions: readonly Tensor[]): Tensor | undefined {
  const pads = contributions.filter((part) => isOp(part, "pad"));
  const [first] = pads;
  if (!first || pads.length < contributions.length || pads.length < 2) return undefined;
  const { axis } = first.attributes;
  const inOrder = pads.sort((a, b) => a.attributes.before - b.attributes.before);
  let end = 0;
  for (const { attributes, inputs } of inOrder) {
    if (attributes.axis !== axis || attributes.before !== end) return undefined;
    end += inputs[0]!.shape[axis] as number;
  }
  return end === first.shape[axis]
    ? concat(
        inOrder.map(({ inputs }) => inputs[0]!),
        axis,
      )
    : undefined;
}
