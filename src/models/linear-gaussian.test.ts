import { afterAll, expect, test } from "vitest";
import { logNormal, sampleNormal } from "../engine/distributions.ts";
import { mean } from "../engine/functions.ts";
import { dense } from "../engine/layers.ts";
import { nodeRuntime } from "../engine/node/runtime.ts";
import { add, constant, expand, input, linear, neg, noise, parameter, sub, sum } from "../engine/ops.ts";
import { planTraining } from "../engine/plan.ts";
import { random } from "../engine/random.ts";
import { divergenceFromStandard } from "./gaussian.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

/** x = w z + ε with z ~ N(0, 1), ε ~ N(0, σ² I): the one VAE whose marginal likelihood is known exactly. */
const w = [1.5, -0.7, 0.4];
const variance = 0.3;

function exactLogLikelihood(x: ArrayLike<number>): number {
  const length2 = w.reduce((sum, v) => sum + v * v, 0);
  const along = w.reduce((sum, v, i) => sum + v * x[i]!, 0);
  const norm2 = w.reduce((sum, _, i) => sum + x[i]! ** 2, 0);
  // Determinant lemma and Sherman-Morrison for σ²I + w wᵀ.
  const logDeterminant = 3 * Math.log(variance) + Math.log(1 + length2 / variance);
  const distance = (norm2 - along ** 2 / (variance + length2)) / variance;
  return -0.5 * (3 * Math.log(2 * Math.PI) + logDeterminant + distance);
}

test("with a linear-Gaussian decoder the lower bound reaches the exact marginal likelihood, row by row", async () => {
  const x = input("x", ["batch", 3]);
  const posterior = {
    mean: dense(1, { gain: 1 })(x, "mean"),
    logVariance: expand(parameter("log-variance", [1], { kind: "constant", value: 0 }), sum(x, [1], true)),
  };
  const z = sampleNormal(posterior.mean, posterior.logVariance, noise("epsilon", ["batch", 1]));
  const likelihood = sum(logNormal(x, linear(z, constant(w, [1, 3])), constant(Math.log(variance))), [1]);
  const bound = sub(likelihood, divergenceFromStandard(posterior));
  // What one sample says of log p(x): it has no spread at all where q is the true posterior.
  const single = add(
    likelihood,
    sub(
      sum(logNormal(z, constant(0), constant(0)), [1]),
      sum(logNormal(z, posterior.mean, posterior.logVariance), [1]),
    ),
  );
  const trainer = await runtime.train(planTraining(neg(mean(bound)), { bound, single }), 0);

  const rng = random(0, "data");
  const rows = Float32Array.from({ length: 256 }, () => rng.normal()).reduce<number[]>((all, latent) => {
    all.push(...w.map((v) => v * latent + Math.sqrt(variance) * rng.normal()));
    return all;
  }, []);
  const feeds = () => ({ batch: 256, arrays: { x: Float32Array.from(rows) } });
  for (let step = 0; step < 1500; step++) await trainer.step(feeds(), { rate: 0.05 * 0.996 ** step, seed: step });

  const { single: estimates } = await trainer.evaluate(feeds(), 12345);
  for (let row = 0; row < 256; row++) {
    expect(estimates![row]).toBeCloseTo(exactLogLikelihood(rows.slice(3 * row, 3 * row + 3)), 1);
  }
});
