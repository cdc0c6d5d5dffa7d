/**
 * @file How long and how fast: epochs, warm-up and patience chosen by the number of steps in an epoch, and the rate's fall towards
 * the end. In: a TrainingConfig, the steps of one epoch, the share of the budget that is spent. Out: numbers.
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

/** Share of the budget after which the rate falls, and what is left of it at the end. */
const fallsFrom = 0.6;
const leftAtEnd = 0.05;

/** Factor of the learning rate: 1, then half a cosine down (Loshchilov & Hutter 2017, 1608.03983), by the share of the budget spent. */
export function anneal(share: number): number {
  const fallen = Math.min(1, Math.max(0, (share - fallsFrom) / (1 - fallsFrom)));
  return leftAtEnd + (1 - leftAtEnd) * 0.5 * (1 + Math.cos(Math.PI * fallen));
}
