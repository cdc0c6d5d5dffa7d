/**
 * @file InfoNCE between the modalities' posterior means: rows that belong together lie together, whatever modality shows them.
 * In: means [batch, latent], presence [batch], identity numbers [batch] (equal value → equal number). Out: loss [].
 */
import { logSumExp, square } from "../engine/functions.ts";
import {
  add,
  concat,
  div,
  equal,
  matmul,
  maximum,
  mul,
  parameter,
  reshape,
  select,
  sigmoid,
  sqrt,
  sub,
  sum,
  transpose,
} from "../engine/ops.ts";
import type { Tensor } from "../engine/tensor.ts";

export interface View {
  readonly name: string;
  readonly mean: Tensor;
  readonly present: Tensor;
  /** Numbers that are equal exactly where the values are; rows without a value have a number of their own each. */
  readonly identity: Tensor;
}

/**
 * Symmetric InfoNCE (van den Oord 2018; Radford 2021), averaged over pairs of modalities and over the rows that hold both:
 *   −½ log softmaxⱼ(s(aᵢ, bⱼ)/τ)ᵢ − ½ log softmaxⱼ(s(bᵢ, aⱼ)/τ)ᵢ,  s the cosine of the means.
 * τ is learned for each pair: a pair that shares nothing turns its own term off instead of bending the space.
 * Rows that are equal in any modality (the same word) are no negatives of each other, whichever pair is compared.
 */
export function infoNce(views: readonly View[]): Tensor {
  const related = views.map(({ identity }) => equal(column(identity), row(identity))).reduce((a, b) => maximum(a, b));
  const losses = views.flatMap((a, i) =>
    views.slice(i + 1).flatMap((b) => {
      const inverseTemperature = learnedInverseTemperature(
        `contrast/${encodeURIComponent(a.name)}/${encodeURIComponent(b.name)}`,
      );
      return [direction(a, b, related, inverseTemperature), direction(b, a, related, inverseTemperature)];
    }),
  );
  return div(
    losses.reduce((x, y) => add(x, y)),
    losses.length,
  );
}

/** Starts at 10 and stays below 100 (Radford 2021) by a sigmoid, so that it can always come back. */
const largest = 100;
const startsAt = 10;
const learnedInverseTemperature = (name: string): Tensor => {
  const logit = Math.log(startsAt / (largest - startsAt));
  return mul(sigmoid(parameter(`${name}/temperature`, [], { kind: "constant", value: logit })), largest);
};

/** Mean over the rows with both views of −log of the share that the own partner takes among all candidates. */
function direction(from: View, to: View, related: Tensor, inverseTemperature: Tensor): Tensor {
  const scores = mul(matmul(unit(from.mean), transpose(unit(to.mean), [1, 0])), inverseTemperature);
  const both = mul(from.present, to.present);
  const own = sum(mul(unit(from.mean), unit(to.mean)), [1]);
  const partner = mul(own, inverseTemperature);
  const candidate = mul(sub(1, related), row(to.present));
  const negatives = logSumExp(select(candidate, scores, -1e4), [1]);
  const losses = sub(logSumExp(concat([column(partner), column(negatives)], 1), [1]), partner);
  return div(sum(select(both, losses, 0)), maximum(sum(both), 1));
}

const column = (x: Tensor): Tensor => reshape(x, ["batch", 1]);
const row = (x: Tensor): Tensor => transpose(column(x), [1, 0]);

/** Rows scaled to length 1. */
const unit = (x: Tensor): Tensor => div(x, sqrt(add(sum(square(x), [1], true), 1e-8)));
