/**
 * @file Watches a run: when to keep weights, lower the rate, roll back or stop. In: what each step and epoch gave.
 * Out: decisions, and incidents in words for the record.
 */
import type { Trainer } from "../engine/runtime.ts";
import type { TrainingConfig } from "./config.ts";
import { firstPlateau, nextPlateau, type Plateau, type Schedule } from "./schedule.ts";

/** What a monitor remembers, as plain JSON. */
export interface MonitorState extends Plateau {
  readonly bestEpoch: number;
  readonly recoveries: number;
  readonly incidents: readonly string[];
}

export interface Monitor {
  readonly state: MonitorState;
  /** A step gave no finite loss or gradient: back to the last good state at half the rate. False when it is hopeless. */
  recover(epoch: number): Promise<boolean>;
  /** What held-out rows say of the epoch, more being better. "stop" when the rate has fallen as often as it may. */
  epochEnded(epoch: number, bound: number): Promise<"continue" | "stop">;
}

/** Names of the states that the trainer keeps: the last one that was sound, and the best. */
export const keptStates = ["good", "best"] as const;
const [good, best] = keptStates;
export const bestState = best;
/** A run that still fails at a 256th of the rate will not be saved by another half. */
const mostRecoveries = 8;

/** @param resumed what an earlier monitor remembered; the trainer then holds its states already */
export async function createMonitor(
  trainer: Trainer,
  config: Pick<TrainingConfig, "rate" | "rateDrops">,
  { warmUp, patience }: Schedule,
  resumed?: MonitorState,
): Promise<Monitor> {
  if (resumed) await trainer.restore(good);
  else for (const name of keptStates) await trainer.save(name);
  let state: MonitorState = resumed ?? {
    ...firstPlateau(config.rate),
    bestEpoch: 0,
    recoveries: 0,
    incidents: [],
  };
  const change = (next: Partial<MonitorState>) => {
    state = { ...state, ...next };
  };
  const tell = (epoch: number, incident: string) =>
    change({ incidents: [...state.incidents, `epoch ${epoch}: ${incident}`] });

  async function recover(epoch: number): Promise<boolean> {
    await trainer.restore(good);
    if (state.recoveries >= mostRecoveries) {
      tell(epoch, `still no finite loss after ${mostRecoveries} attempts; stopped with the best weights so far`);
      return false;
    }
    change({ recoveries: state.recoveries + 1, rate: state.rate / 2 });
    tell(
      epoch,
      `the loss was not finite; went back to the last good weights and halved the rate to ${state.rate.toPrecision(2)}`,
    );
    return true;
  }

  return {
    get state() {
      return state;
    },
    recover,
    async epochEnded(epoch, bound) {
      if (!Number.isFinite(bound)) return (await recover(epoch)) ? "continue" : "stop";
      await trainer.save(good);
      // While the divergences' weight still rises, the bound may wait.
      const rule = { patience, rateDrops: config.rateDrops, counts: epoch > warmUp };
      const { plateau, verdict } = nextPlateau(state, bound, rule);
      change(plateau);
      if (verdict === "better") {
        change({ bestEpoch: epoch });
        await trainer.save(best);
      }
      if (verdict === "fallen") {
        await trainer.restore(best);
        await trainer.save(good);
      }
      return verdict === "spent" ? "stop" : "continue";
    },
  };
}
