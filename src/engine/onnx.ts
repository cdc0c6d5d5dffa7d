/**
 * @file Lowering: a static graph → one ONNX model that any ONNX runtime can execute.
 * In: named output tensors, and values for those parameters that shall be stored inside. Out: the model's bytes and what it expects.
 */
import onnxProto from "onnx-proto";
import { lowerFoldedLinear, lowerLinear, lowerProduct, opOf } from "./ops.ts";
import { treatmentOf, valuesInParts } from "./parts.ts";
import { intern } from "./simplify.ts";
import {
  type ElementType,
  isOp,
  printShape,
  type Shape,
  sameShape,
  staticSize,
  type Tensor,
  topologicalOrder,
} from "./tensor.ts";

const { onnx } = onnxProto;

/** Newest operator set that the published runtimes of the last years all know. */
const operatorSet = 20;
/** Format version in which operator set 20 was published. */
const irVersion = 9;
const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;

/** What an operation's lowering writes with. Values are named by strings. */
export interface Emitter {
  /** One ONNX node; returns its output, of several the last. */
  node(
    type: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, number | string | readonly number[]>>,
    outputs?: number,
  ): string;
  /** A stored float32 tensor. */
  floats(values: ArrayLike<number>, shape: readonly number[]): string;
  /** A stored int64 tensor; a vector unless a shape is given. */
  integers(values: ArrayLike<number>, shape?: readonly number[]): string;
}

export interface ModelInput {
  readonly name: string;
  readonly shape: Shape;
  readonly type: ElementType;
}

export interface LoweredModel {
  readonly bytes: Uint8Array;
  /** Inputs the caller feeds or the generator fills. */
  readonly inputs: readonly (ModelInput & { readonly source: "feed" | "normal" | "uniform" })[];
  /** Parameters that are inputs because no value was stored, in the order of first use. */
  readonly parameters: readonly Tensor<"parameter">[];
  readonly outputs: readonly string[];
}

export interface LoweringOptions {
  /** Values to store in the model: parameter name → values. Parameters not named here become inputs. */
  readonly stored?: Readonly<Record<string, Float32Array>>;
  /** Into how many parts the batch falls where that keeps large values in the cache (parts.ts); 1 when absent. */
  readonly parts?: number;
}

/**
 * Equal subgraphs are emitted once.
 * @throws Error when a name stands for two things, or when stored values do not fill their parameter
 */
export function lower(
  outputs: Readonly<Record<string, Tensor>>,
  { stored = {}, parts = 1 }: LoweringOptions = {},
): LoweredModel {
  const shared = intern(outputs);
  const order = topologicalOrder(Object.values(shared));
  const uses = countUses(order, Object.values(shared));
  const fusions = new Map(order.flatMap((node) => fusionOf(node, uses) ?? []).map((fusion) => [fusion.node, fusion]));
  const fused = new Set<Tensor>([...fusions.values()].map(({ product }) => product));
  const writer = graphWriter(namesOf(order, Object.keys(shared)));
  const values = valuesInParts(writer.emitter, parts);
  const inputs: LoweredModel["inputs"][number][] = [];
  const parameters: Tensor<"parameter">[] = [];

  for (const node of order) {
    if (isOp(node, "input")) {
      inputs.push(node.attributes);
      values.setWhole(node, node.attributes.name);
    } else if (isOp(node, "parameter")) {
      const filled = stored[node.attributes.name];
      if (filled) writer.store(node.attributes.name, filling(node, filled), node.attributes.shape);
      else parameters.push(node);
      values.setWhole(node, node.attributes.name);
    } else if (!fused.has(node)) {
      const emit = (nameOf: (input: Tensor) => string) => emitNode(writer.emitter, node, fusions.get(node), nameOf);
      const emitPieces = () => Array.from({ length: parts }, (_, part) => emit((input) => values.piece(input, part)));
      const treatment = parts > 1 ? treatmentOf(node) : "whole";
      if (treatment === "rows") values.setPieces(node, emitPieces());
      else values.setWhole(node, treatment === "total" ? writer.emitter.node("Sum", emitPieces()) : emit(values.whole));
    }
  }

  const fed = [
    ...inputs,
    ...parameters.map(({ attributes, shape }) => ({ name: attributes.name, shape, type: "float32" as const })),
  ];
  const declared = Object.entries(shared).map(([name, tensor]) => ({ name, tensor, value: values.whole(tensor) }));
  const bytes = writer.finish(fed, declared);
  return { bytes, inputs, parameters, outputs: Object.keys(outputs) };
}

/** A node, with the product that it absorbs if there is one. */
function emitNode(emit: Emitter, node: Tensor, fusion: Fusion | undefined, nameOf: (input: Tensor) => string): string {
  if (!fusion) return opOf(node).lower(emit, node.inputs.map(nameOf), node);
  const { product } = fusion;
  const [a, b] = product.inputs.map(nameOf) as [string, string];
  if (fusion.kind === "fold") return lowerFoldedLinear(emit, a, b, fusion.product, fusion.node);
  const bias = nameOf(fusion.bias);
  return isOp(product, "linear")
    ? lowerLinear(emit, a, b, product, bias)
    : lowerProduct(emit, a, b, product.attributes, bias);
}

/** The names that the caller chose, of inputs, parameters and outputs. */
function namesOf(order: readonly Tensor[], outputs: readonly string[]): Set<string> {
  const given = order.flatMap((node) => (isOp(node, "input") || isOp(node, "parameter") ? [node.attributes.name] : []));
  const twice = outputs.find((name) => given.includes(name));
  if (twice !== undefined) {
    throw new Error(`Cannot lower the graph: "${twice}" is both an input and an output; give each its own name.`);
  }
  return new Set([...given, ...outputs]);
}

function filling({ attributes: { name, shape } }: Tensor<"parameter">, values: Float32Array): Float32Array {
  const expected = staticSize(shape);
  if (values.length === expected) return values;
  throw new Error(
    `Cannot store parameter "${name}": expected ${printShape(shape)} = ${expected} values, received ${values.length}.`,
  );
}

function countUses(order: readonly Tensor[], outputs: readonly Tensor[]): Map<Tensor, number> {
  const uses = new Map<Tensor, number>();
  for (const used of [...order.flatMap((node) => node.inputs), ...outputs]) uses.set(used, (uses.get(used) ?? 0) + 1);
  return uses;
}

/** A product that nothing else reads, and the node that is lowered together with it. */
type Fusion =
  | {
      readonly kind: "bias";
      readonly node: Tensor;
      readonly product: Tensor<"linear"> | Tensor<"product">;
      readonly bias: Tensor;
    }
  | { readonly kind: "fold"; readonly node: Tensor<"fold">; readonly product: Tensor<"linear"> };

/** `linear + bias` or `product + bias`, where Gemm can stretch the bias, and `fold(linear)`. */
function fusionOf(node: Tensor, uses: Map<Tensor, number>): Fusion | undefined {
  const [product, bias] = node.inputs;
  if (!product || uses.get(product) !== 1) return undefined;
  if (isOp(node, "fold")) return isOp(product, "linear") ? { kind: "fold", node, product } : undefined;
  if (!isOp(node, "add") || !(isOp(product, "linear") || isOp(product, "product"))) return undefined;
  const isRow = sameShape(bias!.shape, [product.shape.at(-1)!]);
  const isColumn = isOp(product, "product") && sameShape(bias!.shape, [product.shape[0]!, 1]);
  return isRow || isColumn ? { kind: "bias", node, product, bias: bias! } : undefined;
}

/** Collects nodes and stored tensors, then writes the protobuf. Values in between get names that are not `taken`. */
function graphWriter(taken: ReadonlySet<string>) {
  const nodes: Parameters<typeof onnx.NodeProto.create>[0][] = [];
  const stored = new Map<string, { dims: readonly number[]; dataType: number; rawData: Uint8Array }>();
  const constants = new Map<string, string>();

  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name);

  const store = (name: string, values: Float32Array | BigInt64Array, dims: readonly number[]) => {
    const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    stored.set(name, {
      dims,
      dataType: values instanceof Float32Array ? elementTypes.float32 : elementTypes.int64,
      rawData,
    });
  };

  const storeOnce = (kind: string, values: Float32Array | BigInt64Array, shape: readonly number[]) => {
    const key = `${kind} ${shape.join("x")} ${values.length > 64 ? `#${stored.size}` : values.join(",")}`;
    const known = constants.get(key);
    if (known !== undefined) return known;
    const name = free(`${kind}_${constants.size}`);
    constants.set(key, name);
    store(name, values, shape);
    return name;
  };

  const emitter: Emitter = {
    node: (type, inputs, attributes = {}, outputs = 1) => {
      const name = `${type.toLowerCase()}_${nodes.length}`;
      const output = Array.from({ length: outputs }, (_, i) => free(i === 0 ? name : `${name}_${i}`));
      const attribute = Object.entries(attributes).map(([key, value]) => attributeOf(key, value));
      nodes.push({ opType: type, input: [...inputs], output, attribute });
      return output.at(-1)!;
    },
    floats: (values, shape) => storeOnce("float", Float32Array.from(values), shape),
    integers: (values, shape = [values.length]) =>
      storeOnce("integer", BigInt64Array.from(Array.from(values, (value) => BigInt(value))), shape),
  };

  const finish = (
    inputs: readonly ModelInput[],
    outputs: readonly { name: string; tensor: Tensor; value: string }[],
  ): Uint8Array => {
    // An output keeps the name the caller chose: the value is renamed where it is made, or copied where it has another name already.
    const renamed = new Map<string, string>();
    const made = new Set(nodes.flatMap((node) => node?.output ?? []));
    for (const { name, value } of outputs) {
      if (made.has(value) && !renamed.has(value)) renamed.set(value, name);
      else nodes.push({ opType: "Identity", input: [value], output: [name] });
    }
    const rename = (name: string) => renamed.get(name) ?? name;
    const graph = onnx.GraphProto.create({
      name: "polyvae",
      node: nodes.map((node) => ({ ...node, input: node!.input!.map(rename), output: node!.output!.map(rename) })),
      initializer: [...stored].map(([name, tensor]) => ({ name, ...tensor, dims: [...tensor.dims] })),
      input: inputs.map((input) => valueInfo(input.name, input.shape, input.type)),
      output: outputs.map(({ name, tensor }) => valueInfo(name, tensor.shape, tensor.type)),
    });
    const model = { irVersion, producerName: "polyvae", opsetImport: [{ domain: "", version: operatorSet }], graph };
    return onnx.ModelProto.encode(model).finish();
  };

  return { emitter, store, finish };
}

function attributeOf(name: string, value: number | string | readonly number[]) {
  const { AttributeType } = onnx.AttributeProto;
  if (name === "to") return { name, type: AttributeType.INT, i: elementTypes[value as keyof typeof elementTypes] };
  if (typeof value === "string") return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  return { name, type: AttributeType.INTS, ints: [...value] };
}

const valueInfo = (name: string, shape: Shape, type: ElementType) => ({
  name,
  type: {
    tensorType: {
      elemType: elementTypes[type],
      shape: { dim: shape.map((axis) => (axis === "batch" ? { dimParam: "batch" } : { dimValue: axis })) },
    },
  },
});
