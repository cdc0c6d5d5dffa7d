import { describe, expect, it } from "vitest";
import { gradients } from "../../engine/differentiate.ts";
import { evaluate } from "../../engine/evaluate.ts";
import { constant, input, sum } from "../../engine/ops.ts";
import { random } from "../../engine/random.ts";
import { ndarray } from "../../engine/reference.ts";
import { bernoulli } from "./bernoulli.ts";
import { beta, fractionStarts, inflatedBeta } from "./beta.ts";
import { boundedLogits, drawIndex, logCategoricals, softmaxOf } from "./categorical.ts";
import { type CountLaw, chooseCountLaw, countLaws, countLikelihoods, countStarts } from "./count-law.ts";
import { fixedGaussian, gaussian } from "./gaussian.ts";
import { hurdle, zeroMark } from "./hurdle.ts";
import { inverseSoftplus, type ScalarLikelihood, softBoundAt, softplusAt, softUnbound } from "./likelihood.ts";
import { negativeBinomial } from "./negative-binomial.ts";
import { logOrdinals, ordinalProbabilities, thresholdBases } from "./ordinal.ts";
import { poisson } from "./poisson.ts";
import { logGammaAt, samplePoisson } from "./special.ts";
import { zeroInflated } from "./zero-inflated.ts";

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const grid = (from: number, to: number, step: number) =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);

/** Middles of equal parts of 0..1. */
const middles = (parts: number) => Array.from({ length: parts }, (_, i) => (i + 0.5) / parts);

interface Case {
  readonly name: string;
  readonly likelihood: ScalarLikelihood;
  readonly parameters: number[];
  /** Points over which the density sums to 1, and what each stands for. */
  readonly points: number[];
  readonly step: number;
  /** Points that have a chance of their own. */
  readonly atoms?: readonly number[];
}

const cases: Case[] = [
  { name: "Bernoulli", likelihood: bernoulli, parameters: [0.7], points: [0, 1], step: 1 },
  { name: "Gaussian, fixed", likelihood: fixedGaussian(0.3), parameters: [0.4], points: grid(-3, 3, 0.01), step: 0.01 },
  { name: "Gaussian", likelihood: gaussian, parameters: [1, 0.5], points: grid(-12, 14, 0.01), step: 0.01 },
  {
    name: "negative binomial, bursty",
    likelihood: negativeBinomial,
    parameters: [1.2, -0.5],
    points: grid(0, 800, 1),
    step: 1,
  },
  {
    name: "negative binomial, near Poisson",
    likelihood: negativeBinomial,
    parameters: [2, 6],
    points: grid(0, 200, 1),
    step: 1,
  },
  { name: "Poisson", likelihood: poisson, parameters: [1.7], points: grid(0, 80, 1), step: 1 },
  {
    name: "zero-inflated Poisson",
    likelihood: zeroInflated(poisson),
    parameters: [2.1, -0.4],
    points: grid(0, 80, 1),
    step: 1,
  },
  {
    name: "zero-inflated negative binomial",
    likelihood: zeroInflated(negativeBinomial),
    parameters: [1.5, 1.2, -1],
    points: grid(0, 800, 1),
    step: 1,
  },
  { name: "beta", likelihood: beta, parameters: [0.8, 2], points: middles(10_000), step: 1e-4 },
  { name: "beta, wide", likelihood: beta, parameters: [-0.3, 1.3], points: middles(10_000), step: 1e-4 },
  {
    name: "inflated beta",
    likelihood: inflatedBeta,
    parameters: [0.8, 2, -1, -2],
    points: middles(10_000),
    step: 1e-4,
    atoms: [0, 1],
  },
];

describe.each(cases)("$name", ({ likelihood, parameters, points, step, atoms = [] }) => {
  const density = (x: number) => Math.exp(likelihood.logDensityAt(x, parameters));
  const moment = (f: (x: number) => number) =>
    total(points.map((x) => f(x) * density(x) * step)) + total(atoms.map((x) => f(x) * density(x)));

  it("sums to 1", () => expect(moment(() => 1)).toBeCloseTo(1, 4));

  it("has the mean, deviation and mode that it states", () => {
    const mean = moment((x) => x);
    expect(likelihood.mean(parameters)).toBeCloseTo(mean, 2);
    expect(likelihood.deviation(parameters)).toBeCloseTo(Math.sqrt(moment((x) => (x - mean) ** 2)), 1);
    const best = points.reduce((a, b) => (density(b) > density(a) + 1e-12 ? b : a));
    expect(Math.abs(likelihood.mode(parameters) - best)).toBeLessThanOrEqual(step / 2);
  });

  it("draws with that mean and deviation", () => {
    const rng = random(9, "draws");
    const drawn = Array.from({ length: 20_000 }, () => likelihood.sample(parameters, rng));
    const mean = total(drawn) / drawn.length;
    const spread = likelihood.deviation(parameters);
    expect(Math.abs(mean - likelihood.mean(parameters))).toBeLessThan((5 * spread) / Math.sqrt(drawn.length));
    const deviation = Math.sqrt(total(drawn.map((x) => (x - mean) ** 2)) / drawn.length);
    expect(Math.abs(deviation / spread - 1)).toBeLessThan(0.06);
  });

  it("has the same density in the graph", () => {
    const x = [...atoms, ...points.slice(0, 5), points.at(-1)!];
    const parts = parameters.map((value) => constant(x.map(() => value)));
    const value = likelihood.logDensity(input("x", [x.length]), parts);
    const { data } = evaluate({ value }, { x: ndarray([x.length], x) }).value;
    x.forEach((at, i) => {
      const expected = likelihood.logDensityAt(at, parameters);
      expect(Math.abs(data[i]! - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
    });
  });

  it("stays finite far out, slopes and all", () => {
    const rng = random(8, "far");
    const x = [...atoms, points[0]!, points.at(-1)!];
    for (let round = 0; round < 20; round++) {
      const parts = parameters.map((_, i) => input(`p${i}`, [x.length]));
      const value = likelihood.logDensity(constant(x), parts);
      const slopes = gradients(sum(value), parts);
      const graph = { value, ...Object.fromEntries(slopes.map((slope, i) => [`d${i}`, slope])) };
      const feeds = parts.map((_, i) => [
        `p${i}`,
        ndarray(
          [x.length],
          x.map(() => 40 * rng.normal()),
        ),
      ]);
      for (const { data } of Object.values(evaluate(graph, Object.fromEntries(feeds))))
        expect(data.every(Number.isFinite)).toBe(true);
    }
  });
});

describe("the hurdle", () => {
  const parameters = [0.4, 0.5, -0.7];
  const points = grid(-12, 12, 0.01);

  it("has a chance of zero, and sums to 1 with it", () => {
    const density = (s: number) => Math.exp(hurdle.logDensityAt(s, parameters));
    expect(total(points.map((s) => density(s) * 0.01)) + density(zeroMark)).toBeCloseTo(1, 6);
    expect(density(zeroMark)).toBeCloseTo(hurdle.zeroChance!(parameters), 12);
  });

  it("has the same density in the graph, and draws as it says", () => {
    const s = [zeroMark, -1, 0.3, 16];
    const value = hurdle.logDensity(
      constant(s),
      parameters.map((value) => constant(s.map(() => value))),
    );
    const { data } = evaluate({ value }, {}).value;
    s.forEach((at, i) => {
      expect(data[i]).toBeCloseTo(hurdle.logDensityAt(at, parameters), 4);
    });
    const rng = random(2, "hurdle");
    const drawn = Array.from({ length: 20_000 }, () => hurdle.sample(parameters, rng));
    const above = drawn.filter((x) => x !== zeroMark);
    expect(Math.abs(1 - above.length / drawn.length - hurdle.zeroChance!(parameters))).toBeLessThan(0.015);
    expect(Math.abs(total(above) / above.length - 0.4)).toBeLessThan(0.05);
  });
});

describe("the law of counts", () => {
  const rng = random(21, "counts");
  const drawn = (likelihood: ScalarLikelihood, parameters: number[]) =>
    Array.from({ length: 3000 }, () => likelihood.sample(parameters, rng));

  it.each<[CountLaw, number[]]>([
    ["poisson", [1.2]],
    ["negative-binomial", [2, 0.3]],
    ["negative-binomial", [1, -1.5]],
    ["zero-inflated-poisson", [1.8, 0.2]],
    ["zero-inflated-negative-binomial", [4, 1.5, 1]],
  ])("is found from draws of %s %j, whose parameters it starts from", (law, parameters) => {
    const values = drawn(countLikelihoods[law], parameters);
    expect(chooseCountLaw(values)).toBe(law);
    const mean = total(values) / values.length;
    expect(Math.abs(countLikelihoods[law].mean(countStarts(law, values)) / mean - 1)).toBeLessThan(0.15);
  });

  it("has finite starts for anything", () => {
    for (const values of [[0], [7, 7, 7], [0, 0, 10_000], [1, 1, 0]])
      for (const law of countLaws) expect(countStarts(law, values).every(Number.isFinite)).toBe(true);
  });
});

describe("fractions", () => {
  it("start at the law of training", () => {
    const rng = random(22, "fractions");
    const parameters = [0.8, 2, -1, -2];
    const values = Array.from({ length: 4000 }, () => inflatedBeta.sample(parameters, rng));
    const starts = fractionStarts("inflated-beta", values);
    expect(Math.abs(inflatedBeta.mean(starts) - inflatedBeta.mean(parameters))).toBeLessThan(0.03);
    expect(Math.abs(inflatedBeta.deviation(starts) - inflatedBeta.deviation(parameters))).toBeLessThan(0.03);
    for (const odd of [[0, 0], [1], [0.5, 0.5], [1e-9, 1 - 1e-9]])
      for (const family of ["beta", "inflated-beta"] as const)
        expect(fractionStarts(family, odd).every(Number.isFinite)).toBe(true);
  });
});

describe("choices of several sizes side by side", () => {
  const rng = random(4, "raw");

  it("gives each categorical probabilities that sum to 1", () => {
    const sizes = [2, 4, 1];
    const raw = Float64Array.from({ length: 7 }, () => 6 * rng.normal());
    const first = [0, 2, 6];
    for (let choice = 0; choice < 4; choice++) {
      const oneHot = new Float64Array(7);
      const chosen = sizes.map((size, i) => first[i]! + Math.min(choice, size - 1));
      for (const at of chosen) oneHot[at] = 1;
      const value = logCategoricals(input("x", ["batch", 7]), input("raw", ["batch", 7]), sizes);
      const { data } = evaluate({ value }, { x: ndarray([1, 7], oneHot), raw: ndarray([1, 7], raw) }).value;
      const expected = sizes.map((size, i) => {
        const own = boundedLogits(raw.subarray(first[i]!, first[i]! + size));
        return Math.log(softmaxOf(own)[chosen[i]! - first[i]!]!);
      });
      expected.forEach((log, i) => {
        expect(data[i]).toBeCloseTo(log, 5);
      });
    }
  });

  it("gives each ordinal probabilities that sum to 1, and those of training at raw 0", () => {
    const frequencies = [
      [5, 1, 0, 14],
      [3, 3],
    ];
    const bases = frequencies.map(thresholdBases);
    const classes = 4;
    const raws = [new Float64Array(2 + 3 + 1), Float64Array.from({ length: 6 }, () => 3 * rng.normal())];
    for (const raw of raws) {
      const rows = Array.from({ length: classes }, (_, level) => [level, Math.min(level, 1)]);
      const value = logOrdinals(input("x", ["batch", 2]), input("raw", ["batch", 6]), bases);
      const feeds = {
        x: ndarray([classes, 2], rows.flat()),
        raw: ndarray(
          [classes, 6],
          rows.flatMap(() => [...raw]),
        ),
      };
      const { data } = evaluate({ value }, feeds).value;
      const probabilities = ordinalProbabilities(raw[0]!, raw.subarray(2, 5), bases[0]!);
      probabilities.forEach((p, level) => {
        expect(Math.exp(data[2 * level]!)).toBeCloseTo(p, 6);
      });
      expect(total(probabilities)).toBeCloseTo(1, 10);
      expect(Math.exp(data[1]!) + Math.exp(data[3]!)).toBeCloseTo(1, 5);
    }
    const trained = ordinalProbabilities(0, [0, 0, 0], bases[0]!);
    frequencies[0]!.forEach((count, level) => {
      expect(trained[level]).toBeCloseTo((count + 0.5) / 22, 2);
    });
  });

  it("draws an index with its probability", () => {
    const drawn = Array.from({ length: 20_000 }, () => drawIndex([0.2, 0, 0.8], rng));
    expect(drawn.filter((i) => i === 2).length / drawn.length).toBeCloseTo(0.8, 1);
    expect(drawn.includes(1)).toBe(false);
  });
});

describe("functions on numbers", () => {
  it("bounds smoothly, and back", () => {
    for (const x of [-5, 0, 2.9]) expect(softBoundAt(softUnbound(x, -6, 3), -6, 3)).toBeCloseTo(x, 8);
    expect(softBoundAt(1e4, -6, 3)).toBeLessThanOrEqual(3.001);
    expect(softBoundAt(-1e4, -6, 3)).toBe(-6);
    expect(softplusAt(inverseSoftplus(0.3))).toBeCloseTo(0.3, 12);
  });

  it("knows log Γ", () => {
    expect(logGammaAt(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 11);
    expect(logGammaAt(6)).toBeCloseTo(Math.log(120), 11);
  });

  it.each([0.3, 45, 5000])("draws a Poisson of rate %d", (rate) => {
    const rng = random(6, "poisson");
    const drawn = Array.from({ length: 5000 }, () => samplePoisson(rate, rng));
    const mean = total(drawn) / drawn.length;
    expect(Math.abs(mean - rate)).toBeLessThan(5 * Math.sqrt(rate / drawn.length));
    const variance = total(drawn.map((x) => (x - mean) ** 2)) / drawn.length;
    expect(Math.abs(variance / rate - 1)).toBeLessThan(0.15);
  });
});
