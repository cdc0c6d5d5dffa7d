/**
 * @file Common subexpressions: equal nodes become one. In: named outputs. Out: the same outputs over a graph without repeats.
 * Parameters are equal when their names are, inputs likewise: this is what lets a layer be applied twice with shared weights.
 */
import { isOp, printShape, sameShape, type Tensor, topologicalOrder } from "./tensor.ts";

/** @throws Error when a name stands for two different parameters or inputs */
export function intern(outputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const canonical = new Map<Tensor, Tensor>();
  const byKey = new Map<string, Tensor>();
  const ids = new Map<Tensor, number>();
  for (const node of topologicalOrder(Object.values(outputs))) {
    const inputs = node.inputs.map((input) => canonical.get(input)!);
    const key = keyOf(
      node,
      inputs.map((input) => ids.get(input)!),
      ids.size,
    );
    let same = byKey.get(key);
    if (same) checkSameLeaf(node, same);
    else {
      same = inputs.every((input, i) => input === node.inputs[i]) ? node : { ...node, inputs };
      byKey.set(key, same);
      ids.set(same, ids.size);
    }
    canonical.set(node, same);
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, canonical.get(tensor)!]));
}

function keyOf(node: Tensor, inputs: readonly number[], fresh: number): string {
  if (isOp(node, "parameter")) return `leaf ${node.attributes.name}`;
  if (isOp(node, "input")) return `leaf ${node.attributes.name}`;
  // Comparing large constants costs more than storing them twice.
  if (isOp(node, "constant")) {
    const { values, shape } = node.attributes;
    return `constant ${shape.join("x")} ${values.length <= 64 ? values.join(",") : `#${fresh}`}`;
  }
  return `${node.op} ${inputs.join(",")} ${JSON.stringify(node.attributes)}`;
}

function checkSameLeaf(a: Tensor, b: Tensor): void {
  if (!isOp(a, "parameter") && !isOp(a, "input")) return;
  if (a.op === b.op && a.type === b.type && sameShape(a.shape, b.shape)) return;
  throw new Error(
    `Cannot build the graph: "${a.attributes.name}" is both ${b.op} ${printShape(b.shape)} and ${a.op} ${printShape(a.shape)}; ` +
      "give each its own name.",
  );
}
