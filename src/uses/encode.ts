/**
 * @file Encode: rows → their places in the shared latent space. In: a TrainedModel and rows, as arrays or as values.
 * Out: Latents, a Gaussian for each row.
 */
import { describeIssue } from "../data/issues.ts";
import type { Values } from "../data/records.ts";
import { encodeRows } from "../modalities/batch.ts";
import type { Batch } from "../modalities/modality.ts";
import type { Latents, TrainedModel } from "../models/trained-model.ts";
import { checkGiven } from "./names.ts";

/** q(z | given) of each row. @param given modalities to look at; all by default */
export function encode(model: TrainedModel, batch: Batch, given?: readonly string[]): Promise<Latents> {
  return model.posterior(batch, given);
}

/**
 * q(z | given) of evidence that a user states, one row.
 * @throws Error for an unknown column, for a value that cannot be used, and where nothing is given
 */
export async function encodeGiven(model: TrainedModel, given: Values): Promise<Latents> {
  checkGiven(model, given);
  const batch = encodeRows(model.modalities, await model.extract([given]));
  const unusable = Object.values(batch).flatMap(({ issues }) => issues);
  if (unusable.length > 0) {
    const faults = unusable.map((issue) =>
      describeIssue({ ...issue, row: 1 }).replace(/^row 1, |; treated as missing$/g, ""),
    );
    throw new Error(`Cannot use the evidence: ${faults.join("; ")}. Give a value that the model can read.`);
  }
  const latents = await model.posterior(batch);
  if (latents.known[0] === 1) return latents;
  const columns = Object.keys(given).map((name) => `"${name}"`);
  throw new Error(`Cannot answer: what was given for ${columns.join(", ")} is empty. Give a value.`);
}
