import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePng } from "../data/node/media-decoder.ts";
import type { Values } from "../data/records.ts";
import { nodeRuntime } from "../engine/node/runtime.ts";
import { selectRows } from "../modalities/batch.ts";
import { encode } from "../uses/encode.ts";
import { generate } from "../uses/generate.ts";
import { impute } from "../uses/impute.ts";
import { translate } from "../uses/translate.ts";
import { evaluate } from "./evaluate.ts";
import { type JudgeCache, trainJudge } from "./judge.ts";
import { readLabels } from "./labels.ts";
import { isReason, type Metrics } from "./metrics.ts";
import { renderReport } from "./report.ts";
import { type Fruit, fruitModel } from "./testing/fruit.ts";

const runtime = nodeRuntime({ threads: 1 });
const options = { runtime, seed: 0, split: "test", label: "kind" } as const;
let fruit: Fruit;
let metrics: Metrics;

beforeAll(async () => {
  fruit = await fruitModel(runtime);
  metrics = await evaluate(fruit.model, fruit.encoded, options);
});
afterAll(() => runtime.close());

describe("uses of a trained model", () => {
  test("translate: the mean answers first, draws follow, a column gives only that column", async () => {
    const answers = await translate(fruit.model, { word: "melon" }, "colour", { count: 3, seed: 1 });
    expect(answers).toHaveLength(3);
    expect(answers[0]).toEqual({ colour: "yellow" });
    const [whole] = await translate(fruit.model, { word: "plum" }, "table", { seed: 1 });
    expect(Object.keys(whole!).sort()).toEqual(["colour", "size", "weight"]);
    expect(whole!.size).toBeLessThan(6);
    expect(await translate(fruit.model, { word: "plum" }, "table", { seed: 1 })).toEqual([whole]);
  });

  test("translate tells what is unknown and what there is", async () => {
    const ask = (given: Values, to: string) => translate(fruit.model, given, to, { seed: 0 });
    await expect(ask({ word: "plum" }, "price")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[Error: Cannot answer with "price": the model knows "photo", "word", "table", "size", "weight", "colour". Name one of them.]`,
    );
    await expect(ask({ titel: "plum" }, "word")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[Error: Cannot use "titel" as a column of evidence: the model knows "photo", "word", "size", "weight", "colour". Name one of them.]`,
    );
    await expect(ask({}, "word")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[Error: Cannot answer without evidence: give a value for at least one of "photo", "word", "size", "weight", "colour".]`,
    );
    await expect(ask({ colour: "pink" }, "word")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[Error: Cannot use the evidence: column "colour": "pink" was never seen in training. Give a value that the model can read.]`,
    );
    await expect(ask({ word: "" }, "photo")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[Error: Cannot answer: what was given for "word" is empty. Give a value.]`,
    );
  });

  test("generate: whole rows, the same from the same seed", async () => {
    const rows = await generate(fruit.model, 4, 7);
    expect(rows.map((row) => Object.keys(row).sort())).toEqual(
      Array(4).fill(["colour", "photo", "size", "weight", "word"]),
    );
    expect(await generate(fruit.model, 4, 7)).toEqual(rows);
    expect(await generate(fruit.model, 4, 8)).not.toEqual(rows);
  });

  test("impute: gaps are filled from the rest of the row, what is known stays, empty rows stay empty", async () => {
    const rows: Values[] = [
      { word: "melon", colour: null, size: null, weight: 198, photo: null },
      { word: null, colour: null, size: null, weight: null, photo: null },
    ];
    const { filled, intervals } = await impute(fruit.model, rows, { samples: 20, seed: 3 });
    expect(filled[0]).toMatchObject({ word: "melon", weight: 198, colour: "yellow" });
    // The mean of the column is near 10.
    expect(filled[0]!.size).toBeGreaterThan(12);
    const { size, colour, photo } = intervals[0]!;
    if (!size || !("low" in size)) throw new Error("a number has an interval");
    expect(Number(size.low)).toBeLessThan(Number(size.high));
    if (!colour || !("probabilities" in colour)) throw new Error("a category has probabilities");
    expect(colour.probabilities.yellow).toBeGreaterThan(0.8);
    expect(photo).toBeUndefined();
    expect(filled[1]).toEqual(rows[1]);
    const only = await impute(fruit.model, rows, { samples: 0, seed: 3, columns: ["size"] });
    expect(only.filled[0]).toMatchObject({ colour: null, photo: null });
  });

  test("encode: a modality alone differs from all together", async () => {
    const batch = selectRows(fruit.encoded.batch, [1, 2, 3]);
    const [all, word] = [await encode(fruit.model, batch), await encode(fruit.model, batch, ["word"])];
    expect(all.mean).toHaveLength(3 * fruit.model.latent);
    expect(word.mean).not.toEqual(all.mean);
  });
});

describe("metrics of a model that has learnt", () => {
  test("what is made from one modality shows the class of the row", () => {
    expect(metrics.rows).toBe(80);
    for (const name of ["photo", "word", "table"]) expect(metrics.judges[name]).toBeGreaterThan(0.9);
    expect(Object.keys(metrics.coherence).sort()).toEqual(
      ["photo→table", "photo→word", "table→photo", "table→word", "word→photo", "word→table"].sort(),
    );
    for (const share of Object.values(metrics.coherence)) expect(share).toBeGreaterThan(0.8);
    expect(metrics.jointCoherence).toBeGreaterThan(0.5);
    expect(metrics.latentAccuracy).toBeGreaterThan(0.9);
  });

  test("cells are imputed better than by a constant, reconstructions beat the mean", () => {
    expect(Object.keys(metrics.imputation).sort()).toEqual(["colour", "size", "weight"]);
    for (const { error, baseline } of Object.values(metrics.imputation)) expect(error).toBeLessThan(baseline);
    for (const { error, baseline } of Object.values(metrics.reconstruction)) expect(error).toBeLessThan(baseline!);
  });

  test("search finds the class across modalities", () => {
    for (const { precisionAt10 } of Object.values(metrics.search)) expect(precisionAt10).toBeGreaterThan(0.6);
  });

  test("no figure is null or not finite", () => {
    const figures = (value: unknown): unknown[] =>
      typeof value === "object" && value !== null ? Object.values(value).flatMap(figures) : [value];
    const { definitions, notes, ...rest } = metrics;
    for (const value of figures(rest)) {
      if (typeof value === "number") expect(Number.isFinite(value)).toBe(true);
      else expect(typeof value).toBe("string");
    }
    expect(Object.keys(definitions)).toContain("coherence");
    expect(notes).toEqual({});
  });

  test("without a label there are no judges, and the reason is said", async () => {
    const { label: _, ...unlabelled } = options;
    const found = await evaluate(fruit.model, fruit.encoded, unlabelled);
    expect(found.coherence).toEqual({});
    expect(found.notes.coherence).toMatch(/no label column/);
    expect(Object.keys(found.reconstruction)).toHaveLength(3);
  });

  test("other data has no training rows, so judges must come from the cache", async () => {
    const kept = new Map<string, { arrays: Readonly<Record<string, Float32Array>>; metadata: unknown }>();
    const cache: JudgeCache = {
      get: async (key) => kept.get(key),
      put: async (key, entry) => kept.set(key, entry),
    };
    const foreign = { ...options, fingerprint: "another file", cache };
    const without = await evaluate(fruit.model, fruit.encoded, foreign);
    expect(without.judges).toEqual({});
    expect(without.notes["judges photo"]).toMatch(/no training row/);
    expect(without.reconstruction.photo).not.toHaveProperty("baseline");
    expect(without.notes["reconstruction photo baseline"]).toMatch(/no training rows/);
    const own = await evaluate(fruit.model, fruit.encoded, { ...options, cache });
    const cached = await evaluate(fruit.model, fruit.encoded, foreign);
    expect(cached.coherence).toEqual(own.coherence);
  });

  test("a label that the model has learnt from is told", async () => {
    const { notes } = await evaluate(fruit.model, fruit.encoded, { ...options, label: "colour" });
    expect(notes.label).toMatch(/has learnt from "colour" itself/);
  });

  test("a split without rows is refused", async () => {
    const encoded = { ...fruit.encoded, splits: fruit.encoded.splits.map(() => "train" as const) };
    await expect(evaluate(fruit.model, encoded, options)).rejects.toThrow(/no usable row belongs to the split "test"/);
  });
});

test("draws are taken of a few rows only, the error is that of all", async () => {
  const found = await evaluate(fruit.model, fruit.encoded, { ...options, split: "all" });
  expect(found.imputation.size!.cells).toBeGreaterThan(300);
  expect(found.imputation.size!.coverage90).toBeGreaterThan(0.7);
});

test("a judge of labels that are pure chance does not pretend", async () => {
  const { encoded, model } = fruit;
  const labels = readLabels({ coin: encoded.keys.map((_, i) => ((i * 7919) % 13 < 6 ? "heads" : "tails")) }, "coin");
  if (isReason(labels)) throw new Error(labels.reason);
  const rows = (split: string) => encoded.splits.flatMap((own, i) => (own === split ? [i] : []));
  const modality = model.modalities[0]!;
  const judge = await trainJudge(
    {
      modality,
      encoded: encoded.batch[modality.name]!,
      labels,
      train: rows("train"),
      validation: rows("validation"),
      test: rows("test"),
    },
    { runtime, seed: 0, fingerprint: "coins" },
  );
  if (isReason(judge)) throw new Error(judge.reason);
  expect(judge.accuracy).toBeLessThan(0.75);
  await judge.release();
});

test("the report holds everything it shows, and escapes what it is told", async () => {
  const page = await renderReport(fruit.model, fruit.encoded, metrics, {
    ...options,
    encodePng,
    values: async (rows) => rows.map((row) => fruit.rows[row]!),
    issues: [{ code: "value-not-readable", column: "size", row: 3, value: "<script>alert(1)</script>" }],
  });
  expect(page).not.toContain("<script");
  expect(page).not.toMatch(/(src|href)="(?!data:)/);
  expect(page).toContain("fruit &lt;of&gt; three kinds.csv");
  for (const id of [
    "data",
    "translations",
    "map",
    "inventions",
    "search",
    "coherence",
    "imputation",
    "curves",
    "figures",
    "training",
    "issues",
  ])
    expect(page).toContain(`<section id="${id}">`);
  expect(page).toContain("rows that it has not learnt from");
  expect(page).toContain("which the model never saw");
  const images = [...page.matchAll(/<img [^>]*>/g)].map(([tag]) => tag);
  expect(images.length).toBeGreaterThan(10);
  expect(images.filter((tag) => !/alt="[^"]+"/.test(tag))).toEqual([]);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test("the report does not call rows or labels unseen that the model has learnt from", async () => {
  const seen = { ...options, split: "all", label: "colour" } as const;
  const found = await evaluate(fruit.model, fruit.encoded, seen);
  const values = async (rows: readonly number[]) => rows.map((row) => fruit.rows[row]!);
  const page = await renderReport(fruit.model, fruit.encoded, found, { ...seen, encodePng, values });
  expect(page).toContain("among them rows that it has learnt from");
  expect(page).toContain("which the model has learnt from too");
  expect(page).not.toMatch(/the model (has )?never (seen|saw)/);
  const elsewhere = { ...seen, fingerprint: "another file" };
  const other = await renderReport(fruit.model, fruit.encoded, found, { ...elsewhere, encodePng, values });
  expect(other).toMatch(/What it was judged on[\s\S]*rows of another file/);
});
