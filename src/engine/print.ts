/**
 * @file A graph as text, one line for each tensor, for people and for tests.
 * In: named outputs. Out: lines such as `%2 = linear(%0, encoder/0/weight) [batch, 64]`.
 */
import { intern } from "./simplify.ts";
import { isOp, printShape, type Tensor, topologicalOrder } from "./tensor.ts";

export function printGraph(outputs: Readonly<Record<string, Tensor>>): string {
  const shared = intern(outputs);
  const names = new Map<Tensor, string>();
  const lines: string[] = [];
  for (const node of topologicalOrder(Object.values(shared))) {
    if (isOp(node, "parameter")) names.set(node, node.attributes.name);
    else if (isOp(node, "constant") && node.attributes.values.length === 1)
      names.set(node, `${node.attributes.values[0]}`);
    else {
      const name = `%${lines.length}`;
      names.set(node, name);
      lines.push(`${name} = ${describe(node, names)} ${printShape(node.shape)}`);
    }
  }
  const results = Object.entries(shared).map(([name, tensor]) => `${name}: ${names.get(tensor)}`);
  return [...lines, `return { ${results.join(", ")} }`].join("\n");
}

function describe(node: Tensor, names: Map<Tensor, string>): string {
  if (isOp(node, "input")) return `${node.attributes.source} "${node.attributes.name}" ${node.type}`;
  if (isOp(node, "constant")) return "constant";
  const inputs = node.inputs.map((input) => names.get(input));
  const attributes = Object.entries(node.attributes).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `${node.op}(${[...inputs, ...attributes].join(", ")})`;
}
