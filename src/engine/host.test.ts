/** What a Trainer does besides plain steps, on the real runtime: options, averages, accumulation, states. */
import { afterAll, expect, test } from "vitest";
import { mean, square } from "./functions.ts";
import { dense, sequential } from "./layers.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { add, input, mul, noise, parameter, sub, tanh } from "./ops.ts";
import type { TrainerOptions } from "./optimizer/options.ts";
import { planTraining } from "./plan.ts";
import { random } from "./random.ts";
import type { Trainer } from "./runtime.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const [x, target] = [input("x", ["batch", 3]), input("target", ["batch", 1])];
const network = sequential(dense(9), tanh, dense(1))(x, "net");
const error = mean(square(sub(network, target)));
const exact = planTraining(error);
const noisy = planTraining(mean(square(sub(add(network, mul(noise("jitter", ["batch", 1]), 0.1)), target))));

const rows = 24;
/** Rows from..to of the batch that `seed` names. */
function batch(seed: number, from = 0, to = rows) {
  const rng = random(seed, "batch");
  const values = Float32Array.from({ length: 3 * rows }, rng.normal);
  const answers = Float32Array.from({ length: rows }, (_, i) => values[3 * i]! * values[3 * i + 1]!);
  return { batch: to - from, arrays: { x: values.slice(3 * from, 3 * to), target: answers.slice(from, to) } };
}

/** A batch whose loss is not a number. */
function broken() {
  const feeds = batch(0);
  feeds.arrays.x[0] = Number.NaN;
  return feeds;
}

const exported = async (trainer: Trainer) => {
  await trainer.save("now");
  return trainer.exportState("now");
};

interface Way {
  readonly options?: TrainerOptions;
  learn(trainer: Trainer, i: number): Promise<unknown>;
}

const step: Way["learn"] = (trainer, i) => trainer.step(batch(i), { rate: 0.01, clipNorm: 1, seed: i });
const inParts: Way["learn"] = async (trainer, i) => {
  await trainer.accumulate(batch(i, 0, 10), { seed: 2 * i, weight: 10 / rows });
  await trainer.accumulate(batch(i, 10), { seed: 2 * i + 1, weight: 14 / rows });
  await trainer.update({ rate: 0.01, clipNorm: 1 });
};
const ways: Readonly<Record<string, Way>> = {
  adam: { learn: step },
  adamw: { options: { optimiser: { weightDecay: 0.1 } }, learn: step },
  amsgrad: { options: { optimiser: { amsgrad: true } }, learn: step },
  groups: { options: { groups: [{ parameters: ["net/0/*"], rate: 0.5 }] }, learn: step },
  average: { options: { average: { decay: 0.95 } }, learn: step },
  accumulation: { learn: inParts },
  "all at once": {
    options: { optimiser: { amsgrad: true, weightDecay: 0.1 }, average: { decay: 0.9 } },
    learn: inParts,
  },
};

test.each(Object.entries(ways))(
  "%s: the same bits after 100 steps, and when a new runtime takes over midway",
  async (_, { options, learn }) => {
    const learnFrom = async (trainer: Trainer, from: number, to: number) => {
      for (let i = from; i < to; i++) await learn(trainer, i);
    };
    const [first, second] = [await runtime.train(noisy, 5, options), await runtime.train(noisy, 5, options)];
    await learnFrom(first, 0, 100);
    await learnFrom(second, 0, 50);
    const halfway = await exported(second);
    await learnFrom(second, 50, 100);
    const end = await exported(first);
    expect(await exported(second)).toEqual(end);
    expect(end.values).not.toEqual(halfway.values);

    const elsewhere = nodeRuntime({ threads: 1 });
    const third = await elsewhere.train(noisy, 1, options);
    await third.importState("halfway", structuredClone(halfway));
    await third.restore("halfway");
    await learnFrom(third, 50, 100);
    expect(await exported(third)).toEqual(end);
    expect(await third.parameters()).toEqual(await first.parameters());
    if (options?.average)
      expect(await third.parameters({ averaged: true })).toEqual(await first.parameters({ averaged: true }));
    await elsewhere.close();
  },
);

test("a state of other options is refused", async () => {
  const plain = await exported(await runtime.train(exact, 0));
  const averaging = await runtime.train(exact, 0, { average: { decay: 0.9 } });
  await expect(averaging.importState("other", plain)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot restore the optimiser: expected [parameters, first moments, second moments, averages], received [parameters, first moments, second moments]. Was the state saved with other options?]`,
  );
  const amsgrad = await exported(await runtime.train(exact, 0, { optimiser: { amsgrad: true } }));
  // As long as its own.
  await expect(averaging.importState("other", amsgrad)).rejects.toThrow(/received .*largest second moments\]/);
});

test("averages are evaluated and read beside the parameters, which go on untouched", async () => {
  const trainer = await runtime.train(exact, 3, { average: { decay: 0.9 } });
  const averages = new Map<string, Float64Array>();
  for (let t = 1; t <= 30; t++) {
    await trainer.step(batch(t), { rate: 0.05, seed: t });
    for (const [name, values] of Object.entries(await trainer.parameters())) {
      const before = averages.get(name) ?? new Float64Array(values.length);
      averages.set(
        name,
        before.map((value, i) => value + (0.1 / (1 - 0.9 ** t)) * (values[i]! - value)),
      );
    }
  }
  const read = await trainer.parameters({ averaged: true });
  for (const [name, values] of averages)
    values.forEach((value, i) => {
      expect(read[name]![i]).toBeCloseTo(value, 5);
    });
  const live = await trainer.evaluate(batch(1), 0);
  const averaged = await trainer.evaluate(batch(1), 0, { averaged: true });
  expect(averaged).not.toEqual(live);
  expect(await trainer.evaluate(batch(1), 0)).toEqual(live);
  const other = await runtime.train(exact, 0);
  await other.setParameters(read);
  expect(await other.evaluate(batch(1), 0)).toEqual(averaged);
  await expect(other.parameters({ averaged: true })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot read averaged parameters: this trainer keeps none; give \`average: { decay }\` when it is made.]`,
  );
  await expect(other.evaluate(batch(1), 0, { averaged: true })).rejects.toThrow(/keeps none/);
});

test("`only` and frozen groups compose", async () => {
  const trainer = await runtime.train(exact, 0, { groups: [{ parameters: ["*/bias"], frozen: true }] });
  const before = await trainer.parameters();
  const changed = async (only: string[]) => {
    await trainer.restore("start");
    await trainer.step(batch(0), { rate: 0.01, seed: 0, only });
    const after = await trainer.parameters();
    return Object.keys(after).filter((name) => after[name]!.some((value, i) => value !== before[name]![i]));
  };
  await trainer.save("start");
  expect(await changed(Object.keys(before))).toEqual(["net/0/weight", "net/2/weight"]);
  expect(await changed(["net/2/weight", "net/2/bias"])).toEqual(["net/2/weight"]);
  expect(await changed(["net/2/bias"])).toEqual([]);
  const wrong = { groups: [{ parameters: ["dec*"], rate: 1 }] };
  await expect(runtime.train(exact, 0, wrong)).rejects.toThrow(/"dec\*", which fits no parameter/);
});

test("a step is the same bits as its two halves; where it clips, as close as two sums of squares", async () => {
  const [whole, halves] = [await runtime.train(noisy, 5), await runtime.train(noisy, 5)];
  for (let i = 0; i < 20; i++) {
    const stepped = await whole.step(batch(i), { rate: 0.01, seed: i });
    const outputs = await halves.accumulate(batch(i), { seed: i });
    const { gradientNorm, applied } = await halves.update({ rate: 0.01 });
    expect(outputs).toEqual(stepped.outputs);
    expect(applied).toBe(true);
    expect(gradientNorm / stepped.gradientNorm).toBeCloseTo(1, 6);
  }
  expect(await exported(halves)).toEqual(await exported(whole));
  // The graph adds the squares up in float32, the accumulator in float64.
  await whole.step(batch(20), { rate: 0.01, seed: 20, clipNorm: 0.01 });
  await halves.accumulate(batch(20), { seed: 20 });
  await halves.update({ rate: 0.01, clipNorm: 0.01 });
  const [a, b] = [await exported(whole), await exported(halves)];
  a.values.forEach((value, i) => {
    expect(Math.abs(b.values[i]! - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value));
  });
});

test("two halves of a batch are the batch", async () => {
  const [whole, halves] = [await runtime.train(exact, 5), await runtime.train(exact, 5)];
  for (let i = 0; i < 20; i++) {
    await whole.accumulate(batch(i), { seed: 0 });
    await halves.accumulate(batch(i, 0, rows / 2), { seed: 0, weight: 0.5 });
    await halves.accumulate(batch(i, rows / 2), { seed: 0, weight: 0.5 });
    const [a, b] = [await whole.gradients(), await halves.gradients()];
    a.forEach((value, j) => {
      expect(b[j]).toBeCloseTo(value, 5);
    });
    await whole.update({ rate: 0.01, clipNorm: 1 });
    await halves.update({ rate: 0.01, clipNorm: 1 });
  }
  const [a, b] = [await whole.parameters(), await halves.parameters()];
  for (const [name, values] of Object.entries(a))
    values.forEach((value, j) => {
      expect(b[name]![j]).toBeCloseTo(value, 4);
    });
});

test("trainers that average their gradients stay one, the same as a trainer of all the data", async () => {
  const options: TrainerOptions = { optimiser: { weightDecay: 0.1 }, average: { decay: 0.9 } };
  const elsewhere = nodeRuntime({ threads: 1 });
  const [left, right] = [await runtime.train(exact, 5, options), await elsewhere.train(exact, 5, options)];
  const single = await runtime.train(exact, 5, options);
  for (let i = 0; i < 20; i++) {
    await left.accumulate(batch(i, 0, rows / 2), { seed: 0 });
    await right.accumulate(batch(i, rows / 2), { seed: 0 });
    const theirs = await right.gradients();
    const average = (await left.gradients()).map((value, j) => (value + theirs[j]!) / 2);
    for (const trainer of [left, right]) {
      await trainer.setGradients(average);
      expect(await trainer.update({ rate: 0.01, clipNorm: 1 })).toMatchObject({ applied: true });
    }
    await single.accumulate(batch(i, 0, rows / 2), { seed: 0, weight: 0.5 });
    await single.accumulate(batch(i, rows / 2), { seed: 0, weight: 0.5 });
    await single.update({ rate: 0.01, clipNorm: 1 });
  }
  const expected = await exported(single);
  expect(await exported(left)).toEqual(expected);
  expect(await exported(right)).toEqual(expected);
  await elsewhere.close();
});

test("one part that is not finite leaves everything as it was, and is forgotten", async () => {
  const [trainer, other] = [await runtime.train(exact, 5), await runtime.train(exact, 5)];
  const before = await exported(trainer);
  await trainer.accumulate(batch(0), { seed: 0, weight: 0.5 });
  expect((await trainer.accumulate(broken(), { seed: 0, weight: 0.5 })).loss).toEqual(Float32Array.of(Number.NaN));
  expect(await trainer.update({ rate: 0.01 })).toMatchObject({ applied: false });
  expect(await exported(trainer)).toEqual(before);
  expect((await trainer.gradients()).every((value) => value === 0)).toBe(true);
  for (const one of [trainer, other]) {
    await one.accumulate(batch(1), { seed: 0 });
    await one.update({ rate: 0.01 });
  }
  expect(await exported(trainer)).toEqual(await exported(other));
});

test("a loss that is not finite is refused, though its gradient is finite", async () => {
  const w = parameter("w", [2], { kind: "constant", value: 1 });
  const trainer = await runtime.train(planTraining(mean(mul(add(w, input("shift", [2])), 3))), 0);
  const endless = () => ({ batch: 1, arrays: { shift: Float32Array.of(0, Number.POSITIVE_INFINITY) } });
  expect(await trainer.step(endless(), { rate: 1, seed: 0 })).toMatchObject({
    applied: false,
    gradientNorm: expect.closeTo(1.5 * Math.SQRT2, 5) as number,
  });
  await trainer.accumulate(endless(), { seed: 0 });
  expect(await trainer.update({ rate: 1 })).toMatchObject({ applied: false });
  expect(await trainer.parameters()).toEqual({ w: Float32Array.of(1, 1) });
});

test("an update needs gradients, and a restored state none of before", async () => {
  const trainer = await runtime.train(exact, 5);
  await expect(trainer.update({ rate: 0.01 })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot update: no gradients were accumulated; call accumulate or setGradients first.]`,
  );
  await expect(trainer.setGradients(new Float32Array(3))).rejects.toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot set gradients: expected 46 values, received 3.]`,
  );
  await trainer.save("start");
  await trainer.accumulate(batch(0), { seed: 0 });
  await trainer.restore("start");
  await expect(trainer.update({ rate: 0.01 })).rejects.toThrow(/no gradients were accumulated/);
  expect(await trainer.gradients()).toEqual(new Float32Array(46));
});
