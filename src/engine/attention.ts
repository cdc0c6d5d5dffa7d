/**
 * @file Attention and the transformer's block (Vaswani 2017; layer norms first, as in Xiong 2020).
 * In: sizes, masks. Out: layers from [batch, time, width] to [batch, time, width].
 */
import { dense, type Layer, sequential } from "./layers.ts";
import { layerNormalisation } from "./normalisation.ts";
import {
  add,
  cast,
  constant,
  matmul,
  mul,
  parameter,
  relu,
  reshape,
  slice,
  softmax,
  stopGradient,
  sub,
  transpose,
} from "./ops.ts";
import { ShapeError, type Tensor } from "./tensor.ts";

export interface AttentionOptions {
  /** The width is split evenly among them. */
  readonly heads: number;
  /** Each place sees itself and those before it. */
  readonly causal?: boolean;
  /** [batch, time] of 0 and 1 over what is attended to: places of 0 are not seen. A row of zeros alone yields zeros. */
  readonly mask?: Tensor;
  /** What is attended to, [batch, memory time, memory width]; x itself when absent. */
  readonly memory?: Tensor;
}

/**
 * softmax(Q·Kᵀ/√d)·V for each head, then a dense layer over the heads side by side (Vaswani 2017, 3.2).
 * @throws ShapeError when the width does not split into heads, a causal memory has another length, or the mask does not fit
 */
export const multiHeadAttention =
  ({ heads, causal = false, mask, memory }: AttentionOptions): Layer =>
  (x, name) => {
    const [, time, width] = x.shape as readonly ["batch", number, number];
    const source = memory ?? x;
    const length = source.shape[1] as number;
    checkShapes(x, source, { heads, causal, mask });
    const head = width / heads;
    // Equal inputs go through one product.
    const projections = memory
      ? [
          dense(width, { gain: 1 })(x, `${name}/query`),
          ...parts(dense(2 * width, { gain: 1 })(memory, `${name}/memory`), 2),
        ]
      : parts(dense(3 * width, { gain: 1 })(x, `${name}/qkv`), 3);
    const [query, key, value] = projections as [Tensor, Tensor, Tensor];
    const split = (tensor: Tensor, places: number) =>
      transpose(reshape(tensor, ["batch", places, heads, head]), [0, 2, 1, 3]);
    const scores = mul(matmul(split(query, time), transpose(split(key, length), [0, 1, 3, 2])), 1 / Math.sqrt(head));
    const seen = mask && reshape(stopGradient(cast(mask)), ["batch", length, 1]);
    const weights = softmax(hide(scores, seen, causal));
    // Where no place is seen all weights fall on hidden ones, which hold zeros.
    const mixed = matmul(weights, split(seen ? mul(value, seen) : value, length));
    const joined = reshape(transpose(mixed, [0, 2, 1, 3]), ["batch", time, width]);
    return dense(width, { gain: 1 })(joined, `${name}/output`);
  };

export interface TransformerOptions extends Omit<AttentionOptions, "memory"> {
  /** Units between the two layers of the feed-forward part. */
  readonly hidden: number;
  readonly activation?: (x: Tensor) => Tensor;
}

/** x + attention(norm(x)), then x + feed-forward(norm(x)); a norm after the last block is the caller's. */
export const transformerBlock =
  ({ hidden, activation = relu, ...attention }: TransformerOptions): Layer =>
  (x, name) => {
    const width = x.shape.at(-1) as number;
    const norm = layerNormalisation();
    const attended = add(x, multiHeadAttention(attention)(norm(x, `${name}/attention-norm`), `${name}/attention`));
    const feed = sequential(dense(hidden), activation, dense(width, { gain: 1 }));
    return add(attended, feed(norm(attended, `${name}/feed-norm`), `${name}/feed`));
  };

/** Adds a learned vector for each place: [batch, time, width] → the same. */
export const learnedPositions: Layer = (x, name) => {
  const [time, width] = x.shape.slice(1) as [number, number];
  return add(x, parameter(`${name}/table`, [time, width], { kind: "normal", deviation: 0.02 }));
};

/** What is added to scores that must not count. What lies ahead is hidden deeper than padding, so that it never shows through. */
const padding = 1e9;
const ahead = 1e18;

function hide(scores: Tensor, seen: Tensor | undefined, causal: boolean): Tensor {
  const length = scores.shape.at(-1) as number;
  const penalties = [
    ...(seen ? [reshape(mul(sub(seen, 1), padding), ["batch", 1, 1, length])] : []),
    ...(causal ? [constant(triangle(length), [length, length])] : []),
  ];
  return penalties.length > 0
    ? add(
        scores,
        penalties.reduce((a, b) => add(a, b)),
      )
    : scores;
}

/** [length, length], row-major: 0 up to the diagonal, far below zero beyond it. */
const triangle = (length: number): Float32Array =>
  Float32Array.from({ length: length ** 2 }, (_, i) => (i % length > Math.floor(i / length) ? -ahead : 0));

/** The last axis in equal parts. */
function parts(x: Tensor, count: number): Tensor[] {
  const width = (x.shape.at(-1) as number) / count;
  return Array.from({ length: count }, (_, i) => slice(x, -1, i * width, (i + 1) * width));
}

function checkShapes(
  x: Tensor,
  source: Tensor,
  { heads, causal, mask }: Pick<AttentionOptions, "heads" | "causal"> & { readonly mask: Tensor | undefined },
): void {
  const check = (fits: boolean, expected: string, tensors: readonly Tensor[]) => {
    if (fits) return;
    throw new ShapeError(
      "attention",
      expected,
      tensors.map(({ shape }) => shape),
    );
  };
  const [batch, time, width] = x.shape;
  const isSequence = x.shape.length === 3 && batch === "batch" && typeof time === "number";
  check(isSequence, "[batch, time, width]", [x]);
  check((width as number) % heads === 0, `a width that splits into ${heads} heads`, [x]);
  check(source.shape.length === 3 && source.shape[0] === "batch", "a memory [batch, time, width]", [source]);
  check(!causal || source.shape[1] === time, "a causal memory as long as what attends to it", [x, source]);
  const fits = mask?.shape.length === 2 && mask.shape[0] === "batch" && mask.shape[1] === source.shape[1];
  if (mask) check(fits, `a mask [batch, ${source.shape[1]}]`, [mask]);
}
