/**
 * @file A layer as a function of its parameters too, so that check-graph can judge it by all of them.
 * In: a function of tensors that makes parameters inside, tensors to call it with. Out: the opened function, values for them.
 */
import { isOp, type Tensor, topologicalOrder } from "../tensor.ts";
import { type Argument, argument } from "./check-graph.ts";

export interface Opened {
  /** Takes the inputs, then the parameters in the order of first use. */
  readonly f: (...inputs: Tensor[]) => Tensor;
  readonly names: readonly string[];
  /** Of the parameters, drawn by their names from a normal of deviation ½: sums over a few inputs keep the size of these. */
  readonly parameters: readonly Argument[];
}

export function openParameters(layer: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): Opened {
  const order = topologicalOrder([layer(...inputs)]);
  const shapes = new Map(
    order.flatMap((node) => (isOp(node, "parameter") ? [[node.attributes.name, node.shape]] : [])),
  );
  const names = [...shapes.keys()];
  return {
    names,
    parameters: names.map((name) => argument(shapes.get(name)!, name, (v) => v / 2)),
    f: (...given) => {
      const values = new Map(names.map((name, i) => [name, given[inputs.length + i]!]));
      return replaceParameters(layer(...given.slice(0, inputs.length)), values);
    },
  };
}

function replaceParameters(value: Tensor, values: ReadonlyMap<string, Tensor>): Tensor {
  const replaced = new Map<Tensor, Tensor>();
  for (const node of topologicalOrder([value])) {
    const inputs = node.inputs.map((input) => replaced.get(input)!);
    replaced.set(node, isOp(node, "parameter") ? values.get(node.attributes.name)! : { ...node, inputs });
  }
  return replaced.get(value)!;
}
