/**
 * @file Which way round the matrices of a training graph lie in memory. In: named outputs. Out: the same values over a graph
 * whose products run faster: activations [batch, n] are held as [n, batch] wherever that pays.
 *
 * A matrix product copies its second factor into the order that its inner loop wants. In x·Wᵀ that is the weights, which a batch
 * uses for few rows; in W·xᵀ it is the batch, which all rows of W use. Elementwise operations do not care, so whole regions of
 * the graph turn together; where a region meets an operation that wants rows, a transposition stands.
 */
import { isPointwise, product, rebuild, reshape, transpose } from "./ops.ts";
import { intern } from "./simplify.ts";
import { isOp, type Tensor, topologicalOrder } from "./tensor.ts";

/** @param transposition what moving one element costs, in multiplications of a product that turning makes faster */
export function layOut(
  outputs: Readonly<Record<string, Tensor>>,
  transposition = multiplicationsPerTransposition,
): Record<string, Tensor> {
  const shared = intern(outputs);
  const order = topologicalOrder(Object.values(shared));
  const chosen = chooseTurned(order, Object.values(shared), transposition);
  const upright = new Map<Tensor, Tensor>();
  const turned = new Map<Tensor, Tensor>();
  const views: Views = {
    isTurned: (x) => turned.has(x),
    upright: (x) => upright.get(x) ?? transpose(turned.get(x)!, [1, 0]),
    turned: (x) => turned.get(x) ?? transpose(upright.get(x)!, [1, 0]),
  };
  for (const node of order) {
    if (chosen.has(node)) turned.set(node, buildTurned(node, views));
    else upright.set(node, buildUpright(node, views));
  }
  return Object.fromEntries(Object.entries(shared).map(([name, tensor]) => [name, views.upright(tensor)]));
}

/** Measured: a product gains about a fifth of its time; a transposition moves about 1 element in a nanosecond. */
const multiplicationsPerTransposition = 160;

/** A tensor of the old graph in the new one: with its axes as they were, or with both swapped. */
interface Views {
  isTurned(x: Tensor): boolean;
  upright(x: Tensor): Tensor;
  turned(x: Tensor): Tensor;
}

/** [batch, n] with n above 1. */
const isBatchMatrix = ({ shape }: Tensor): boolean =>
  shape.length === 2 && shape[0] === "batch" && typeof shape[1] === "number" && shape[1] > 1;

const isBatchProduct = (node: Tensor): node is Tensor<"linear"> => isOp(node, "linear") && isBatchMatrix(node);

/** Whether the result lies the way its operands do. Integers are not turned. */
const followsOperands = (node: Tensor): boolean =>
  isBatchMatrix(node) &&
  (isPointwise(node) || ["expand", "concat", "slice", "pad"].includes(node.op)) &&
  node.inputs.every(({ type }) => type === "float32");

/** Whether an operation reads a batch matrix either way at no cost. */
const readsEitherWay = (node: Tensor): boolean =>
  followsOperands(node) ||
  isBatchProduct(node) ||
  (isOp(node, "outer") && node.inputs.every(({ shape }) => shape.length === 2)) ||
  ["sum", "max", "sumOfSquares", "axisSize"].includes(node.op);

// ── The choice ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Batch matrices that lie the same way, and what turning them saves: multiplications gain, transposed elements cost. */
interface Region {
  readonly members: Tensor[];
  readonly crossings: Set<Tensor>;
}

function chooseTurned(order: readonly Tensor[], outputs: readonly Tensor[], transposition: number): Set<Tensor> {
  const regions = new Map<Tensor, Region>();
  for (const node of order) {
    if (isBatchProduct(node) || followsOperands(node)) regions.set(node, { members: [node], crossings: new Set() });
    if (followsOperands(node)) for (const operand of node.inputs) join(regions, node, operand);
  }
  for (const node of order) {
    for (const operand of node.inputs.filter(isBatchMatrix)) {
      // Where a region reads what lies upright, and where it is read by what wants it so, the matrix is transposed once.
      if (regions.has(operand)) {
        if (!readsEitherWay(node)) regions.get(operand)!.crossings.add(operand);
      } else if (followsOperands(node)) regions.get(node)!.crossings.add(operand);
    }
  }
  for (const output of outputs) regions.get(output)?.crossings.add(output);
  const paying = [...new Set(regions.values())].filter((region) => savings(region, transposition) > 0);
  return new Set(paying.flatMap(({ members }) => members));
}

function join(regions: Map<Tensor, Region>, a: Tensor, b: Tensor): void {
  const [one, other] = [regions.get(a), regions.get(b)];
  if (!one || !other || one === other) return;
  const [small, large] = one.members.length < other.members.length ? [one, other] : [other, one];
  for (const member of small.members) {
    large.members.push(member);
    regions.set(member, large);
  }
}

const savings = ({ members, crossings }: Region, transposition: number): number =>
  members.reduce((total, node) => total + (isBatchProduct(node) ? widthOf(node) * widthOf(node.inputs[0]!) : 0), 0) -
  [...crossings].reduce((total, node) => total + widthOf(node) * transposition, 0);

const widthOf = (x: Tensor): number => x.shape[1] as number;

// ── The graph that follows from it ─────────────────────────────────────────────────────────────────────────────────────

/** A node as it was, reading turned operands where it can. */
function buildUpright(node: Tensor, views: Views): Tensor {
  const [first] = node.inputs;
  if (isBatchProduct(node) && views.isTurned(first!)) {
    return product(views.turned(first!), views.upright(node.inputs[1]!), true, node.attributes.transposed);
  }
  if (isOp(node, "outer") && node.inputs.some(views.isTurned)) {
    const [a, b] = node.inputs as [Tensor, Tensor];
    return product(eitherWay(a, views), eitherWay(b, views), !views.isTurned(a), views.isTurned(b));
  }
  if (isOp(node, "sumOfSquares") && views.isTurned(first!)) return rebuild(node, [views.turned(first!)]);
  if (isOp(node, "axisSize") && views.isTurned(first!)) {
    return rebuild(node, [views.turned(first!)], { axis: 1 - node.attributes.axis });
  }
  if ((isOp(node, "sum") || isOp(node, "max")) && views.isTurned(first!)) {
    const { axes, keep } = node.attributes;
    const reduced = rebuild(node, [views.turned(first!)], { axes: axes.map((axis) => 1 - axis).sort(), keep });
    return reshape(reduced, node.shape);
  }
  return rebuild(node, node.inputs.map(views.upright));
}

const eitherWay = (x: Tensor, views: Views): Tensor => (views.isTurned(x) ? views.turned(x) : views.upright(x));

/** A [batch, n] node as [n, batch]. */
function buildTurned(node: Tensor, views: Views): Tensor {
  if (isOp(node, "linear")) {
    const [x, weight] = node.inputs as [Tensor, Tensor];
    return product(views.upright(weight), eitherWay(x, views), !node.attributes.transposed, !views.isTurned(x));
  }
  const operands = node.inputs.map((operand) => turnOperand(operand, views));
  return isOp(node, "concat") || isOp(node, "slice") || isOp(node, "pad")
    ? rebuild(node, operands, { ...node.attributes, axis: 1 - node.attributes.axis })
    : rebuild(node, operands);
}

/** What is stretched over [batch, n] as it is stretched over [n, batch]. */
function turnOperand(x: Tensor, views: Views): Tensor {
  if (isBatchMatrix(x)) return views.turned(x);
  const [rows, columns] = x.shape.length === 2 ? x.shape : [1, x.shape[0] ?? 1];
  return rows === 1 && columns === 1 ? views.upright(x) : reshape(views.upright(x), [columns!, rows!]);
}
