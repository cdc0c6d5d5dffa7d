/** @file Log-likelihoods of held-out rows and the bound on them. In: a Study. Out: nats, never rescaled. */
import { random } from "../engine/random.ts";
import { selectRows } from "../modalities/batch.ts";
import type { Encoded, Modality } from "../modalities/modality.ts";
import { sampleLatents, selectLatents } from "../uses/latents.ts";
import { positionsWhere, type Study } from "./study.ts";

/**
 * Evidence lower bound (Kingma & Welling 2014, eq. 3), mean over rows, in nats:
 *   Σₘ log p(xₘ|z) − KL(q(z|x) ‖ N(0, I)), one draw z ~ q(z|x), m over the modalities that the row holds.
 */
export async function lowerBound(study: Study): Promise<number> {
  const { model, seed } = study;
  const posterior = await study.posterior();
  const drawn = { ...posterior, mean: sampleLatents(posterior, random(seed, "lower bound")) };
  let total = -standardDivergence(posterior.mean, posterior.variance);
  for (const modality of model.modalities) {
    const { positions, encoded } = holding(study, modality);
    if (positions.length === 0) continue;
    total += sum(await model.logLikelihood(modality.name, selectLatents(drawn, positions).mean, encoded));
  }
  return total / study.rows.length;
}

/** The evaluated rows that hold a modality, and its arrays for them. */
export function holding(study: Study, { name }: Modality): { positions: number[]; encoded: Encoded } {
  const positions = positionsWhere(study, (i) => study.batch[name]!.present[i] === 1);
  return { positions, encoded: selectRows({ it: study.batch[name]! }, positions).it! };
}

/** KL(q ‖ N(0, I)) summed over rows: ½ Σ (σ² + μ² − 1 − log σ²). */
function standardDivergence(mean: Float32Array, variance: Float32Array): number {
  let total = 0;
  for (let i = 0; i < mean.length; i++) total += variance[i]! + mean[i]! ** 2 - 1 - Math.log(variance[i]!);
  return total / 2;
}

export const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
