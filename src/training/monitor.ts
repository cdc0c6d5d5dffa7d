/**
 * @file Watches a run: when to keep weights, lower the rate, roll back or stop. In: what each step and epoch gave.
 * Out: decisions, and incidents in words for the record.
 */
import type { Trainer } from "../engine/runtime.ts";
import type { TrainingConfig } from "./config.ts";
import type { Schedule } from "./schedule.ts";

export interface Monitor {
  readonly rate: number;
  readonly bestEpoch: number;
  readonly incidents: readonly string[];
  /** A step gave no finite loss or gradient: back to the last good state at half the rate. False when it is hopeless. */
  recover(epoch: number): Promise<boolean>;
  /** The held-out bound after an epoch. "stop" when the rate has fallen as often as it may. */
  epochEnded(epoch: number, bound: number): Promise<"continue" | "stop">;
}

const good = "good";
const best = "best";
/** A run that keeps failing at a thirtieth of the rate will not be saved by another half. */
const mostRecoveries = 8;

export const bestState = best;

export async function createMonitor(
  trainer: Trainer,
  config: Pick<TrainingConfig, "rate" | "rateDrops">,
  { warmUp, patience }: Schedule,
): Promise<Monitor> {
  await trainer.save(good);
  await trainer.save(best);
  const incidents: string[] = [];
  let { rate } = config;
  let bestBound = Number.NEGATIVE_INFINITY;
  let bestEpoch = 0;
  let since = 0;
  let drops = 0;
  let recoveries = 0;

  async function recover(epoch: number): Promise<boolean> {
    await trainer.restore(good);
    if (++recoveries > mostRecoveries) {
      incidents.push(
        `epoch ${epoch}: still no finite loss after ${mostRecoveries} attempts; stopped with the best weights so far`,
      );
      return false;
    }
    rate /= 2;
    incidents.push(
      `epoch ${epoch}: the loss was not finite; went back to the last good weights and halved the rate to ${rate.toPrecision(2)}`,
    );
    return true;
  }

  return {
    get rate() {
      return rate;
    },
    get bestEpoch() {
      return bestEpoch;
    },
    incidents,
    recover,
    async epochEnded(epoch, bound) {
      if (!Number.isFinite(bound)) return (await recover(epoch)) ? "continue" : "stop";
      await trainer.save(good);
      if (bound > bestBound) {
        [bestBound, bestEpoch, since] = [bound, epoch, 0];
        await trainer.save(best);
        return "continue";
      }
      // While the divergences' weight still rises, the bound may wait.
      if (epoch <= warmUp || ++since < patience) return "continue";
      if (drops++ >= config.rateDrops) return "stop";
      since = 0;
      rate /= 3;
      await trainer.restore(best);
      return "continue";
    },
  };
}
