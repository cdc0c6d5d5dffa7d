/**
 * @file Objectives: pure functions from posteriors and likelihoods to one loss with named terms. Minimised, averaged over
 * the batch. In: Evidence of one batch. Out: loss [] and terms [batch]. Sums over m run over the modalities present in a row,
 * and M counts those. `scale` balances the likelihoods inside the loss only; no reported likelihood ever holds it.
 */
import { mean } from "../engine/functions.ts";
import { add, div, maximum, mul, neg, type Operand, select, sub } from "../engine/ops.ts";
import type { Tensor } from "../engine/tensor.ts";
import { divergence, divergenceFromStandard, type Gaussian } from "./gaussian.ts";

export interface Evidence {
  /** q(z|x), the joint posterior of what each row holds. */
  readonly joint: Gaussian;
  /** modality → its own posterior q_m(z|x_m), its presence [batch], log p(x_m|z) [batch] for z ~ q, and its scale. */
  readonly modalities: Readonly<Record<string, ModalityEvidence>>;
}

export interface ModalityEvidence {
  readonly posterior: Gaussian;
  /** [batch], 1 where the row holds it: its likelihood counts. */
  readonly present: Tensor;
  /** [batch], 1 where the joint posterior saw it; `present` unless a subset was drawn. */
  readonly given: Tensor;
  readonly logLikelihood: Tensor;
  readonly scale: number;
}

export interface Weights {
  /** Weight of the divergences; a scalar tensor while it warms up. */
  readonly beta: Operand;
}

/** What an objective returns: a loss [] to minimise. */
export type Objective = (evidence: Evidence, weights: Weights) => Tensor;

const total = (tensors: readonly Tensor[]): Tensor => tensors.reduce((a, b) => add(a, b));

/** A row's value where the modality is present, else exactly 0 with a gradient of exactly 0. */
export const wherePresent = ({ present }: Pick<ModalityEvidence, "present">, value: Tensor): Tensor =>
  select(present, value, 0);

/** −Σₘ scaleₘ·log p(xₘ|z), [batch] */
const reconstruction = ({ modalities }: Evidence): Tensor =>
  total(Object.values(modalities).map((m) => wherePresent(m, mul(m.logLikelihood, -m.scale))));

/**
 * Evidence lower bound, Kingma & Welling 2014, eq. 3, negated:  β·KL(q ‖ N(0, I)) − Σₘ scaleₘ·log p(xₘ|z).
 * With β ≠ 1 the β-VAE of Higgins 2017.
 */
export const elbo: Objective = (evidence, { beta }) =>
  mean(add(reconstruction(evidence), mul(divergenceFromStandard(evidence.joint), beta)));

/**
 * MVTCAE, Hwang 2021, eq. 9: total correlation against the sum of the modalities' own bottlenecks,
 *   ((M − α)/M)·Σₘ Rₘ + β·[(1 − α)·KL(q ‖ N(0, I)) + (α/M)·Σₘ KL(q ‖ qₘ)],
 * M and the second sum over the modalities that the joint posterior saw; M = 2 in a model that has only one.
 * Published: α = 5/6, β = 2.5.
 */
export const mvtcae =
  (alpha: number): Objective =>
  (evidence, { beta }) => {
    const all = Object.values(evidence.modalities);
    // A model of one modality has none to agree with. M = 1 would weigh its likelihood by 1 − α alone, and the posterior
    // would collapse onto the prior: it is weighed as a row of two is.
    const leastViews = all.length === 1 ? 2 : 1;
    const share = div(alpha, maximum(total(all.map(({ given }) => given)), leastViews));
    const fromUnimodal = total(all.map((m) => select(m.given, divergence(evidence.joint, m.posterior), 0)));
    const divergences = add(mul(divergenceFromStandard(evidence.joint), 1 - alpha), mul(fromUnimodal, share));
    return mean(add(mul(reconstruction(evidence), sub(1, share)), mul(divergences, beta)));
  };

/** The unrescaled evidence lower bound of each row, [batch], in nats: what is reported and what early stopping watches. */
export function lowerBound({ joint, modalities }: Evidence): Tensor {
  const likelihood = total(Object.values(modalities).map((m) => wherePresent(m, m.logLikelihood)));
  return add(likelihood, neg(divergenceFromStandard(joint)));
}
