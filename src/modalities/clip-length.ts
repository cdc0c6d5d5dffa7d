/**
 * @file How long a clip is, learnt beside what it holds: after each frame one logit says whether the clip goes on (a discrete
 * hazard, Singer & Willett 1993): log P(n frames) = Σ_{t<n} log σ(ℓ_t) + log σ(-ℓ_n), the last frame's being certain.
 * In: logits [batch, frames], masks [batch, frames]. Out: nats; and a number of frames from logits: the median, or a draw.
 */

import { mul, slice, sum } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";
import { bernoulli } from "./likelihoods/bernoulli.ts";
import { sigmoidAt } from "./likelihoods/likelihood.ts";

/** log P of the length that `extent` marks with ones, [batch]. Both: [batch, frames], float32. */
export function logLength(logits: Tensor, extent: Tensor, frames: number): Tensor {
  const here = slice(extent, 1, 0, frames - 1);
  const next = slice(extent, 1, 1, frames);
  return sum(mul(here, bernoulli.logDensity(next, [slice(logits, 1, 0, frames - 1)])), [1]);
}

/** Frames of one clip: the least n by which it has ended in half of all cases, or in a share drawn at random. */
export function framesFrom(logits: ArrayLike<number>, random?: Random): number {
  const ended = 1 - (random ? random.uniform() : 0.5);
  let going = 1;
  for (let n = 1; n < logits.length; n++) {
    going *= sigmoidAt(logits[n - 1]!);
    if (going <= ended) return n;
  }
  return logits.length;
}
