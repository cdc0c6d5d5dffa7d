/**
 * @file The reference evaluation of a graph, in float64. In: named outputs and a value for every input and parameter.
 * Out: the outputs' values. Slow and plain: tests hold ONNX Runtime and every derivative against it.
 */
import { opOf } from "./ops.ts";
import type { NdArray } from "./reference.ts";
import { bindBatch, isOp, type Tensor, topologicalOrder } from "./tensor.ts";

/** @throws Error naming an input or parameter that was not given */
export function evaluate<K extends string>(
  outputs: Readonly<Record<K, Tensor>>,
  values: Readonly<Record<string, NdArray>>,
): Record<K, NdArray> {
  const order = topologicalOrder(Object.values<Tensor>(outputs));
  const known = new Map<Tensor, NdArray>();
  const batch = batchSize(order, values);
  for (const node of order) {
    if (isOp(node, "input") || isOp(node, "parameter")) {
      const value = values[node.attributes.name];
      if (!value) throw new Error(`Cannot evaluate the graph: no value for ${node.op} "${node.attributes.name}".`);
      known.set(node, value);
    } else {
      const inputs = node.inputs.map((input) => known.get(input)!);
      known.set(node, opOf(node).evaluate(inputs, node, bindBatch(node.shape, batch)));
    }
  }
  const entries = Object.entries<Tensor>(outputs).map(([name, tensor]) => [name, known.get(tensor)!]);
  return Object.fromEntries(entries) as Record<K, NdArray>;
}

/** Size of the batch axis, read off the first input that has one; 1 where none has. */
function batchSize(order: readonly Tensor[], values: Readonly<Record<string, NdArray>>): number {
  for (const node of order) {
    const axis = node.shape.indexOf("batch");
    if (isOp(node, "input") && axis >= 0) return values[node.attributes.name]?.shape[axis] ?? 1;
  }
  return 1;
}
