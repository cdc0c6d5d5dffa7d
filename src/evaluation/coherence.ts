/**
 * @file Coherence: does what is generated show the class that it should? In: a Study and judges. Out: shares.
 * Judges read the most typical item of the target's likelihood, as the modality would encode it.
 */
import { random } from "../engine/random.ts";
import type { TrainedModel } from "../models/trained-model.ts";
import { drawLatents } from "../uses/generate.ts";
import { sampleLatents, selectLatents } from "../uses/latents.ts";
import type { Judge } from "./judge.ts";
import { positionsWhere, type Study } from "./study.ts";

/** A judge that is wrong more often than this says more of itself than of the model. */
export const leastAccuracy = 0.8;

/** Right often enough, and wrong at most half as often as always naming the commonest class. */
export const isCompetent = ({ accuracy, chance }: Pick<Judge, "accuracy" | "chance">): boolean =>
  accuracy >= leastAccuracy && 1 - accuracy <= (1 - chance) / 2;

/**
 * Conditional coherence (Shi 2019, 1911.03393): share of rows whose target, decoded from the source alone, the target's
 * judge gives the class of the row. z is the posterior's mean, or one draw of it where `sampled`.
 * @returns `source→target` → share, over rows that hold source and label
 */
export async function conditionalCoherence(
  study: Study,
  judges: readonly Judge[],
  sampled: boolean,
): Promise<Record<string, number>> {
  const shares: Record<string, number> = {};
  for (const source of judges) {
    const posterior = await study.posterior([source.modality]);
    const positions = positionsWhere(study, (i) => posterior.known[i] === 1 && study.classes[i]! >= 0);
    if (positions.length === 0) continue;
    const own = selectLatents(posterior, positions);
    const rng = random(study.seed, `coherence from ${source.modality}`);
    const latents = sampled ? sampleLatents(own, rng) : own.mean;
    for (const target of judges.filter(({ modality }) => modality !== source.modality)) {
      const shown = await judged(study.model, target, latents);
      const right = positions.filter((position, i) => shown[i] === study.classes[position]).length;
      shares[`${source.modality}→${target.modality}`] = right / positions.length;
    }
  }
  return shares;
}

const unconditionalDraws = 1000;

/** Joint coherence (Shi 2019): share of draws from the prior in which all judges see the same class. */
export async function jointCoherence({ model, seed }: Study, judges: readonly Judge[]): Promise<number> {
  const latents = drawLatents(model, unconditionalDraws, seed);
  const opinions: Int32Array[] = [];
  for (const judge of judges) opinions.push(await judged(model, judge, latents));
  const [first, ...others] = opinions;
  const agreed = Array.from(first!).filter((found, i) => others.every((opinion) => opinion[i] === found));
  return agreed.length / unconditionalDraws;
}

/** The class that the judge sees in the modality decoded from each latent vector. */
async function judged(model: TrainedModel, judge: Judge, latents: Float32Array): Promise<Int32Array> {
  return judge.classify(await model.typical(judge.modality, latents));
}
