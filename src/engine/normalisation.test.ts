import { afterAll, describe, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { mean, square } from "./functions.ts";
import { dense } from "./layers.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { batchNormalisation, groupNormalisation, layerNormalisation } from "./normalisation.ts";
import { lower } from "./onnx.ts";
import { add, input, mul, parameter, sub } from "./ops.ts";
import { planTraining } from "./plan.ts";
import { random } from "./random.ts";
import { type NdArray, ndarray } from "./reference.ts";
import type { Trainer } from "./runtime.ts";
import type { Tensor } from "./tensor.ts";
import { type Argument, argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const rows = argument(["batch", 4], "rows");
const image = argument(["batch", 3, 2, 4], "image");
/** Far from 0, where a difference of squares would lose all. */
const far = argument(["batch", 5, 4], "far", (v) => 60 + Math.round(8 * v) / 8);
const constantRows: Argument = { shape: ["batch", 4], values: Array<number>(12).fill(2) };

const layers: Record<string, readonly [(x: Tensor) => Tensor, Argument, batch?: number]> = {
  "layer, rows": [(x) => layerNormalisation()(x, "n"), rows],
  "layer, image": [(x) => layerNormalisation()(x, "n"), image],
  "layer, equal values": [(x) => layerNormalisation(0.1)(x, "n"), constantRows],
  "group, image": [(x) => groupNormalisation(2)(x, "n"), image],
  "group, every channel its own": [(x) => groupNormalisation(4)(x, "n"), image],
  "group, one for all": [(x) => groupNormalisation(1)(x, "n"), image],
  "group, rows": [(x) => groupNormalisation(2, 0.01)(x, "n"), rows],
  "batch, rows": [(x) => batchNormalisation({ training: true })(x, "n"), rows],
  "batch, image": [(x) => batchNormalisation({ training: true })(x, "n"), image],
  "batch, in use": [(x) => batchNormalisation({ training: false })(x, "n"), image],
  "batch of one row": [
    (x) => batchNormalisation({ training: true, epsilon: 0.1 })(x, "n"),
    argument(["batch", 4], "row", undefined, 1),
    1,
  ],
};

test.each(Object.entries(layers))(
  "%s: float32 equals float64, derivatives equal central differences",
  async (_, one) => {
    const [f, x, batch] = one;
    await checkLowering(runtime, (a) => f(a!), [x], batch);
    checkDerivative((a) => f(a!), [x], batch);
  },
);

test.each([groupNormalisation(2), batchNormalisation({ training: true }), layerNormalisation()])(
  "a large mean costs no precision",
  async (layer) => {
    await checkLowering(runtime, (a) => layer(mul(a!, 1), "n"), [far]);
  },
);

test("group normalisation takes each group's own mean and variance", () => {
  const [cells, channels, groups] = [3, 4, 2];
  const values = argument([2, cells, channels], "plain").values;
  const scale = [1, 2, 3, 4];
  const shift = [0.1, 0.2, 0.3, 0.4];
  const { y } = evaluate(
    { y: groupNormalisation(groups, 1e-5)(input("x", ["batch", cells, channels]), "n") },
    { x: ndarray([2, cells, channels], values), "n/scale": ndarray([4], scale), "n/shift": ndarray([4], shift) },
  );
  values.forEach((value, i) => {
    const [row, channel] = [Math.floor(i / (cells * channels)), i % channels];
    const peers = values.filter((_, j) => {
      const sameRow = Math.floor(j / (cells * channels)) === row;
      return sameRow && Math.floor((j % channels) / 2) === Math.floor(channel / 2);
    });
    const centre = peers.reduce((a, b) => a + b, 0) / peers.length;
    const variance = peers.reduce((total, peer) => total + (peer - centre) ** 2, 0) / peers.length;
    const expected = ((value - centre) / Math.sqrt(variance + 1e-5)) * scale[channel]! + shift[channel]!;
    expect(y.data[i]).toBeCloseTo(expected, 6);
  });
});

test("groups that do not divide the channels are refused", () => {
  expect(() => groupNormalisation(3)(input("x", ["batch", 4]), "n")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "groupNormalisation": expected [batch, ...grid, channels] that 3 groups divide, received [batch, 4].]`,
  );
});

describe("batch normalisation", () => {
  const x = input("x", ["batch", 3]);
  const target = input("target", ["batch", 1]);
  const network = (training: boolean) => dense(1)(batchNormalisation({ training, momentum: 0.05 })(x, "norm"), "out");
  const error = (training: boolean) => mean(square(sub(network(training), target)));
  const plan = planTraining(error(true), {}, { loss: error(false) });
  const [centres, deviations] = [
    [5, -2, 0.5],
    [3, 0.5, 1],
  ];
  const names = ["norm/running-mean", "norm/running-variance"];

  function batch(seed: number, size = 64) {
    const rng = random(seed, "batch");
    const values = Float32Array.from(
      { length: 3 * size },
      (_, i) => centres[i % 3]! + deviations[i % 3]! * rng.normal(),
    );
    return {
      batch: size,
      arrays: { x: values, target: Float32Array.from({ length: size }, (_, i) => values[3 * i]!) },
    };
  }

  async function trainFor(trainer: Trainer, steps: number, from = 0): Promise<void> {
    for (let i = from; i < from + steps; i++) await trainer.step(batch(i), { rate: 0.01, seed: i });
  }

  test("its running statistics reach those of the data, get no gradient and are no output of a step", async () => {
    const trainer = await runtime.train(plan, 1);
    await trainFor(trainer, 200);
    const { outputs } = await trainer.step(batch(200), { rate: 0.01, seed: 200 });
    expect(Object.keys(outputs).sort()).toEqual(["gradient-norm", "loss"]);
    const parameters = await trainer.parameters();
    for (const [i, deviation] of deviations.entries()) {
      expect(Math.abs(parameters[names[0]!]![i]! - centres[i]!)).toBeLessThan(0.1 * deviation);
      expect(Math.abs(parameters[names[1]!]![i]! / deviation ** 2 - 1)).toBeLessThan(0.1);
    }
    expect(lower({ y: network(true) }).parameters.map(({ attributes }) => attributes.name)).toContain(names[0]);
  });

  test("one step moves them by the momentum, towards the mean and the unbiased variance", async () => {
    const trainer = await runtime.train(plan, 1);
    const one = batch(7, 4);
    const columns = [0, 1, 2].map((c) => [0, 1, 2, 3].map((r) => one.arrays.x[3 * r + c]!));
    await trainer.step(one, { rate: 0.01, seed: 0 });
    const parameters = await trainer.parameters();
    columns.forEach((column, i) => {
      const centre = column.reduce((a, b) => a + b, 0) / 4;
      const variance = column.reduce((total, v) => total + (v - centre) ** 2, 0) / 3;
      expect(parameters[names[0]!]![i]).toBeCloseTo(0.05 * centre, 5);
      expect(parameters[names[1]!]![i]).toBeCloseTo(0.95 + 0.05 * variance, 4);
    });
  });

  test("a batch of one row moves the mean and leaves the variance", async () => {
    const trainer = await runtime.train(plan, 1);
    await trainFor(trainer, 3);
    const before = await trainer.parameters();
    const one = batch(9, 1);
    const values = one.arrays.x.slice();
    await trainer.step(one, { rate: 0.01, seed: 0 });
    const after = await trainer.parameters();
    for (let i = 0; i < 3; i++) {
      expect(after[names[1]!]![i]).toBeCloseTo(before[names[1]!]![i]!, 6);
      expect(after[names[0]!]![i]).toBeCloseTo(0.95 * before[names[0]!]![i]! + 0.05 * values[i]!, 5);
    }
  });

  test("a step that is not applied, or that freezes them, leaves them", async () => {
    const trainer = await runtime.train(plan, 1);
    await trainFor(trainer, 2);
    const before = await trainer.parameters();
    const broken = batch(3);
    broken.arrays.x[0] = Number.NaN;
    expect(await trainer.step(broken, { rate: 0.01, seed: 0 })).toMatchObject({ applied: false });
    expect(await trainer.parameters()).toEqual(before);
    await trainer.step(batch(4), { rate: 0.01, seed: 0, only: ["out/weight"] });
    const after = await trainer.parameters();
    for (const name of names) expect(after[name]).toEqual(before[name]);
    expect(after["out/weight"]).not.toEqual(before["out/weight"]);
  });

  test("a checkpoint carries them: two runs go on alike", async () => {
    const trainer = await runtime.train(plan, 1);
    await trainFor(trainer, 10);
    await trainer.save("half");
    const state = await trainer.exportState("half");
    const other = await runtime.train(plan, 2);
    await other.importState("half", state);
    await other.restore("half");
    expect(await other.parameters()).toEqual(await trainer.parameters());
    await trainFor(trainer, 5, 10);
    await trainFor(other, 5, 10);
    expect(await other.parameters()).toEqual(await trainer.parameters());
  });

  test("evaluation, and the network that is used, read them", async () => {
    const trainer = await runtime.train(plan, 1);
    await trainFor(trainer, 50);
    const parameters = await trainer.parameters();
    const one = batch(60);
    const values: Record<string, NdArray> = Object.fromEntries(
      Object.entries(parameters).map(([name, data]) => [
        name,
        ndarray(name === "out/weight" ? [1, 3] : [data.length], data),
      ]),
    );
    const given = { ...values, x: ndarray([64, 3], one.arrays.x), target: ndarray([64, 1], one.arrays.target) };
    const expected = evaluate({ loss: error(false), y: network(false) }, given);
    expect((await trainer.evaluate(one, 0)).loss![0]).toBeCloseTo(expected.loss.data[0]!, 4);
    const used = await runtime.load(lower({ y: network(false) }, { stored: parameters }).bytes);
    const { y } = await used.run(batch(60));
    y!.forEach((value, i) => {
      expect(value).toBeCloseTo(expected.y.data[i]!, 4);
    });
  });

  test("applied twice under one name, both batches count, one after the other", async () => {
    const layer = batchNormalisation({ training: true, momentum: 0.5 });
    const w = parameter("w", [1], { kind: "constant", value: 1 });
    const [a, b] = [input("a", ["batch", 1]), input("b", ["batch", 1])];
    const loss = mean(mul(w, add(mean(layer(a, "n")), mean(layer(b, "n")))));
    const trainer = await runtime.train(planTraining(loss), 0);
    await trainer.step(
      { batch: 2, arrays: { a: Float32Array.of(3, 5), b: Float32Array.of(7, 9) } },
      { rate: 0.1, seed: 0 },
    );
    // ½ (½ 0 + ½ 4) + ½ 8
    expect((await trainer.parameters())["n/running-mean"]![0]).toBeCloseTo(5, 5);
  });

  test("a term may not take the name of an update", () => {
    expect(() => planTraining(error(true), { "update/x": mean(x) })).toThrowErrorMatchingInlineSnapshot(
      `[Error: Cannot train: the plan itself returns "update/x"; give the term another name.]`,
    );
  });
});
