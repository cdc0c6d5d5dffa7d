import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { arrayCache } from "../data/node/cache.ts";
import { splits, type Values } from "../data/records.ts";
import { column } from "../data/testing/column.ts";
import { nodeRuntime } from "../engine/node/runtime.ts";
import { random } from "../engine/random.ts";
import type { Outputs, Runtime } from "../engine/runtime.ts";
import { encodeRows } from "../modalities/batch.ts";
import { memoryRows } from "../modalities/encoded-rows.ts";
import { fitModalities } from "../modalities/open-modality.ts";
import { modelConfigSchema } from "../models/config.ts";
import type { NetworkRecord } from "../models/networks/report.ts";
import { openNetworks } from "../models/trained-model.ts";
import { cachedCheckpoints } from "./checkpoint.ts";
import { trainingConfigSchema } from "./config.ts";
import { fitModel } from "./fit.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const columns = [
  column("word", "text"),
  column("size", "real"),
  column("colour", "categorical"),
  column("weight", "real"),
];

/** Three kinds of fruit: the word tells colour and size, weight follows size; a fifth of all cells is missing. */
function fruit(count: number): Values[] {
  const rng = random(1, "fruit");
  const kinds = [
    ["plum", "blue", 3],
    ["pear", "green", 8],
    ["melon", "yellow", 20],
  ] as const;
  return Array.from({ length: count }, () => {
    const [word, colour, centre] = kinds[rng.below(3)]!;
    const size = centre + rng.normal();
    const cells = { word, colour, size, weight: size * 10 + rng.normal() };
    const hidden = Object.entries(cells).map(([name, value]) => [name, rng.uniform() < 0.2 ? null : value] as const);
    return Object.fromEntries(hidden.some(([, value]) => value !== null) ? hidden : Object.entries(cells));
  });
}

const rows = fruit(400);
const modalities = fitModalities(columns, {}, rows);

/** Which rows train and which validate; the others test. */
const splitCodes = (of: (row: number) => "train" | "validation" | "test") =>
  Uint8Array.from(rows, (_, i) => splits.indexOf(of(i)));

const input = (settings: { model?: object; training?: object } = {}) => ({
  rows: memoryRows(encodeRows(modalities, rows)),
  splits: splitCodes((i) => (i % 5 > 0 ? "train" : "validation")),
  modalities,
  model: modelConfigSchema.parse({ latent: 4, width: 32, ...settings.model }),
  training: trainingConfigSchema.parse({ epochs: 30, warmUp: 3, rate: 3e-3, ...settings.training }),
});

test.each([
  ["mvtcae", "joint"],
  ["elbo", "joint"],
  ["mvtcae", "alternating"],
] as const)("%s, %s: the held-out bound rises, and one modality tells the other", async (objective, schedule) => {
  const epochs = schedule === "alternating" ? 60 : 30;
  const data = input({ model: { objective }, training: { schedule, epochs } });
  const { networks, record } = await fitModel(data, runtime);
  const bounds = record.history.map(({ validation }) => validation["lower-bound"]!);
  expect(Math.max(...bounds)).toBeGreaterThan(bounds[0]! + 2);
  // Of several modalities the objective decides, in which they weigh alike.
  const losses = record.history.map(({ validation }) => validation.loss!);
  expect(losses[record.bestEpoch - 1]).toBe(Math.min(...losses));

  const model = openNetworks(modalities, data.model.latent, networks, runtime);
  const asked = [{ word: "plum" }, { word: "pear" }, { word: "melon" }];
  const { mean } = await model.posterior(encodeRows(modalities, asked), ["word"]);
  const answers = await model.items("table", mean);
  expect(answers.map(({ colour }) => colour)).toEqual(["blue", "green", "yellow"]);
  const [plum, pear, melon] = answers.map(({ size }) => size as number);
  expect(plum).toBeLessThan(pear!);
  expect(pear).toBeLessThan(melon!);
  await model.close();
});

test("networks are chosen, told and recorded; said again, they are the same", async () => {
  const told: NetworkRecord[] = [];
  const data = input({ model: { networks: { table: "resnet-small" } }, training: { epochs: 2 } });
  const first = await fitModel(data, runtime, { onNetworks: (networks) => told.push(...networks) });
  expect(first.model.networks).toEqual({ word: "mlp-small", table: "resnet-small" });
  expect(first.record.networks).toEqual(told);
  expect(told.map(({ modality, encoder, reason }) => [modality, encoder, reason])).toEqual([
    ["word", "mlp-small", "its numbers have no neighbours"],
    ["table", "resnet-small", "as the config says"],
  ]);
  const counts = told.flatMap(({ parameters }) => [parameters.encoder, parameters.decoder]);
  // One more is in no network: the temperature of InfoNCE.
  expect(counts.reduce((a, b) => a + b) + 1).toBe(first.record.parameters);
  const again = await fitModel({ ...data, model: first.model }, runtime);
  expect(again.networks).toEqual(first.networks);
  await expect(fitModel(input({ model: { networks: { wrd: "mlp" } } }), runtime)).rejects.toThrow(
    /did you mean "word"/,
  );
});

test("the same seed gives the same model, another seed another", async () => {
  const short = { training: { epochs: 3 } };
  const [a, b] = [await fitModel(input(short), runtime), await fitModel(input(short), runtime)];
  expect(a.networks).toEqual(b.networks);
  expect(a.prior).toEqual(b.prior);
  const other = await fitModel(input({ training: { epochs: 3, seed: 1 } }), runtime);
  expect(other.networks).not.toEqual(a.networks);
});

test.each([
  ["adamw, averaged", { optimiser: "adamw", average: 0.9 }],
  ["amsgrad in parts", { optimiser: "amsgrad", accumulate: 3, rateWarmUp: 5, rateSchedule: "cosine" }],
  ["alternating, averaged, in parts", { schedule: "alternating", average: 0.9, accumulate: 2 }],
])("%s: a model is learnt, the same for the same seed", async (_, settings) => {
  const data = input({ training: { epochs: 12, ...settings } });
  const [a, b] = [await fitModel(data, runtime), await fitModel(data, runtime)];
  expect(a.networks).toEqual(b.networks);
  const bounds = a.record.history.map(({ validation }) => validation["lower-bound"]!);
  expect(Math.max(...bounds)).toBeGreaterThan(bounds[0]! + 1);
});

test("an average is judged and kept; the weights themselves are trained as without it", async () => {
  const [plain, averaged] = [
    await fitModel(input({ training: { epochs: 3 } }), runtime),
    await fitModel(input({ training: { epochs: 3, average: 0.99 } }), runtime),
  ];
  const of = (fitted: typeof plain, split: "train" | "validation") =>
    fitted.record.history.map((epoch) => epoch[split]);
  expect(of(averaged, "train")).toEqual(of(plain, "train"));
  expect(of(averaged, "validation")).not.toEqual(of(plain, "validation"));
  expect(averaged.networks).not.toEqual(plain.networks);
});

/** Fits, and tells the seed and outputs of every batch that was learnt from. */
async function watch(data: Parameters<typeof fitModel>[0]) {
  const seen: { seed: number; outputs: Outputs }[] = [];
  const watched: Runtime = {
    ...runtime,
    async train(...given) {
      const trainer = await runtime.train(...given);
      return {
        ...trainer,
        async step(feeds, options) {
          const result = await trainer.step(feeds, options);
          seen.push({ seed: options.seed, outputs: result.outputs });
          return result;
        },
        async accumulate(feeds, options) {
          const outputs = await trainer.accumulate(feeds, options);
          seen.push({ seed: options.seed, outputs });
          return outputs;
        },
      };
    },
  };
  return { seen, ...(await fitModel(data, watched)) };
}

test.each([1, 3])("in %d parts every row is learnt from once an epoch, and told so", async (accumulate) => {
  const { seen, record } = await watch(input({ training: { epochs: 1, accumulate } }));
  expect(record.steps).toBe(5);
  expect(seen).toHaveLength(5 * accumulate);
  const bounds = seen.flatMap(({ outputs }) => Array.from(outputs["lower-bound"]!));
  expect(bounds).toHaveLength(320);
  expect(record.history[0]!.train["lower-bound"]).toBeCloseTo(bounds.reduce((a, b) => a + b, 0) / 320, 6);
});

test.each([1, 3])("in %d parts every batch draws noise of its own, however large the seed", async (accumulate) => {
  const { seen } = await watch(input({ training: { epochs: 3, seed: 1_763_807_000_123, accumulate } }));
  expect(seen.length).toBeGreaterThan(10);
  expect(new Set(seen.map(({ seed }) => seed)).size).toBe(seen.length);
});

test("a run that blows up goes back, lowers its rate, says so, and ends with finite weights", async () => {
  const { record, prior } = await fitModel(input({ training: { rate: 1e4, clipNorm: 1e30, epochs: 4 } }), runtime);
  expect(record.bestEpoch).toBeGreaterThan(0);
  expect(record.incidents[0]).toMatch(/halved the rate/);
  expect(Array.from(prior.means).every(Number.isFinite)).toBe(true);
});

test("a run that never gives a finite bound is no model, and the remedy is told", async () => {
  const hopeless = input({ training: { rate: 1e18, clipNorm: 1e30, epochs: 4 } });
  await expect(fitModel(hopeless, runtime)).rejects.toThrow(/Cannot train: .*Lower the learning rate/);
});

test("a budget of minutes ends the run with what was learnt", async () => {
  const { record } = await fitModel(input({ training: { minutes: 1e-9, epochs: 1000 } }), runtime);
  expect(record.stopped).toBe("minutes");
  expect(record.epochs).toBe(1);
});

test("no better bound for long enough ends the run", async () => {
  const { record } = await fitModel(
    input({ training: { patience: 1, rateDrops: 0, warmUp: 0, epochs: 300, rate: 0.02 } }),
    runtime,
  );
  expect(record.stopped).toBe("no-improvement");
});

test.each([
  ["no held-out rows", { splits: splitCodes((i) => (i % 5 > 0 ? "train" : "test")) }],
  ["one training row", { splits: splitCodes((i) => (i === 3 ? "train" : i % 5 === 0 ? "validation" : "test")) }],
  ["fewer rows than a batch", { splits: splitCodes((i) => (i < 3 ? "train" : i % 5 === 0 ? "validation" : "test")) }],
  ["a last batch of one row", { splits: splitCodes((i) => (i < 65 ? "train" : "validation")) }],
  ["one modality", { modalities: modalities.slice(0, 1) }],
])("%s: a model is learnt all the same", async (_, changed) => {
  const data = { ...input({ training: { epochs: 2 } }), ...changed };
  const batch = encodeRows(data.modalities, rows);
  const { networks, prior, record } = await fitModel({ ...data, rows: memoryRows(batch) }, runtime);
  expect(record).toMatchObject({ epochs: 2, stopped: "epochs", incidents: [] });
  expect(record.bestEpoch).toBeGreaterThan(0);
  for (const { train } of record.history) expect(Number.isFinite(train["lower-bound"])).toBe(true);
  expect(Array.from(prior.means).every(Number.isFinite)).toBe(true);
  const model = openNetworks(data.modalities, data.model.latent, networks, runtime);
  const { known } = await model.posterior(batch);
  expect(known).toContain(1);
  await model.close();
});

test("nothing to learn from is said before anything is tried", async () => {
  const empty = fruit(3).map(() => ({ word: null, size: null, colour: null, weight: null }));
  const data = { ...input(), rows: memoryRows(encodeRows(modalities, empty)), splits: Uint8Array.of(0, 0, 0) };
  await expect(fitModel(data, runtime)).rejects.toThrow(/found none among 3 training rows/);
});

test("a run that is told to stop before it begins takes one step and keeps it", async () => {
  const { record } = await fitModel(input(), runtime, { signal: AbortSignal.abort() });
  expect(record).toMatchObject({ epochs: 1, bestEpoch: 1, steps: 1, stopped: "interrupted" });
});

test("an epoch's rate is the one it ran at, not the one that its bound led to", async () => {
  // Too small a rate to move a weight: no epoch after the first is better.
  const still = { rate: 1e-30, patience: 1, rateDrops: 1, warmUp: 0, epochs: 9 };
  const { record } = await fitModel(input({ training: still }), runtime);
  expect(record).toMatchObject({ epochs: 3, bestEpoch: 1, stopped: "no-improvement" });
  expect(record.history.map(({ rate }) => rate)).toEqual([1e-30, 1e-30, 1e-30 / 3]);
});

/** The same rows as they lie on disk: in blocks, drawn from some of these at a time. */
const inBlocks = (settings: object = {}) => {
  const data = input({ training: { epochs: 15, ...settings } });
  return { ...data, rows: { ...data.rows, blockRows: 32, windowBlocks: 3 } };
};

test("rows drawn from blocks: a model as good, the same for the same seed", async () => {
  const [a, b] = [await fitModel(inBlocks(), runtime), await fitModel(inBlocks(), runtime)];
  expect(a.networks).toEqual(b.networks);
  const whole = await fitModel(input({ training: { epochs: 15 } }), runtime);
  const best = ({ record }: typeof whole) =>
    Math.max(...record.history.map(({ validation }) => validation["lower-bound"]!));
  expect(best(a)).toBeGreaterThan(best(whole) - 1);
  expect(a.record).toMatchObject({ rows: 320, validationRows: 80 });
  expect(a.record.epochRows).toBeUndefined();
});

test("an epoch may be a part of the rows, which the record tells", async () => {
  const { seen, record } = await watch(inBlocks({ epochs: 3, epochRows: 110 }));
  expect(record).toMatchObject({ epochs: 3, rows: 320, epochRows: 107 });
  expect(seen.reduce((rows, { outputs }) => rows + outputs["lower-bound"]!.length, 0)).toBe(320);
});

test.each([
  ["by default", {}],
  ["in parts of blocks", { epochRows: 110, blocks: true }],
  // Too small a rate to move a weight: two epochs of the plateau's patience lie before the cut, the third after it.
  ["on a plateau", { rate: 1e-30, rateSchedule: "constant", warmUp: 0, patience: 3 }],
  ["with everything else", { optimiser: "amsgrad", weightDecay: 0.1, average: 0.9, accumulate: 2, rateWarmUp: 30 }],
])(
  "a run that was cut off goes on as if it had never stopped: %s",
  async (_, { blocks = false, ...settings }: object & { blocks?: boolean }) => {
    const folder = mkdtempSync(join(tmpdir(), "polyvae-checkpoint-"));
    const checkpoints = cachedCheckpoints(arrayCache(folder), "run");
    const data = blocks ? inBlocks({ epochs: 6, ...settings }) : input({ training: { epochs: 6, ...settings } });
    const whole = await fitModel(data, runtime);
    if ("patience" in settings)
      expect(whole.record.history.map(({ rate }) => rate)).toEqual([...Array(4).fill(1e-30), 1e-30 / 3, 1e-30 / 3]);

    const cut = new AbortController();
    const onEpoch = ({ epoch }: { epoch: number }) => epoch === 3 && cut.abort();
    const first = await fitModel(data, runtime, { checkpoints, signal: cut.signal, onEpoch });
    expect(first.record).toMatchObject({ epochs: 3, stopped: "interrupted" });
    const epochs: number[] = [];
    const second = await fitModel(data, runtime, { checkpoints, onEpoch: ({ epoch }) => epochs.push(epoch) });
    expect(epochs).toEqual([4, 5, 6]);
    expect(second.networks).toEqual(whole.networks);
    expect(second.record.history).toEqual(whole.record.history);
    expect(second.record.wallSeconds).toBeGreaterThan(first.record.wallSeconds);

    // A finished run leaves nothing to resume.
    const third = await fitModel(data, runtime, { checkpoints });
    expect(third.record.history).toHaveLength(6);
    expect(third.networks).toEqual(whole.networks);
    rmSync(folder, { recursive: true });
  },
);
