import { afterAll, expect, test } from "vitest";
import { mean, square } from "./functions.ts";
import { dense, sequential } from "./layers.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { add, input, mul, noise, parameter, relu, sub } from "./ops.ts";
import { planTraining } from "./plan.ts";
import { printGraph } from "./print.ts";
import { random } from "./random.ts";
import type { Trainer } from "./runtime.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const x = input("x", ["batch", 3]);
const target = input("target", ["batch", 1]);
const network = sequential(dense(8), relu, dense(1))(x, "net");
const error = mean(square(sub(network, target)), [1]);
const noisy = add(mean(error), mul(mean(noise("jitter", ["batch"])), 1e-3));
const plan = planTraining(noisy, { error });

function batch(seed: number) {
  const rng = random(seed, "batch");
  const values = Float32Array.from({ length: 96 }, rng.normal);
  return {
    batch: 32,
    arrays: { x: values, target: Float32Array.from({ length: 32 }, (_, i) => values[3 * i]! * values[3 * i + 1]!) },
  };
}

async function trainFor(trainer: Trainer, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const { outputs } = await trainer.step(batch(i), { rate: 0.01, seed: i, clipNorm: 5 });
    losses.push(outputs.loss![0]!);
  }
  return losses;
}

test("the graph prints", () => {
  const small = relu(dense(2)(input("x", ["batch", 3]), "layer"));
  expect(printGraph({ y: small })).toMatchInlineSnapshot(`
    "%0 = feed "x" float32 [batch, 3]
    %1 = linear(%0, layer/weight, transposed=true) [batch, 2]
    %2 = add(%1, layer/bias) [batch, 2]
    %3 = relu(%2) [batch, 2]
    return { y: %3 }"
  `);
});

test("training learns, and the same seed gives bit-identical parameters after 100 steps", async () => {
  const [first, second] = [await runtime.train(plan, 5), await runtime.train(plan, 5)];
  const losses = await trainFor(first, 100);
  await trainFor(second, 100);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 4);
  expect(await first.parameters()).toEqual(await second.parameters());
});

test("one Adam step is the published update", async () => {
  const w = parameter("w", [5], { kind: "constant", value: 2 });
  const trainer = await runtime.train(planTraining(mean(square(mul(w, input("x", [5]))))), 0);
  const values = [1, -2, 0.5, 3, 0];
  const rate = 0.1;
  await trainer.step({ batch: 1, arrays: { x: Float32Array.from(values) } }, { rate, seed: 0 });
  // gradient = 2 w x² / 5; after one step both moments' corrections cancel: w - rate·g / (|g| + ε).
  const expected = values.map((v) => 2 - rate * ((4 * v * v) / 5 / (Math.abs((4 * v * v) / 5) + 1e-8)));
  const { w: moved } = await trainer.parameters();
  for (let i = 0; i < 5; i++) expect(moved![i]).toBeCloseTo(expected[i]!, 5);
});

test("a parameter that was frozen takes its first step at the full rate, not corrected for updates it never had", async () => {
  const [early, late] = ["early", "late"].map((name) => parameter(name, [3], { kind: "constant", value: 2 }));
  const trainer = await runtime.train(planTraining(mean(square(mul(add(early!, late!), input("x", [3]))))), 0);
  const step = (only?: string[]) =>
    trainer.step(
      { batch: 1, arrays: { x: Float32Array.of(1, -2, 3) } },
      { rate: 0.01, seed: 0, ...(only && { only }) },
    );
  for (let i = 0; i < 50; i++) await step(["early"]);
  await trainer.save("half");
  for (let i = 0; i < 2; i++) {
    await step();
    for (const value of (await trainer.parameters()).late!) expect(value).toBeCloseTo(1.99, 5);
    await trainer.restore("half");
  }
});

test("a step that is not finite changes nothing and says so", async () => {
  const trainer = await runtime.train(plan, 1);
  const before = await trainer.parameters();
  const broken = batch(0);
  broken.arrays.x[0] = Number.NaN;
  expect(await trainer.step(broken, { rate: 0.01, seed: 0 })).toMatchObject({ applied: false });
  expect(await trainer.parameters()).toEqual(before);
});

test("frozen parameters stay, saved state comes back", async () => {
  const trainer = await runtime.train(plan, 1);
  const before = await trainer.parameters();
  await trainer.save("start");
  await trainer.step(batch(0), { rate: 0.01, seed: 0, only: ["net/2/weight", "net/2/bias"] });
  const after = await trainer.parameters();
  expect(after["net/0/weight"]).toEqual(before["net/0/weight"]);
  expect(after["net/2/weight"]).not.toEqual(before["net/2/weight"]);
  await trainer.restore("start");
  expect(await trainer.parameters()).toEqual(before);
});

test("a feed of the wrong length is named", async () => {
  const trainer = await runtime.train(plan, 1);
  const { arrays } = batch(0);
  await expect(trainer.step({ batch: 31, arrays }, { rate: 0.01, seed: 0 })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot run the graph: expected [31, 3] = 93 values for "x", received 96 values.]`,
  );
});

test("one name for two parameters is refused", () => {
  const twice = add(
    parameter("w", [1], { kind: "constant", value: 0 }),
    parameter("w", [1, 1], { kind: "constant", value: 0 }),
  );
  expect(() => planTraining(mean(twice))).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot build the graph: "w" is both parameter [1] and parameter [1, 1]; give each its own name.]`,
  );
});

test("terms that cannot be returned or trained are refused", () => {
  const w = parameter("w", [], { kind: "constant", value: 1 });
  expect(() => planTraining(w, { loss: w })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot train: the plan itself returns "loss"; give the term another name.]`,
  );
  const other = parameter("other", [], { kind: "constant", value: 1 });
  expect(() => planTraining(w, { term: mul(w, other) })).toThrowErrorMatchingInlineSnapshot(
    `[Error: Cannot train: a term reads parameter "other", which the loss does not depend on; add it to the loss, or make it a constant.]`,
  );
  expect(() => planTraining(w, {}, { loss: w, "gradient/w": other })).toThrow(/"other"/);
});
