/**
 * @file Diagonal Gaussians over the latent space, as graph tensors: divergences and the product of experts.
 * In: means and log-variances [batch, latent], presence masks [batch]. Out: Gaussians, divergences [batch].
 */
import { logSumExp, square } from "../engine/functions.ts";
import { add, concat, exp, mul, neg, reshape, select, sub, sum } from "../engine/ops.ts";
import type { Tensor } from "../engine/tensor.ts";

export interface Gaussian {
  /** [batch, latent] */
  readonly mean: Tensor;
  /** log σ², [batch, latent] */
  readonly logVariance: Tensor;
}

/** KL(q ‖ N(0, I)), [batch]: ½ Σ (σ² + μ² − 1 − log σ²). Kingma & Welling 2014, appendix B. */
export const divergenceFromStandard = ({ mean, logVariance }: Gaussian): Tensor =>
  mul(sum(sub(sub(add(exp(logVariance), square(mean)), 1), logVariance), [1]), 0.5);

/** KL(q ‖ p), [batch]: ½ Σ (log σ²ₚ − log σ²_q + (σ²_q + (μ_q − μₚ)²) / σ²ₚ − 1). */
export function divergence(q: Gaussian, p: Gaussian): Tensor {
  const distance = add(
    exp(sub(q.logVariance, p.logVariance)),
    mul(square(sub(q.mean, p.mean)), exp(neg(p.logVariance))),
  );
  return mul(sum(sub(sub(add(distance, p.logVariance), q.logVariance), 1), [1]), 0.5);
}

/** Log-precision of an expert that is absent: far below any other, yet finite, so that no gradient turns NaN. */
const absent = -1e4;

/**
 * Product of the experts present in each row (Hinton 2002; without a prior expert as in Hwang 2021):
 *   1/σ² = Σₘ presentₘ/σₘ²,  μ = σ² Σₘ presentₘ·μₘ/σₘ².
 * Works on log-precisions by log-sum-exp. Every row must hold at least one expert.
 * @param experts one Gaussian [batch, latent] for each modality @param present [batch] 0 or 1, in the same order
 */
export function productOfExperts(experts: readonly Gaussian[], present: readonly Tensor[]): Gaussian {
  const latent = experts[0]!.mean.shape[1] as number;
  const stacked = (tensors: readonly Tensor[]) => tensors.map((t) => reshape(t, ["batch", 1, latent]));
  const logPrecisions = experts.map(({ logVariance }, m) => {
    const mask = reshape(present[m]!, ["batch", 1]);
    return select(mask, neg(logVariance), absent);
  });
  const total = logSumExp(concat(stacked(logPrecisions), 1), [1]);
  const weighted = experts.map(({ mean }, m) => mul(mean, exp(sub(logPrecisions[m]!, total))));
  return { mean: weighted.reduce((a, b) => add(a, b)), logVariance: neg(total) };
}
