/**
 * @file How long and how fast: epochs, warm-up and patience chosen by the number of steps in an epoch; the learning rate as a product of
 * small functions of where the run stands, and its fall where the held-out bound no longer rises. In: a TrainingConfig, positions,
 * bounds. Out: numbers. All state is plain data that the caller keeps.
 */
import type { TrainingConfig } from "./config.ts";

export interface Schedule {
  readonly epochs: number;
  readonly warmUp: number;
  readonly patience: number;
}

/** A small table needs many passes to take as many steps as a large one takes in few. */
const stepsAtLeast = { epochs: 4000, warmUp: 320, patience: 200 };

export function scheduleFor(config: TrainingConfig, stepsPerEpoch: number): Schedule {
  const epochsOf = (steps: number) => Math.ceil(steps / Math.max(1, stepsPerEpoch));
  return {
    epochs: config.epochs ?? Math.max(100, epochsOf(stepsAtLeast.epochs)),
    warmUp: config.warmUp ?? epochsOf(stepsAtLeast.warmUp),
    patience: config.patience ?? Math.max(3, epochsOf(stepsAtLeast.patience)),
  };
}

/** Where a run stands. */
export interface Position {
  /** Share of the budget spent, in 0..1. */
  readonly share: number;
  /** Steps taken. */
  readonly step: number;
}

/** Factor of the learning rate. */
export type RateFactor = (at: Position) => number;

export const constantRate: RateFactor = () => 1;

/** 1/steps, 2/steps, … to 1: large gradients of the first steps do little harm (Goyal et al. 2017, 1706.02677, section 2.2). */
export const linearWarmUp =
  (steps: number): RateFactor =>
  ({ step }) =>
    step < steps ? (step + 1) / steps : 1;

/** 1 up to the share `from`, then half a cosine down to `left` (Loshchilov & Hutter 2017, 1608.03983, eq. 5). */
export const cosineFall =
  ({ from, left }: { readonly from: number; readonly left: number }): RateFactor =>
  ({ share }) => {
    const fallen = Math.min(1, Math.max(0, (share - from) / (1 - from)));
    return left + (1 - left) * 0.5 * (1 + Math.cos(Math.PI * fallen));
  };

/** Times `factor` at each of these shares. */
export const stepwiseFall =
  ({ at, factor }: { readonly at: readonly number[]; readonly factor: number }): RateFactor =>
  ({ share }) =>
    factor ** at.filter((fall) => share >= fall).length;

export const productOfRates =
  (...factors: readonly RateFactor[]): RateFactor =>
  (at) =>
    factors.reduce((product, factor) => product * factor(at), 1);

const falls: Readonly<Record<TrainingConfig["rateSchedule"], RateFactor>> = {
  "late-cosine": cosineFall({ from: 0.6, left: 0.05 }),
  cosine: cosineFall({ from: 0, left: 0 }),
  steps: stepwiseFall({ at: [0.5, 0.75], factor: 0.1 }),
  constant: constantRate,
};

export const rateFactor = ({ rateSchedule, rateWarmUp }: TrainingConfig): RateFactor =>
  productOfRates(linearWarmUp(rateWarmUp), falls[rateSchedule]);

/** A rate that falls where a bound no longer rises, and what it goes by. */
export interface Plateau {
  readonly rate: number;
  /** null before the first bound */
  readonly bestBound: number | null;
  /** Bounds since the best one, or since the last fall. */
  readonly since: number;
  readonly drops: number;
}

export interface PlateauRule {
  /** Bounds without a better one before the rate falls to a third. */
  readonly patience: number;
  /** How often it may fall. */
  readonly rateDrops: number;
  /** False where a bound that is no better does not count. */
  readonly counts: boolean;
}

/** What a bound led to: "spent" where patience is, and the rate has fallen as often as it may. */
export type PlateauVerdict = "better" | "waiting" | "fallen" | "spent";

export const firstPlateau = (rate: number): Plateau => ({ rate, bestBound: null, since: 0, drops: 0 });

export function nextPlateau(
  { rate, bestBound, since, drops }: Plateau,
  bound: number,
  { patience, rateDrops, counts }: PlateauRule,
): { readonly plateau: Plateau; readonly verdict: PlateauVerdict } {
  if (bestBound === null || bound > bestBound)
    return { plateau: { rate, bestBound: bound, since: 0, drops }, verdict: "better" };
  const waited = counts ? since + 1 : since;
  const waiting = { rate, bestBound, since: waited, drops };
  if (!counts || waited < patience) return { plateau: waiting, verdict: "waiting" };
  if (drops >= rateDrops) return { plateau: waiting, verdict: "spent" };
  return { plateau: { rate: rate / 3, bestBound, since: 0, drops: drops + 1 }, verdict: "fallen" };
}
