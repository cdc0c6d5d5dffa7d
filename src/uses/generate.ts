/** @file Generate: new rows from nothing. In: a TrainedModel, how many, a seed. Out: whole rows in the user's units. */
import type { Values } from "../data/records.ts";
import { random } from "../engine/random.ts";
import { type WritingOptions, writingOf } from "../models/choose-token.ts";
import { sampleMixture } from "../models/prior.ts";
import type { TrainedModel } from "../models/trained-model.ts";

/** Draws from the fitted prior: [count, latent]. */
export function drawLatents(model: TrainedModel, count: number, seed: number): Float32Array {
  const rng = random(seed, "generate");
  const latents = new Float32Array(count * model.latent);
  for (let i = 0; i < count; i++) latents.set(sampleMixture(model.prior, rng), i * model.latent);
  return latents;
}

/**
 * All modalities of one row are decoded from one draw of the prior, so that they belong together.
 * @param writing how text is drawn
 */
export async function generate(
  model: TrainedModel,
  count: number,
  seed: number,
  writing: WritingOptions = {},
): Promise<Values[]> {
  const latents = drawLatents(model, count, seed);
  const rows: Values[] = Array.from({ length: count }, () => ({}));
  for (const modality of model.modalities) {
    const decoded = await model.items(modality.name, latents, {
      writing: writingOf(writing, random(seed, `writing ${modality.name}`)),
    });
    decoded.forEach((values, i) => {
      rows[i] = { ...rows[i], ...values };
    });
  }
  return rows;
}
