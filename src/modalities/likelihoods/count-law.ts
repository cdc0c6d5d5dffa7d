/**
 * @file Which law counts follow, and where its parameters start. In: counts of one column. Out: a law's name; raw parameters.
 * The rule, on training cells: the tail is that of a Poisson where the counts above 0 vary no more than 1.25 times as much as a
 * zero-truncated Poisson of their mean; else negative binomial. Zeros are inflated where their share exceeds by more than 0.05
 * what that law expects. Where in doubt the law is the wider one: the latent explains part of the spread, never adds to it.
 */
import type { ScalarLikelihood } from "./likelihood.ts";
import { softUnbound } from "./likelihood.ts";
import { logMeanBounds, logSizeBounds, negativeBinomial } from "./negative-binomial.ts";
import { poisson } from "./poisson.ts";
import { zeroInflated } from "./zero-inflated.ts";

export const countLaws = [
  "poisson",
  "negative-binomial",
  "zero-inflated-poisson",
  "zero-inflated-negative-binomial",
] as const;
export type CountLaw = (typeof countLaws)[number];

export const countLikelihoods: Readonly<Record<CountLaw, ScalarLikelihood>> = {
  poisson,
  "negative-binomial": negativeBinomial,
  "zero-inflated-poisson": zeroInflated(poisson),
  "zero-inflated-negative-binomial": zeroInflated(negativeBinomial),
};

const spreadOfPoisson = 1.25;
const zerosInExcess = 0.05;

interface Moments {
  readonly mean: number;
  readonly variance: number;
}

function momentsOf(values: readonly number[]): Moments {
  const mean = values.reduce((sum, k) => sum + k, 0) / Math.max(1, values.length);
  const variance = values.reduce((sum, k) => sum + (k - mean) ** 2, 0) / Math.max(1, values.length);
  return { mean, variance };
}

/** Rate of the Poisson whose counts above 0 have this mean: λ / (1 - e^-λ) = mean. */
function truncatedRate(mean: number): number {
  let rate = mean;
  for (let i = 0; i < 50; i++) rate = mean * -Math.expm1(-rate);
  return Math.max(rate, 1e-3);
}

/** Shape r of a negative binomial by its moments; a large one where it varies no more than a Poisson. */
const sizeOf = ({ mean, variance }: Moments): number =>
  variance > mean ? Math.min(Math.max(mean ** 2 / (variance - mean), 0.06), 1000) : 1000;

export function chooseCountLaw(values: readonly number[]): CountLaw {
  const above = values.filter((k) => k > 0);
  if (above.length === 0) return "poisson";
  const zeros = 1 - above.length / values.length;
  const tail = momentsOf(above);
  const rate = truncatedRate(tail.mean);
  const expected = tail.mean * (1 + rate - tail.mean);
  // A tail of ones alone has no spread at all.
  if (tail.variance <= spreadOfPoisson * Math.max(expected, 1e-9)) {
    return zeros > Math.exp(-rate) + zerosInExcess ? "zero-inflated-poisson" : "poisson";
  }
  const all = momentsOf(values);
  const size = sizeOf(all);
  const expectedZeros = (size / (size + all.mean)) ** size;
  return zeros > expectedZeros + zerosInExcess ? "zero-inflated-negative-binomial" : "negative-binomial";
}

/** Raw parameters at which the law is that of these counts, by their moments. */
export function countStarts(law: CountLaw, values: readonly number[]): number[] {
  const isInflated = law.startsWith("zero-inflated");
  const above = values.filter((k) => k > 0);
  const counted = isInflated && above.length > 0 ? above : values;
  const moments = momentsOf(counted);
  const mean = law === "zero-inflated-poisson" && above.length > 0 ? truncatedRate(moments.mean) : moments.mean;
  const size = sizeOf(moments);
  const starts = [
    unbound(Math.log(mean + 0.1), logMeanBounds),
    ...(law.endsWith("binomial") ? [unbound(Math.log(size), logSizeBounds)] : []),
  ];
  if (!isInflated) return starts;
  const counts = law.endsWith("binomial") ? (size / (size + mean)) ** size : Math.exp(-mean);
  const extra = (1 - above.length / values.length - counts) / Math.max(1 - counts, 1e-6);
  const held = Math.min(Math.max(extra, 0.01), 0.99);
  return [...starts, Math.log(held / (1 - held))];
}

const unbound = (x: number, { low, high }: { readonly low: number; readonly high: number }): number =>
  softUnbound(Math.min(Math.max(x, low + 0.1), high - 0.1), low, high);
