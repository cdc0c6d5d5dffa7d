/** @file What the engine's trainer is told. In: a TrainingConfig and the plan's parameters. Out: options of the optimiser, plain. */
import type { AdamOptions, TrainerOptions } from "../engine/optimizer/options.ts";
import type { TrainingPlan } from "../engine/plan.ts";
import type { ReadOptions } from "../engine/runtime.ts";
import type { TrainingConfig } from "./config.ts";

const optimisers: Readonly<Record<TrainingConfig["optimiser"], AdamOptions>> = {
  adam: {},
  adamw: { weightDecay: 0.01 },
  amsgrad: { amsgrad: true },
};

export function trainerOptions(
  { optimiser, weightDecay, average }: TrainingConfig,
  { parameters }: Pick<TrainingPlan, "parameters">,
): TrainerOptions {
  const vectors = parameters.filter(({ shape }) => shape.length < 2).map(({ name }) => name);
  return {
    optimiser: { ...optimisers[optimiser], ...(weightDecay !== undefined && { weightDecay }) },
    // Biases and scales are few and say where the data lie: drawing them to 0 would not make the function simpler.
    groups: [{ parameters: vectors, weightDecay: 0 }],
    ...(average !== undefined && { average: { decay: average } }),
  };
}

/** The weights by which a run is judged, and which are kept. */
export const readAs = ({ average }: TrainingConfig): ReadOptions => ({ averaged: average !== undefined });
