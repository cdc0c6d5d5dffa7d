import { expect, test } from "vitest";
import { gradients } from "../engine/differentiate.ts";
import { evaluate } from "../engine/evaluate.ts";
import { input, sum } from "../engine/ops.ts";
import { ndarray } from "../engine/reference.ts";
import { divergence, divergenceFromStandard, type Gaussian, productOfExperts } from "./gaussian.ts";

const gaussian = (name: string): Gaussian => ({
  mean: input(`${name}/mean`, ["batch", 1]),
  logVariance: input(`${name}/log-variance`, ["batch", 1]),
});
const [q, p] = [gaussian("q"), gaussian("p")];
const values = {
  "q/mean": ndarray([2, 1], [0.7, -2]),
  "q/log-variance": ndarray([2, 1], [-1.2, 0.5]),
  "p/mean": ndarray([2, 1], [-0.3, 1]),
  "p/log-variance": ndarray([2, 1], [0.4, -0.6]),
};

/** ∫ q(z) (log q(z) − log p(z)) dz on a fine grid. */
function integral([m1, v1]: [number, number], [m2, v2]: [number, number]): number {
  const log = (z: number, m: number, v: number) => -0.5 * ((z - m) ** 2 / v + Math.log(2 * Math.PI * v));
  const step = 1e-3;
  let total = 0;
  for (let z = -15; z < 15; z += step) total += Math.exp(log(z, m1, v1)) * (log(z, m1, v1) - log(z, m2, v2)) * step;
  return total;
}

test("divergences equal their integrals", () => {
  const { between, standard } = evaluate({ between: divergence(q, p), standard: divergenceFromStandard(q) }, values);
  for (const row of [0, 1]) {
    const at = (name: "q" | "p"): [number, number] => [
      values[`${name}/mean`].data[row]!,
      Math.exp(values[`${name}/log-variance`].data[row]!),
    ];
    expect(between.data[row]).toBeCloseTo(integral(at("q"), at("p")), 6);
    expect(standard.data[row]).toBeCloseTo(integral(at("q"), [0, 1]), 6);
  }
});

const masks = [input("q/present", ["batch"]), input("p/present", ["batch"])];
const joint = productOfExperts([q, p], masks);

test("a product of experts adds precisions; an absent expert counts nothing", () => {
  const { mean, logVariance } = evaluate(
    { ...joint },
    { ...values, "q/present": ndarray([2], [1, 1]), "p/present": ndarray([2], [1, 0]) },
  );
  const [a, b] = [Math.exp(1.2), Math.exp(-0.4)];
  expect(Math.exp(-logVariance.data[0]!)).toBeCloseTo(a + b, 10);
  expect(mean.data[0]).toBeCloseTo((a * 0.7 + b * -0.3) / (a + b), 10);
  expect(mean.data[1]).toBeCloseTo(-2, 10);
  expect(logVariance.data[1]).toBeCloseTo(0.5, 10);
});

test("no gradient reaches an absent expert, and none is NaN, even where its values are not finite", () => {
  const inputs = [q.mean, q.logVariance, p.mean, p.logVariance];
  const slopes = gradients(sum(divergenceFromStandard(joint)), inputs);
  const named = Object.fromEntries(slopes.map((slope, i) => [i, slope]));
  const extreme = { ...values, "p/mean": ndarray([2, 1], [1e3, 1e3]), "p/log-variance": ndarray([2, 1], [8, -8]) };
  const result = evaluate(named, { ...extreme, "q/present": ndarray([2], [1, 1]), "p/present": ndarray([2], [0, 0]) });
  for (const slope of Object.values(result)) expect(Array.from(slope.data).every(Number.isFinite)).toBe(true);
  expect(Array.from(result[2]!.data).map(Math.abs)).toEqual([0, 0]);
  expect(Array.from(result[3]!.data).map(Math.abs)).toEqual([0, 0]);
});
