/** @file Training steps on one batch over and over. In: a trainer, a case. Out: a function that makes so many steps. */
import type { Trainer } from "../src/engine/runtime.ts";
import type { BenchCase } from "./cases/case.ts";

/** The whole step with its update, or loss and gradients alone. */
export const parts = ["step", "gradients"] as const;
export type Part = (typeof parts)[number];

export function stepper(trainer: Trainer, one: BenchCase, batch: number) {
  const template = one.feeds(batch);
  let seed = 0;
  return async (part: Part, steps: number): Promise<void> => {
    for (let i = 0; i < steps; i++) {
      const arrays = Object.fromEntries(Object.entries(template).map(([name, array]) => [name, array.slice()]));
      await trainer.step({ batch, arrays }, { rate: 1e-3, seed: seed++, ...(part === "gradients" && { only: [] }) });
    }
  };
}
