/** @file log Γ and draws from the gamma and Poisson distributions on plain numbers. In: numbers, a Random. Out: numbers. */
import type { Random } from "../../engine/random.ts";

/** log Γ(x), x > 0, to about 1e-12: Stirling's series at x + 10, stepped down by log Γ(x) = log Γ(x+1) - log x. */
export function logGammaAt(x: number): number {
  let shift = 0;
  let at = x;
  for (; at < 10; at++) shift += Math.log(at);
  const inverse = 1 / at;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** Gamma of shape `shape` and scale 1 (Marsaglia & Tsang 2000; below shape 1 by their boost). */
export function sampleGamma(shape: number, random: Random): number {
  if (shape < 1) return sampleGamma(shape + 1, random) * (1 - random.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  while (true) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v;
  }
}

/** A rate beyond this is drawn from its normal limit, off by less than 1 % of a standard deviation. */
const normalLimit = 1000;
/** e^-30 is far from underflow, so Knuth's product works on pieces of this rate. */
const pieceRate = 30;

/** Poisson: a sum of Knuth's products over pieces of the rate. */
export function samplePoisson(rate: number, random: Random): number {
  if (rate > normalLimit) return Math.max(0, Math.round(rate + Math.sqrt(rate) * random.normal()));
  let count = 0;
  for (let left = rate; left > 0; left -= pieceRate) {
    const limit = Math.exp(-Math.min(left, pieceRate));
    for (let product = 1 - random.uniform(); product > limit; product *= 1 - random.uniform()) count++;
  }
  return count;
}
