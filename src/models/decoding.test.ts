import { afterAll, describe, expect, it } from "vitest";
import { nodeRuntime } from "../engine/node/runtime.ts";
import { lower } from "../engine/onnx.ts";
import { initialValues } from "../engine/plan.ts";
import { random } from "../engine/random.ts";
import { isOp, topologicalOrder } from "../engine/tensor.ts";
import { modalityFeeds } from "../modalities/batch.ts";
import type { Modality } from "../modalities/modality.ts";
import { fitText } from "../modalities/text.ts";
import { modelConfigSchema } from "./config.ts";
import { repeating } from "./decoding.ts";
import { openNetworks } from "./trained-model.ts";
import { buildVae, latentInput, placeInput } from "./vae.ts";

const runtime = nodeRuntime();
afterAll(() => runtime.close());

const config = modelConfigSchema.parse({ latent: 4, width: 32, contrast: 0 });
const samples = ["seven cats", "two", "one hat", "灰色的猫"].map((word) => ({ word }));

/** Networks with their first weights, latents told loudly so that rows differ. */
function untrained(modality: Modality) {
  const { networks } = buildVae([modality], config);
  const bytes = Object.entries(networks).map(([name, outputs]) => {
    const parameters = topologicalOrder(Object.values(outputs)).filter((node) => isOp(node, "parameter"));
    const stored = parameters.map(({ attributes }) => [attributes.name, initialValues(attributes, 1)] as const);
    return [name, lower(outputs, { stored: Object.fromEntries(stored) }).bytes] as const;
  });
  const parts = Object.fromEntries(bytes);
  return { parts, model: openNetworks([modality], config.latent, parts, runtime) };
}

const rows = 5;
const rng = random(4);
const latents = Float32Array.from({ length: rows * config.latent }, () => 3 * rng.normal());

describe("a sequence, token by token", () => {
  const modality = fitText("word", samples, { tokenizer: "character" })!;
  const [length, size] = modality.parameterShape as [number, number];
  const { parts, model } = untrained(modality);

  it("is what is likeliest at each place given the places before it", async () => {
    const items = await model.typical("word", latents);
    const decoder = await runtime.load(parts["decoder-word"]!);
    const place = Int32Array.of(0, 1, 2, 3, 4);
    const arrays = { ...modalityFeeds(modality, items), [latentInput]: latents.slice(), [placeInput]: place };
    const { parameters, next } = await decoder.run({ batch: rows, arrays });
    await decoder.release();
    const tokens = items.arrays.tokens!;
    const said = new Set<string>();
    for (let row = 0; row < rows; row++) {
      const own = tokens.subarray(row * length, (row + 1) * length);
      said.add(own.join(" "));
      for (let at = 0; at < length && (at === 0 || own[at - 1] !== 0); at++) {
        const logits = parameters!.slice((row * length + at) * size, (row * length + at + 1) * size);
        logits[1] = Number.NEGATIVE_INFINITY;
        if (at === 0) logits[0] = Number.NEGATIVE_INFINITY;
        for (const token of repeating((own as Int32Array).subarray(0, at))) logits[token] = Number.NEGATIVE_INFINITY;
        expect(own[at]).toBe(logits.indexOf(Math.max(...logits)));
      }
      // The output `next` is the row's own place of all.
      for (let token = 0; token < size; token++)
        expect(next![row * size + token]).toBeCloseTo(parameters![(row * length + row) * size + token]!, 4);
    }
    expect(said.size).toBeGreaterThan(1);
    expect(await model.items("word", latents)).toEqual(modality.sequence!.values(tokens as Int32Array, rows));
  });

  it("looks at no token from the place on", async () => {
    const items = modality.encode(samples);
    const own = latents.slice(0, 4 * config.latent);
    const whole = await model.logLikelihood("word", own, items);
    const decoder = await runtime.load(parts["decoder-word"]!);
    const logits = async (tokens: Int32Array) => {
      const feeds = modalityFeeds(modality, { ...items, arrays: { tokens } });
      const arrays = { ...feeds, [latentInput]: own.slice(), [placeInput]: new Int32Array(4).fill(2) };
      return (await decoder.run({ batch: 4, arrays })).next!;
    };
    const tokens = items.arrays.tokens as Int32Array;
    const changed = tokens.map((token, i) => (i % length >= 2 ? (token + 3) % size : token));
    expect(await logits(changed)).toEqual(await logits(tokens.slice()));
    const before = tokens.map((token, i) => (i % length === 0 ? (token + 3) % size : token));
    expect(await logits(before)).not.toEqual(await logits(tokens.slice()));
    await decoder.release();
    expect(whole.every((value) => value < 0)).toBe(true);
  });

  it("is drawn anew with every random stream, and the same from the same", async () => {
    const draw = (seed: number) =>
      model.items("word", latents, { writing: { random: random(seed), temperature: 1, topP: 0.9 } });
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
    const cold = { writing: { random: random(1), temperature: 0, topP: 1 } };
    expect(await model.items("word", latents, cold)).toEqual(await model.items("word", latents));
  });
});

it("says no token thrice in a row, and no three in a row twice", () => {
  expect(repeating(Int32Array.of(4))).toEqual([]);
  expect(repeating(Int32Array.of(4, 4))).toEqual([4]);
  expect(repeating(Int32Array.of(5, 6, 7, 8, 5, 6))).toEqual([7]);
  expect(repeating(Int32Array.of(5, 6, 7, 8, 6, 5))).toEqual([]);
});

describe("log-likelihoods", () => {
  it.each([
    ["autoregressive", {}],
    ["positional", { decoder: "positional" }],
    ["bag", { decoder: "bag" }],
  ])("of %s texts rows are summed by themselves, in parts or at once", async (_, options) => {
    const modality = fitText("word", samples, options)!;
    const { model } = untrained(modality);
    const many = Array.from({ length: 300 }, (_row, i) => samples[i % 4]!);
    const own = Float32Array.from({ length: 300 * config.latent }, (_row, i) => latents[i % (4 * config.latent)]!);
    const all = await model.logLikelihood("word", own, modality.encode(many));
    const few = await model.logLikelihood("word", own.slice(0, 4 * config.latent), modality.encode(samples));
    all.forEach((value, row) => {
      expect(value).toBeCloseTo(few[row % 4]!, 3);
    });
    await model.close();
  });

  it("name a modality that is not there", async () => {
    const { model } = untrained(fitText("word", samples, {})!);
    await expect(model.items("title", latents)).rejects.toThrow('no modality "title"; it knows word');
  });
});
