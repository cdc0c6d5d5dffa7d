/** @file Log-likelihoods of held-out rows and the bound on them. In: a Study. Out: nats, never rescaled. */
import { lower } from "../engine/onnx.ts";
import { input } from "../engine/ops.ts";
import { random } from "../engine/random.ts";
import type { Runtime } from "../engine/runtime.ts";
import { modalityFeeds, modalityInputs, selectRows } from "../modalities/batch.ts";
import type { Encoded, Modality } from "../modalities/modality.ts";
import { sampleLatents, selectLatents } from "../uses/latents.ts";
import { inBatches } from "./classifier.ts";
import { positionsWhere, type Study } from "./study.ts";

const parameterInput = "parameters";

/** log p(x|z) of each row, [rows]. @param parameters of the likelihood, [rows, ...parameterShape] */
export async function logLikelihoods(
  runtime: Runtime,
  modality: Modality,
  parameters: Float32Array,
  encoded: Encoded,
): Promise<Float32Array> {
  const symbol = input(parameterInput, ["batch", ...modality.parameterShape]);
  const density = modality.logLikelihood(symbol, modalityInputs(modality));
  const executable = await runtime.load(lower({ density }).bytes);
  const width = parameters.length / Math.max(1, encoded.rows);
  const result = new Float32Array(encoded.rows);
  for (const part of inBatches([...Array(encoded.rows).keys()], 256)) {
    const own = parameters.slice(part[0]! * width, (part.at(-1)! + 1) * width);
    const arrays = { ...modalityFeeds(modality, selectRows({ it: encoded }, part).it!), [parameterInput]: own };
    result.set((await executable.run({ batch: part.length, arrays })).density!, part[0]);
  }
  await executable.release();
  return result;
}

/**
 * Evidence lower bound (Kingma & Welling 2014, eq. 3), mean over rows, in nats:
 *   Σₘ log p(xₘ|z) − KL(q(z|x) ‖ N(0, I)), one draw z ~ q(z|x), m over the modalities that the row holds.
 */
export async function lowerBound(study: Study): Promise<number> {
  const { model, runtime, seed } = study;
  const posterior = await study.posterior();
  const drawn = { ...posterior, mean: sampleLatents(posterior, random(seed, "lower bound")) };
  let total = -standardDivergence(posterior.mean, posterior.variance);
  for (const modality of model.modalities) {
    const { positions, encoded } = holding(study, modality);
    if (positions.length === 0) continue;
    const parameters = await model.decode(modality.name, selectLatents(drawn, positions).mean);
    total += sum(await logLikelihoods(runtime, modality, parameters, encoded));
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
