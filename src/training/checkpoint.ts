/**
 * @file Checkpoints: a run that was cut off goes on where it stood, and ends as if it had never stopped.
 * In: the state after an epoch. Out: the same, from the cache. One entry a run, written whole or not at all.
 */
import type { ArrayCache } from "../data/node/cache.ts";
import type { OptimiserState, Trainer } from "../engine/runtime.ts";
import type { EpochRecord } from "../models/trained-model.ts";
import { keptStates, type MonitorState } from "./monitor.ts";

/** Plain JSON beside the arrays. */
export interface Progress {
  readonly steps: number;
  readonly history: readonly EpochRecord[];
  readonly monitor: MonitorState;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

export interface Checkpoints {
  /** Puts the states back into the trainer; undefined where the run has none. */
  load(trainer: Trainer): Promise<Progress | undefined>;
  save(trainer: Trainer, progress: Progress): Promise<void>;
  /** The run has ended: nothing is left to resume. */
  clear(): Promise<void>;
}

/** @param key names the run: its data, settings and output */
export function cachedCheckpoints(cache: ArrayCache, key: string): Checkpoints {
  return {
    async load(trainer) {
      const entry = await cache.get(key);
      if (!entry) return undefined;
      const { progress, states } = entry.metadata as Kept;
      if (progress === undefined) return undefined;
      for (const name of keptStates)
        await trainer.importState(name, { ...states[name]!, values: entry.arrays[name] as Float32Array });
      return progress;
    },
    async save(trainer, progress) {
      const exported = await Promise.all(keptStates.map((name) => trainer.exportState(name)));
      const arrays = keptStates.map((name, i) => [name, exported[i]!.values as Float32Array<ArrayBuffer>]);
      const states = keptStates.map((name, i) => [name, { layout: exported[i]!.layout, steps: exported[i]!.steps }]);
      await cache.put(key, {
        arrays: Object.fromEntries(arrays),
        metadata: { progress, states: Object.fromEntries(states) } satisfies Kept,
      });
    },
    async clear() {
      await cache.put(key, { arrays: {}, metadata: { states: {} } satisfies Kept });
    },
  };
}

interface Kept {
  /** Absent once the run has ended. */
  readonly progress?: Progress;
  /** State → what it holds besides the array of its name. */
  readonly states: Readonly<Record<string, Omit<OptimiserState, "values">>>;
}
