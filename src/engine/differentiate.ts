/**
 * @file Reverse-mode differentiation, graph to graph. In: a scalar loss and the tensors to differentiate by.
 * Out: one gradient tensor for each, of its shape. Only the paths that lead to those tensors are walked.
 */
import { add, concat, constant, expand, opOf, pad } from "./ops.ts";
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
    const own = contributions.get(node);
    if (!own || !active.has(node)) continue;
    const cotangent = total(own);
    cotangents.set(node, cotangent);
    opOf(node)
      .pullback(node, cotangent)
      .forEach((contribution, i) => {
        const input = node.inputs[i]!;
        if (!contribution || !active.has(input)) return;
        const others = contributions.get(input);
        if (others) others.push(contribution);
        else contributions.set(input, [contribution]);
      });
  }
  return by.map((tensor) => cotangents.get(tensor) ?? expand(constant(0), tensor));
}

/** Sum of contributions. Slices that lie side by side come back as pads: put together they need no zeros and no sums. */
function total(contributions: readonly Tensor[]): Tensor {
  const pads = contributions.filter((one) => isOp(one, "pad"));
  const rest = contributions.filter((one) => !isOp(one, "pad"));
  return [...rest, ...joinPads(pads)].reduce(add);
}

function joinPads(pads: readonly Tensor<"pad">[]): Tensor[] {
  const { axis } = pads[0]?.attributes ?? { axis: 0 };
  const along = pads.filter((one) => one.attributes.axis === axis);
  const others = pads.filter((one) => one.attributes.axis !== axis);
  // Runs of neighbours, each with the place where it ends.
  const runs: { parts: Tensor<"pad">[]; end: number }[] = [];
  for (const one of along.toSorted((a, b) => a.attributes.before - b.attributes.before)) {
    const end = one.attributes.before + (one.inputs[0]!.shape[axis] as number);
    const run = runs.find((known) => known.end === one.attributes.before);
    if (run) Object.assign(run, { parts: [...run.parts, one], end });
    else runs.push({ parts: [one], end });
  }
  const joined = runs.map(({ parts }) => {
    const [first, last] = [parts[0]!, parts.at(-1)!];
    if (parts.length === 1) return first;
    const whole = concat(
      parts.map(({ inputs: [slice] }) => slice!),
      axis,
    );
    return pad(whole, axis, first.attributes.before, last.attributes.after);
  });
  return others.length > 0 ? [...joined, ...joinPads(others)] : joined;
}
