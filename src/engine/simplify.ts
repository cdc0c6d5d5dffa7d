/**
 * @file Common subexpressions: equal nodes become one. In: named outputs. Out: the same outputs over a graph without repeats.
 * Parameters are equal when their names are, inputs likewise: this is what lets a layer be applied twice with shared weights.
 */
import { isOp, printShape, sameShape, type Tensor, topologicalOrder } from "./tensor.ts";

/** @throws Error when a name stands for two different parameters or inputs, or for one that is filled in two ways */
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
  if (isLeaf(node)) return `leaf ${node.attributes.name}`;
  // Comparing large constants costs more than storing them twice.
  if (isOp(node, "constant")) {
    const { values, shape } = node.attributes;
    return `constant ${shape.join("x")} ${values.length <= 64 ? values.join(",") : `#${fresh}`}`;
  }
  return `${node.op} ${inputs.join(",")} ${JSON.stringify(node.attributes)}`;
}

function checkSameLeaf(a: Tensor, b: Tensor): void {
  if (!isLeaf(a) || !isLeaf(b) || describeLeaf(a) === describeLeaf(b)) return;
  const filled = a.op === b.op && sameShape(a.shape, b.shape) ? ", of different types or first values" : "";
  throw new Error(
    `Cannot build the graph: "${a.attributes.name}" is both ${b.op} ${printShape(b.shape)} and ${a.op} ${printShape(a.shape)}${filled}; ` +
      "give each its own name.",
  );
}

type Leaf = Tensor<"parameter"> | Tensor<"input">;
const isLeaf = (node: Tensor): node is Leaf => isOp(node, "parameter") || isOp(node, "input");

/** Everything by which two leaves of one name may differ. */
const describeLeaf = (node: Leaf): string =>
  isOp(node, "parameter")
    ? JSON.stringify([node.op, node.shape, Object.entries(node.attributes.initialiser).sort()])
    : JSON.stringify([node.op, node.shape, node.type, node.attributes.source]);
