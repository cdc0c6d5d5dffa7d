/**
 * @file Translate: some columns of a row → another column or modality. In: evidence. Out: values in the user's units.
 * z from q(z | evidence alone), then the target's decoder. A sound translated to itself keeps the phases it had.
 */
import type { Values } from "../data/records.ts";
import { type Random, random } from "../engine/random.ts";
import { type WritingOptions, writingOf } from "../models/choose-token.ts";
import type { Latents, TrainedModel } from "../models/trained-model.ts";
import { encodeGiven } from "./encode.ts";
import { sampleLatents, selectLatents } from "./latents.ts";
import { findTarget } from "./names.ts";

export interface TranslateOptions extends WritingOptions {
  /** How many answers; 1 by default. */
  readonly count?: number;
  /** The first answer, too, comes from a draw instead of the posterior's mean. */
  readonly sampled?: boolean;
  readonly seed: number;
}

/**
 * The first answer is decoded from the posterior's mean, further ones from draws of the posterior.
 * @param to a modality, or one column of one: then the answers hold that column only
 * @throws Error naming what is unknown or cannot be used, and what there is
 */
export async function translate(
  model: TrainedModel,
  given: Values,
  to: string,
  { count = 1, sampled = false, seed, ...writing }: TranslateOptions,
): Promise<Values[]> {
  const { modality, columns } = findTarget(model, to);
  const posterior = await encodeGiven(model, given);
  const latents = drawAnswers(posterior, count, sampled, random(seed, "translate"));
  const answers = await model.items(modality.name, latents, {
    writing: writingOf(writing, random(seed, "writing")),
    like: Array<Values>(count).fill(given),
  });
  return answers.map((values) => pickColumns(values, columns));
}

/** `count` latent vectors of one row's posterior. */
function drawAnswers(posterior: Latents, count: number, sampled: boolean, rng: Random): Float32Array {
  const rows = Array.from({ length: count }, () => 0);
  const repeated = selectLatents(posterior, rows);
  const latents = sampleLatents(repeated, rng);
  if (!sampled) latents.set(posterior.mean);
  return latents;
}

const pickColumns = (values: Values, columns: readonly string[]): Values =>
  Object.fromEntries(columns.map((column) => [column, values[column] ?? null]));
