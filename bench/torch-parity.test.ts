import { afterAll, expect, test } from "vitest";
import { nodeRuntime } from "../src/engine/node/runtime.ts";
import { gradientPrefix, planTraining } from "../src/engine/plan.ts";
import { random } from "../src/engine/random.ts";
import type { Shape } from "../src/engine/tensor.ts";
import { bindBatch } from "../src/engine/tensor.ts";
import type { BenchCase } from "./cases/case.ts";
import { convVae } from "./cases/conv-vae.ts";
import { mlpVae } from "./cases/mlp-vae.ts";
import { textTransformer } from "./cases/text-transformer.ts";
import { trimodal } from "./cases/trimodal.ts";
import { noTorch, startTorch } from "./torch.ts";

const torch = await startTorch("torch-parity.py");
const runtime = nodeRuntime({ threads: 1 });
afterAll(async () => {
  torch?.stop();
  await runtime.close();
});

/** Every layer of the reported cases, small. Few and many channels are unfolded in different ways; wide layers may be laid out anew. */
const cases: readonly BenchCase[] = [
  mlpVae({ cells: 300, hidden: [256, 160], latent: 8 }),
  convVae({ side: 8, channels: [6, 12], latent: 3 }),
  trimodal({ image: [20, 16, 12], audio: [24, 16, 12], text: [10], letters: 3, alphabet: 5, latent: 4 }),
  textTransformer({ vocabulary: 11, time: 6, width: 12, heads: 3, hidden: 20, blocks: 2, latent: 4 }),
];
const batch = 5;
/**
 * PyTorch computes in float64, so this is float32's own error: 6e-8 a rounding, some hundreds of which meet in a gradient. A
 * wrong factor or a forgotten term is larger by orders of magnitude.
 */
const tolerance = 1e-5;

test.skipIf(!torch).each(cases)(
  `$name: loss and all gradients are PyTorch's${torch ? "" : ` (skipped: ${noTorch})`}`,
  async (one) => {
    const plan = planTraining(one.loss);
    const parameters = plan.parameters.map(({ name, shape }) => ({ name, shape, values: normals(shape, name) }));
    const feeds = one.feeds(batch);
    const [noise] = plan.gradientModel.inputs.filter(({ source }) => source === "normal");
    const epsilon = normals(noise!.shape, "noise");
    const model = await runtime.load(plan.gradientModel.bytes);
    const given = Object.fromEntries(parameters.map(({ name, values }) => [name, values]));
    const ours = await model.run({ batch, arrays: { ...feeds, ...given, [noise!.name]: epsilon } });
    await model.release();
    const said = await torch!.ask({
      case: one.name,
      sizes: one.sizes,
      inputs: Object.fromEntries(
        plan.gradientModel.inputs.flatMap(({ name, shape, type, source }) =>
          source === "feed" ? [[name, { ...plain(shape, feeds[name]!), type }]] : [],
        ),
      ),
      noise: plain(noise!.shape, epsilon),
      parameters: Object.fromEntries(parameters.map(({ name, shape, values }) => [name, plain(shape, values)])),
    });
    const theirs = said as { readonly loss: number; readonly gradients: Readonly<Record<string, readonly number[]>> };
    expect(Math.abs(ours.loss![0]! / theirs.loss - 1), "loss").toBeLessThan(tolerance);
    for (const { name } of parameters) {
      expect(distance(ours[gradientPrefix + name]!, theirs.gradients[name]!), name).toBeLessThan(tolerance);
    }
  },
);

/** Biases and scales too, so that none is at a place where its slope happens to be right. */
function normals(shape: Shape, name: string): Float32Array {
  const rng = random(1, name);
  const bound = bindBatch(shape, batch);
  const deviation = name === "noise" ? 1 : 1 / Math.sqrt(bound.length > 1 ? bound[0]! : 4);
  return Float32Array.from({ length: bound.reduce((a, b) => a * b, 1) }, () => deviation * rng.normal());
}

const plain = (shape: Shape, values: ArrayLike<number>) => ({
  shape: bindBatch(shape, batch),
  values: Array.from(values),
});

/** ‖a − b‖ / ‖b‖ */
function distance(a: ArrayLike<number>, b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  const norm = (values: readonly number[]) => Math.hypot(...values);
  return norm(b.map((value, i) => a[i]! - value)) / norm(b);
}
