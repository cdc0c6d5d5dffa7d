/**
 * @file Part of an ONNX model. In: a model's bytes and the names of some of its outputs. Out: a model with only these, and only the
 * nodes, inputs and stored tensors that they need: a runtime works out every output that a model declares.
 */
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;

/** @throws Error naming an output that the model does not have */
export function keepOutputs(bytes: Uint8Array, outputs: readonly string[]): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph!;
  const known = (graph.output ?? []).map(({ name }) => name!);
  const absent = outputs.find((name) => !known.includes(name));
  if (absent !== undefined) {
    throw new Error(`Cannot take the model apart: it has no output "${absent}"; its outputs are ${known.join(", ")}.`);
  }
  const needed = new Set(outputs);
  // Nodes stand in the order in which they run.
  const nodes = (graph.node ?? []).toReversed().filter(({ input, output }) => {
    const isNeeded = (output ?? []).some((name) => needed.has(name));
    if (isNeeded) for (const name of input ?? []) needed.add(name);
    return isNeeded;
  });
  const isNeeded = ({ name }: { name?: string | null }) => needed.has(name!);
  return onnx.ModelProto.encode({
    ...model,
    graph: {
      ...graph,
      node: nodes.reverse(),
      initializer: (graph.initializer ?? []).filter(isNeeded),
      input: (graph.input ?? []).filter(isNeeded),
      output: (graph.output ?? []).filter(({ name }) => outputs.includes(name!)),
    },
  }).finish();
}
