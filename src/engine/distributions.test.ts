import { afterAll, describe, expect, test } from "vitest";
import {
  logCategorical,
  logDiscretisedLogisticMixture,
  logLaplace,
  logLogistic,
  logNormal,
  sampleGumbelSoftmax,
  sampleLaplace,
  sampleLogistic,
  sampleNormal,
} from "./distributions.ts";
import { evaluate } from "./evaluate.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { constant, input } from "./ops.ts";
import { random } from "./random.ts";
import { ndarray } from "./reference.ts";
import type { Tensor } from "./tensor.ts";
import { type Argument, argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const x = argument(["batch", 4], "x");
const mean = argument(["batch", 4], "y");
const row = argument([4], "v");
const extreme: Argument = { shape: ["batch", 4], values: [-80, 80, -20, 20, 1e3, -1e3, 0.1, -0.1, 7, -7, 1, 2] };
/** Both ends among them: 0, and 1, to which float32 rounds the largest. */
const uniform = [0, 0.25, 0.4999, 1, 0.5001, 0.75, 2 ** -32, 0.9, 0.1, 1 - 2 ** -24, 0.6, 0.3];
/** Away from the ends, where the samples are clipped, and from the middle, where Laplace's has a corner. */
const inner: Argument = {
  shape: ["batch", 4],
  values: [0.01, 0.25, 0.4, 0.99, 0.6, 0.75, 0.2, 0.9, 0.1, 0.8, 0.7, 0.3],
};
const marks: Argument = { shape: ["batch", 4], values: [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0] };

type Case = readonly [f: (...inputs: Tensor[]) => Tensor, ...args: Argument[]];
const scaled = { shape: ["batch", 4], values: Array.from({ length: 12 }, (_, i) => (i % 4) - 2) } as const;

const densities: Record<string, Case[]> = {
  normal: [
    [(a, m, s) => logNormal(a!, m!, s!), x, mean, row],
    [(a, s) => logNormal(a!, 0, s!), x, row],
    [(s) => logNormal(1, 0.5, s!), x],
  ],
  Laplace: [
    [(a, m, s) => logLaplace(a!, m!, s!), x, mean, row],
    [(a, s) => logLaplace(a!, 0, s!), extreme, scaled],
  ],
  logistic: [
    [(a, m, s) => logLogistic(a!, m!, s!), x, mean, row],
    [(a, s) => logLogistic(a!, 0, s!), extreme, scaled],
  ],
  categorical: [
    [(a, l) => logCategorical(a!, l!), marks, mean],
    [(a, l) => logCategorical(a!, l!), marks, extreme],
  ],
  "sample of normal": [[(m, v, e) => sampleNormal(m!, v!, e!), x, mean, row]],
  "sample of Laplace": [[(m, s, u) => sampleLaplace(m!, s!, u!), x, mean, inner]],
  "sample of logistic": [[(m, s, u) => sampleLogistic(m!, s!, u!), x, mean, inner]],
  "sample of Gumbel-softmax": [
    [(l, u) => sampleGumbelSoftmax(l!, 0.7, u!), x, inner],
    [(l, t, u) => sampleGumbelSoftmax(l!, t!, u!), x, { shape: [1], values: [0.9] }, inner],
  ],
};

test.each(Object.entries(densities))(
  "%s: float32 equals float64, derivatives equal central differences",
  async (_, cases) => {
    for (const [f, ...args] of cases) {
      await checkLowering(runtime, f, args);
      checkDerivative(f, args);
    }
  },
);

const valuesAt = (f: (a: Tensor) => Tensor, values: readonly number[]) =>
  Array.from(evaluate({ y: f(input("a", [values.length])) }, { a: ndarray([values.length], values) }).y.data);
const steps = Array.from({ length: 40_000 }, (_, i) => (i - 20_000) * 2e-3);

test.each([
  ["normal", (a: Tensor) => logNormal(a, 0.3, constant(0.4))],
  ["Laplace", (a: Tensor) => logLaplace(a, 0.3, constant(0.4))],
  ["logistic", (a: Tensor) => logLogistic(a, 0.3, constant(0.4))],
])("the density of %s integrates to 1 around its mean", (_, density) => {
  const p = valuesAt(density, steps).map((log) => Math.exp(log) * 2e-3);
  expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  expect(p.reduce((total, share, i) => total + share * steps[i]!, 0)).toBeCloseTo(0.3, 5);
});

describe("samples", () => {
  const count = 20_000;
  const rng = random(5, "samples");
  const draws = Array.from({ length: count }, rng.uniform);
  const moments = (values: readonly number[]) => {
    const centre = values.reduce((a, b) => a + b, 0) / count;
    return [centre, values.reduce((total, value) => total + (value - centre) ** 2, 0) / count] as const;
  };

  // Variance of Laplace 2b², of the logistic s²π²/3.
  test.each([
    ["Laplace", sampleLaplace, 2 * 0.25],
    ["logistic", sampleLogistic, (Math.PI ** 2 / 3) * 0.25],
  ] as const)("of %s have its mean and variance", (_, sample, expected) => {
    const [centre, variance] = moments(valuesAt((u) => sample(constant(1.5), constant(Math.log(0.5)), u), draws));
    expect(Math.abs(centre - 1.5)).toBeLessThan(0.02);
    expect(Math.abs(variance / expected - 1)).toBeLessThan(0.05);
  });

  test("of Gumbel-softmax have their largest entry as often as the class's probability", () => {
    const p = [0.6, 0.3, 0.1];
    const u = input("u", ["batch", 3]);
    const values = Array.from({ length: 3 * count }, rng.uniform);
    const { y } = evaluate(
      { y: sampleGumbelSoftmax(constant(p.map(Math.log)), 0.5, u) },
      { u: ndarray([count, 3], values) },
    );
    const wins = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      const one = y.data.subarray(3 * i, 3 * i + 3);
      wins[one.indexOf(Math.max(...one))]!++;
      expect(one.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
    }
    for (const [i, share] of p.entries()) expect(Math.abs(wins[i]! / count - share)).toBeLessThan(0.02);
  });

  test("are finite where the noise is 0 or rounds to 1, with finite gradients", async () => {
    const u = constant(uniform, [3, 4]);
    const wide = [argument([3, 4], "x"), argument([3, 4], "y")];
    await checkLowering(runtime, (m, s) => sampleLaplace(m!, s!, u), wide);
    await checkLowering(runtime, (m, s) => sampleLogistic(m!, s!, u), wide);
    await checkLowering(runtime, (l) => sampleGumbelSoftmax(l!, 0.7, u), [wide[0]!]);
    for (const sample of [sampleLaplace, sampleLogistic]) {
      const ends = valuesAt((a) => sample(constant(0), constant(0), a), [0, 1]);
      for (const value of ends) expect(Math.abs(value)).toBeLessThan(20);
    }
  });
});

describe("discretised logistic mixture", () => {
  const parameters = (logits: Tensor, means: Tensor, logScales: Tensor) => ({ logits, means, logScales });
  const components = (name: string, transform: (v: number) => number) => argument([3, 4, 3], name, transform);
  // Moved, x would leave its whole numbers, where there is no density: it is a constant. 257 levels are 1/128 apart, exact in
  // float32 as the means are, so that a narrow component is as narrow in both precisions.
  const levels = [0, 256, 1, 255, 128, 0, 256, 7, 200, 90, 33, 127];
  const f: Case[0] = (l, m, s) => logDiscretisedLogisticMixture(constant(levels, [3, 4]), parameters(l!, m!, s!), 257);

  test.each([-5, -3, 0, 4])(
    "float32 equals float64, derivatives equal central differences, at log scale %d",
    async (scale) => {
      const close = levels.flatMap((level, i) => [-3, 2, 7].map((shift) => (level + shift * ((i % 3) + 1)) / 128 - 1));
      const args = [
        components("logits", (v) => v),
        { shape: [3, 4, 3], values: close },
        components("scales", (v) => scale + v / 4),
      ];
      await checkLowering(runtime, f, args);
      checkDerivative(f, args, undefined, 1e-6);
    },
  );

  test.each([-9, -4, -1, 3, 8])("the levels' probabilities sum to 1 at log scale %d", (scale) => {
    const all = Array.from({ length: 256 }, (_, i) => i);
    const repeated = (values: readonly number[]) => constant(Array.from(all, () => values).flat(), [256, 3]);
    const mixture = parameters(
      repeated([0.2, -1, 0.7]),
      repeated([-0.9, 0.1, 1.3]),
      repeated([scale, scale + 0.3, scale - 0.5]),
    );
    const logs = valuesAt((a) => logDiscretisedLogisticMixture(a, mixture), all);
    expect(logs.reduce((total, log) => total + Math.exp(log), 0)).toBeCloseTo(1, 9);
  });

  test("it is the difference of sigmoids, with its ends at infinity", () => {
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    const [means, scales, weights] = [
      [-0.4, 0.5],
      [0.3, 0.05],
      [0.25, 0.75],
    ] as const;
    const mixture = parameters(
      constant(Array(4).fill(weights.map(Math.log)).flat(), [4, 2]),
      constant(Array(4).fill(means).flat(), [4, 2]),
      constant(Array(4).fill(scales.map(Math.log)).flat(), [4, 2]),
    );
    const logs = valuesAt((a) => logDiscretisedLogisticMixture(a, mixture, 4), [0, 1, 2, 3]);
    logs.forEach((log, level) => {
      const p = means.map((m, k) => {
        const centre = (2 * level) / 3 - 1 - m;
        const upper = level === 3 ? 1 : sigmoid((centre + 1 / 3) / scales[k]!);
        const lower = level === 0 ? 0 : sigmoid((centre - 1 / 3) / scales[k]!);
        return weights[k]! * (upper - lower);
      });
      expect(log).toBeCloseTo(Math.log(p[0]! + p[1]!), 5);
    });
  });

  test("far from the mean the density stays finite, gradient and all", async () => {
    const of = (value: (i: number) => number): Argument => ({
      shape: [3, 4, 1],
      values: Array.from({ length: 12 }, (_, i) => value(i)),
    });
    await checkLowering(runtime, f, [of(() => 0), of((i) => (i % 2 ? 50 : -50)), of(() => -7)]);
  });

  test("parameters of other shapes are refused", () => {
    const [a, b] = [input("a", ["batch", 4, 3]), input("b", ["batch", 3])];
    expect(() => logDiscretisedLogisticMixture(b, parameters(a, a, a))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: Cannot build "logDiscretisedLogisticMixture": expected x [...] of 2 levels or more, thrice [..., components], received [batch, 3] and [batch, 4, 3] and [batch, 4, 3] and [batch, 4, 3].]`,
    );
  });
});
