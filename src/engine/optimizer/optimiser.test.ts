import { expect, test } from "vitest";
import { random } from "../random.ts";
import { createOptimiser } from "./optimiser.ts";
import type { AdamOptions, TrainerOptions } from "./options.ts";

interface Update {
  readonly gradient: Float64Array;
  readonly rate: number;
  readonly scale: number;
}

/** The published updates in float64, written out: parameters and their moving average after all of them. */
function reference(start: Float64Array, updates: readonly Update[], options: AdamOptions, decay: number) {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, amsgrad = false } = options;
  const theta = start.slice();
  const [m, v, largest, mean] = [0, 1, 2, 3].map(() => new Float64Array(start.length));
  updates.forEach(({ gradient, rate, scale }, i) => {
    const t = i + 1;
    for (let j = 0; j < theta.length; j++) {
      const g = gradient[j]! * scale;
      m![j] = beta1 * m![j]! + (1 - beta1) * g;
      v![j] = beta2 * v![j]! + (1 - beta2) * g * g;
      largest![j] = Math.max(largest![j]!, v![j]!);
      const under = (amsgrad ? largest! : v!)[j]! / (1 - beta2 ** t);
      const step = m![j]! / (1 - beta1 ** t) / (Math.sqrt(under) + epsilon);
      theta[j] = theta[j]! - rate * step - rate * weightDecay * theta[j]!;
      // As Adam's own moments: an average from zero, and its correction when it is read.
      mean![j] = decay * mean![j]! + (1 - decay) * theta[j]!;
    }
  });
  return { theta, average: mean!.map((value) => value / (1 - decay ** updates.length)) };
}

/** Gradients that turn, vanish and burst, at rates that rise and fall; some are clipped. */
function updates(count: number, length: number, rate: number): Update[] {
  const rng = random(3, "gradients");
  const sizes = Float64Array.from({ length }, () => 10 ** (4 * rng.uniform() - 3));
  return Array.from({ length: count }, (_, t) => ({
    gradient: sizes.map((size, j) =>
      Math.fround((j % 7 === 0 && t % 5 > 0 ? 0 : size) * (rng.normal() + Math.sin(t / 9))),
    ),
    rate: rate * (1 + Math.cos(t / 20)),
    scale: t % 3 === 0 ? 0.25 : 1,
  }));
}

const startOf = (length: number) => {
  const rng = random(5, "start");
  return Float64Array.from({ length }, () => Math.fround(rng.normal()));
};

const apply = (optimiser: ReturnType<typeof createOptimiser>, list: readonly Update[]) => {
  for (const { gradient, rate, scale } of list) optimiser.update({ w: Float32Array.from(gradient) }, rate, scale);
};

const furthest = (a: ArrayLike<number>, b: Float64Array) =>
  b.reduce((most, x, i) => Math.max(most, Math.abs(a[i]! - x)), 0);

test.each<[string, AdamOptions]>([
  ["adam", {}],
  ["adam, other decays", { beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }],
  ["adam without momentum", { beta1: 0 }],
  ["adamw", { weightDecay: 0.1 }],
  ["amsgrad", { amsgrad: true, beta2: 0.9 }],
  ["amsgrad with decay", { amsgrad: true, weightDecay: 0.3 }],
])("%s and the average are the published ones, in float64, over 300 updates", (_, optimiser) => {
  for (const rate of [1e-4, 1e-3, 1e-2]) {
    const [length, decay] = [43, 0.98];
    const own = createOptimiser({ w: length }, { optimiser, average: { decay } });
    const start = startOf(length);
    own.parameters.w!.set(start);
    const list = updates(300, length, rate);
    apply(own, list);
    const { theta, average } = reference(start, list, optimiser, decay);
    const moved = furthest(start, theta);
    expect(moved).toBeGreaterThan(10 * rate);
    // Each update rounds the parameter itself to float32, and its change by a little more.
    const allowed = 300 * 2 ** -24 * Math.max(...theta.map(Math.abs)) + 2e-5 * moved;
    expect(furthest(own.parameters.w!, theta)).toBeLessThan(allowed);
    expect(furthest(own.averages().w!, average)).toBeLessThan(allowed);
  }
});

test("weights decay by rate · weightDecay, neither scaled nor clipped with the gradient", () => {
  const own = createOptimiser({ w: 5 }, { optimiser: { weightDecay: 0.01 } });
  own.parameters.w!.set([1, -1, 0.3, 1e-6, 0]);
  for (let i = 0; i < 2000; i++) own.update({ w: new Float32Array(5) }, 1e-3, 1e-4);
  const left = (1 - 1e-5) ** 2000;
  own.parameters.w!.forEach((value, i) => {
    const start = [1, -1, 0.3, 1e-6, 0][i]!;
    expect(Math.abs(start - value - start * (1 - left))).toBeLessThanOrEqual(2e-3 * Math.abs(start) * (1 - left));
  });
});

test.each<[string, TrainerOptions]>([
  ["adam", {}],
  ["adamw with an average", { optimiser: { weightDecay: 0.1 }, average: { decay: 0.9 } }],
  ["amsgrad", { optimiser: { amsgrad: true } }],
])("%s: the same bits, whether parameters lie in one piece or in many", (_, options) => {
  // More than two windows of 16,384.
  const length = 40_003;
  const cuts = [0, 1, 4, 9, 16_384, 16_390, 32_773, length];
  const pieces = cuts.slice(1).map((end, i) => [`piece ${i}`, cuts[i]!, end] as const);
  const whole = createOptimiser({ w: length }, options);
  const parts = createOptimiser(Object.fromEntries(pieces.map(([name, from, to]) => [name, to - from])), options);
  whole.parameters.w!.set(startOf(length));
  for (const [name, from, to] of pieces) parts.parameters[name]!.set(whole.parameters.w!.subarray(from, to));
  for (const { gradient, rate, scale } of updates(5, length, 1e-3)) {
    const values = Float32Array.from(gradient);
    whole.update({ w: values }, rate, scale);
    parts.update(Object.fromEntries(pieces.map(([name, from, to]) => [name, values.subarray(from, to)])), rate, scale);
  }
  for (const [name, from, to] of pieces) {
    expect(parts.parameters[name]).toEqual(whole.parameters.w!.slice(from, to));
    if (options.average) expect(parts.averages()[name]).toEqual(whole.averages().w!.slice(from, to));
  }
});

test("groups: the first that names a parameter counts, with its own rate and decay, and frozen ones stay", () => {
  const sizes = { "encoder/weight": 2, "encoder/bias": 2, "decoder/weight": 2, "a.b": 2, axb: 2 };
  const own = createOptimiser(sizes, {
    optimiser: { weightDecay: 0.5 },
    groups: [
      { parameters: ["*/bias"], weightDecay: 0 },
      { parameters: ["encoder/*", "a.b"], rate: 0.1 },
      { parameters: ["decoder/*"], frozen: true },
      { parameters: ["*"], rate: 0 },
    ],
  });
  for (const values of Object.values(own.parameters)) values.fill(2);
  const gradient = Float32Array.of(1, 1);
  own.update(Object.fromEntries(Object.keys(sizes).map((name) => [name, gradient])), 0.01, 1);
  // The first update moves by the rate, and the decay takes rate · 0.5 · 2.
  const moved = Object.fromEntries(Object.entries(own.parameters).map(([name, values]) => [name, 2 - values[0]!]));
  expect(moved).toEqual({
    "encoder/weight": expect.closeTo(0.001 + 0.001, 6) as number,
    "encoder/bias": expect.closeTo(0.01, 6) as number,
    "decoder/weight": 0,
    "a.b": expect.closeTo(0.002, 6) as number,
    axb: 0,
  });
});

test("options that cannot be meant are refused by name", () => {
  const made = (options: TrainerOptions) => () => createOptimiser({ "encoder/weight": 4, "encoder/bias": 1 }, options);
  expect(made({ groups: [{ parameters: ["encoder/*", "decoder/*"] }] })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot train: a group names "decoder/*", which fits no parameter; the parameters are encoder/weight, encoder/bias.]`,
  );
  expect(made({ optimiser: { beta2: 1 } })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot train: expected optimiser.beta2 to be a number in [0, 1), received 1.]`,
  );
  expect(made({ groups: [{ parameters: ["*"], rate: -1 }] })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot train: expected a group's rate to be a number of at least 0, received -1.]`,
  );
  expect(made({ average: { decay: Number.NaN } })).toThrow(/average\.decay .* in \[0, 1\), received NaN/);
  expect(made({ optimiser: { epsilon: 0 } })).toThrow(/epsilon/);
  expect(made({ optimiser: { weightDecay: Number.POSITIVE_INFINITY } })).toThrow(/weightDecay/);
});

test("an average is the parameter itself before its first update, and after one; set values take its place", () => {
  const own = createOptimiser({ w: 3, still: 1 }, { average: { decay: 0.9 } });
  own.parameters.w!.fill(1);
  own.parameters.still!.fill(7);
  expect(own.averages()).toEqual(own.parameters);
  own.update({ w: Float32Array.of(1, -1, 2) }, 0.1, 1);
  expect(own.averages()).toEqual(own.parameters);
  own.update({ w: Float32Array.of(1, -1, 2) }, 0.1, 1);
  expect(own.averages().w).not.toEqual(own.parameters.w);
  own.parameters.still!.fill(8);
  expect(own.averages().still).toEqual(Float32Array.of(8));
  own.set({ w: Float32Array.of(4, 5, 6), still: Float32Array.of(9) });
  expect(own.averages()).toEqual(own.parameters);
});
