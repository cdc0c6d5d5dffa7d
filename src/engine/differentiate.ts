/**
 * @file Reverse-mode differentiation, graph to graph. In: a scalar loss and the tensors to differentiate by.
 * Out: one gradient tensor for each, of its shape. Only the paths that lead to those tensors are walked.
 */
import { add, constant, expand, opOf } from "./ops.ts";
import { intern } from "./simplify.ts";
import { ShapeError, type Tensor, topologicalOrder } from "./tensor.ts";

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

  const cotangents = new Map<Tensor, Tensor>([[loss, constant(1)]]);
  for (const node of order.reverse()) {
    const cotangent = cotangents.get(node);
    if (!cotangent || !active.has(node) || node.inputs.length === 0) continue;
    opOf(node)
      .pullback(node, cotangent)
      .forEach((contribution, i) => {
        const input = node.inputs[i]!;
        if (!contribution || !active.has(input)) return;
        const sofar = cotangents.get(input);
        cotangents.set(input, sofar ? add(sofar, contribution) : contribution);
      });
  }
  return by.map((tensor) => cotangents.get(tensor) ?? expand(constant(0), tensor));
}
