import { expect, test } from "vitest";
import { evaluate } from "../engine/evaluate.ts";
import { input } from "../engine/ops.ts";
import { ndarray } from "../engine/reference.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Evidence, elbo, lowerBound, mvtcae } from "./objectives.ts";

const gaussian = (name: string) => ({
  mean: input(`${name}/mean`, ["batch", 1]),
  logVariance: input(`${name}/logv`, ["batch", 1]),
});
const one = (name: string, scale: number) => ({
  posterior: gaussian(name),
  present: input(`${name}/present`, ["batch"]),
  given: input(`${name}/present`, ["batch"]),
  logLikelihood: input(`${name}/loglik`, ["batch"]),
  scale,
});
const evidence: Evidence = { joint: gaussian("q"), modalities: { a: one("a", 2), b: one("b", 3) } };
const beta = input("beta", []);

/** Two rows: both modalities; only a. */
const rows = {
  q: { mean: [0.5, -1], logv: [-1, 0.2] },
  a: { mean: [0.1, -0.7], logv: [-0.5, 0], present: [1, 1], loglik: [-4, -5] },
  b: { mean: [0.9, 3], logv: [0.3, 1], present: [1, 0], loglik: [-7, -100] },
};
const values = Object.fromEntries([
  ["beta", ndarray([], [2.5])],
  ...Object.entries(rows).flatMap(([name, own]) =>
    Object.entries(own).map(
      ([key, list]) => [`${name}/${key}`, ndarray(["mean", "logv"].includes(key) ? [2, 1] : [2], list)] as const,
    ),
  ),
]);
const compute = (tensor: Tensor) => Array.from(evaluate({ tensor }, values).tensor.data);

const kl = (m1: number, l1: number, m2: number, l2: number) =>
  0.5 * (l2 - l1 + (Math.exp(l1) + (m1 - m2) ** 2) / Math.exp(l2) - 1);
const standard = [0, 1].map((i) => kl(rows.q.mean[i]!, rows.q.logv[i]!, 0, 0));
const fromOwn = (name: "a" | "b", i: number) =>
  kl(rows.q.mean[i]!, rows.q.logv[i]!, rows[name].mean[i]!, rows[name].logv[i]!);

test("the lower bound is unrescaled and counts only what is present", () => {
  expect(compute(lowerBound(evidence))).toEqual([
    expect.closeTo(-11 - standard[0]!, 5),
    expect.closeTo(-5 - standard[1]!, 5),
  ]);
});

test("ELBO is equation 3, scaled per modality, averaged over the batch", () => {
  const expected = (2 * 4 + 3 * 7 + 2.5 * standard[0]! + 2 * 5 + 2.5 * standard[1]!) / 2;
  expect(compute(elbo(evidence, { beta }))[0]).toBeCloseTo(expected, 5);
});

test("MVTCAE is equation 9 with M the modalities of the row", () => {
  const alpha = 5 / 6;
  const row0 =
    ((2 - alpha) / 2) * (2 * 4 + 3 * 7) +
    2.5 * ((1 - alpha) * standard[0]! + (alpha / 2) * (fromOwn("a", 0) + fromOwn("b", 0)));
  const row1 = (1 - alpha) * 2 * 5 + 2.5 * ((1 - alpha) * standard[1]! + alpha * fromOwn("a", 1));
  expect(compute(mvtcae(alpha)(evidence, { beta }))[0]).toBeCloseTo((row0 + row1) / 2, 5);
});

test("a model of one modality weighs likelihood and divergence as a row of two does", () => {
  const alpha = 5 / 6;
  const single: Evidence = { joint: evidence.joint, modalities: { a: evidence.modalities.a! } };
  const row = (i: number, loglik: number) =>
    ((2 - alpha) / 2) * 2 * -loglik + 2.5 * ((1 - alpha) * standard[i]! + (alpha / 2) * fromOwn("a", i));
  expect(compute(mvtcae(alpha)(single, { beta }))[0]).toBeCloseTo((row(0, -4) + row(1, -5)) / 2, 5);
});
