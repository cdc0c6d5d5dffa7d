/**
 * @file The arithmetic that a loss asks for. In: a loss, a batch size. Out: floating point operations.
 * Counted are the multiplications and additions of the matrix products in loss and gradients, 2 for each pair: dense layers,
 * attention, and convolutions as products of patches with weights, which is what a convolution of any kind multiplies. Element
 * by element work, reductions, noise and the optimiser count for nothing, so a share of the peak understates what was done.
 */
import { gradients } from "../src/engine/differentiate.ts";
import { intern } from "../src/engine/simplify.ts";
import { bindBatch, isOp, type Tensor, topologicalOrder } from "../src/engine/tensor.ts";

export function countFlops(loss: Tensor, batch: number): number {
  const shared = intern({ loss }).loss!;
  const parameters = topologicalOrder([shared]).filter((node) => isOp(node, "parameter"));
  const graph = intern(Object.fromEntries([shared, ...gradients(shared, parameters)].entries()));
  const size = ({ shape }: Tensor) => bindBatch(shape, batch).reduce((a, b) => a * b, 1);
  return topologicalOrder(Object.values(graph)).reduce((flops, node) => {
    const [a] = node.inputs;
    if (isOp(node, "linear") || isOp(node, "matmul")) return flops + 2 * size(node) * (a!.shape.at(-1) as number);
    if (isOp(node, "outer")) return flops + 2 * size(node) * (size(a!) / (a!.shape.at(-1) as number));
    return flops;
  }, 0);
}
