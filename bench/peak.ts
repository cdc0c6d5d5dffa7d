/**
 * @file The machine's own ceiling, so that a step can be told as a share of it. In: a number of threads. Out: GFLOP/s.
 *
 * What is measured is not the data sheet's figure but the best rate that ONNX Runtime reaches in single precision matrix
 * products, a practical ceiling: 2 · rows · inner · columns operations a product, over the least wall time of many runs.
 * On a Zen 4 core with AVX-512 that is 111 GFLOP/s, where a loop in C of nothing but FMAs in registers reaches 117: shares
 * of the true peak are a twentieth smaller there.
 * Each session runs a chain of products, so that starting a run and copying its result out do not count.
 */
import onnxProto from "onnx-proto";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { random } from "../src/engine/random.ts";

/** The best size differs between machines: large products reuse their caches better, small ones fit into them. */
const SIZES = [512, 1024, 2048] as const;
/** Operations in one chain: long enough to time, short enough that other work on the machine spares some runs. */
const OPERATIONS_PER_RUN = 2 ** 32;
const SECONDS_PER_SIZE = 1.5;
const LEAST_RUNS = 5;

/** The best single precision matrix product rate of this machine with `threads` threads, in GFLOP/s. */
export async function peakGflops(threads: number): Promise<number> {
  let best = 0;
  for (const size of SIZES) best = Math.max(best, await productRate(size, threads));
  return best;
}

async function productRate(size: number, threads: number): Promise<number> {
  const products = Math.max(1, Math.round(OPERATIONS_PER_RUN / (2 * size ** 3)));
  const session = await InferenceSession.create(productChain(size, products), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    // Threads that wait in a loop are the fastest here: nothing else of ours runs, and only the time that passes counts.
    extra: { session: { intra_op: { allow_spinning: "1" } } },
  });
  try {
    const x = new Tensor("float32", normals(size, "left"), [size, size]);
    await session.run({ x });
    let least = Infinity;
    const end = performance.now() + 1000 * SECONDS_PER_SIZE;
    for (let run = 0; run < LEAST_RUNS || performance.now() < end; run++) {
      const start = performance.now();
      await session.run({ x });
      least = Math.min(least, performance.now() - start);
    }
    return (2 * size ** 3 * products) / least / 1e6;
  } finally {
    await session.release();
  }
}

/** x → x·W·W·… → its first row: W is stored, so that the runtime packs it once as it does with weights. */
function productChain(size: number, products: number): Uint8Array {
  const { onnx } = onnxProto;
  const weights = normals(size, "right");
  // Products of this W keep the size of their entries: no overflow, no denormals, which would be slower.
  for (let i = 0; i < weights.length; i++) weights[i]! /= Math.sqrt(size);
  const float = onnx.TensorProto.DataType.FLOAT;
  const matrix = (name: string, rows: number) => ({
    name,
    type: { tensorType: { elemType: float, shape: { dim: [{ dimValue: rows }, { dimValue: size }] } } },
  });
  const node = Array.from({ length: products }, (_, i) => ({
    opType: "MatMul",
    input: [i === 0 ? "x" : `x${i}`, "w"],
    output: [`x${i + 1}`],
  }));
  node.push({ opType: "Gather", input: [`x${products}`, "first"], output: ["y"] });
  return onnx.ModelProto.encode({
    irVersion: 9,
    opsetImport: [{ domain: "", version: 20 }],
    graph: {
      name: "peak",
      node,
      initializer: [
        { name: "w", dataType: float, dims: [size, size], rawData: new Uint8Array(weights.buffer) },
        { name: "first", dataType: onnx.TensorProto.DataType.INT64, dims: [1], rawData: new Uint8Array(8) },
      ],
      input: [matrix("x", size)],
      output: [matrix("y", 1)],
    },
  }).finish();
}

function normals(size: number, name: string): Float32Array<ArrayBuffer> {
  const rng = random(0, `peak ${name}`);
  return Float32Array.from({ length: size * size }, () => rng.normal());
}
