import { expect, test } from "vitest";
import type { Trainer } from "../engine/runtime.ts";
import { createMonitor, type MonitorState } from "./monitor.ts";

/** A trainer whose weights are one number: what it was set to last. */
function pretend() {
  const kept = new Map<string, number>();
  const held = { weights: 0 };
  const never = () => Promise.reject(new Error("not asked for here"));
  const trainer: Trainer = {
    device: "cpu",
    step: never,
    accumulate: never,
    update: never,
    gradients: never,
    setGradients: never,
    evaluate: never,
    parameters: never,
    setParameters: never,
    exportState: never,
    importState: never,
    release: never,
    save: async (name) => void kept.set(name, held.weights),
    restore: async (name) => {
      held.weights = kept.get(name)!;
    },
  };
  return { trainer, held, kept };
}

/** Weights after epoch n are n; the held-out bounds come in order. */
async function watch(bounds: readonly number[], settings: { warmUp?: number; patience?: number; drops?: number } = {}) {
  const { warmUp = 0, patience = 2, drops = 1 } = settings;
  const { trainer, held, kept } = pretend();
  const monitor = await createMonitor(trainer, { rate: 0.9, rateDrops: drops }, { epochs: 99, warmUp, patience });
  const seen: { state: MonitorState; weights: number; decision: string }[] = [];
  for (const [i, bound] of bounds.entries()) {
    held.weights = i + 1;
    const decision = await monitor.epochEnded(i + 1, bound);
    seen.push({ state: monitor.state, weights: held.weights, decision });
  }
  return { seen, monitor, held, kept };
}

test("the best weights are kept; patience spent, the rate falls from there, and in the end the run stops", async () => {
  const { seen, kept } = await watch([1, 3, 2, 2, 2.5, 2.5]);
  expect(seen.map(({ decision }) => decision)).toEqual([...Array(5).fill("continue"), "stop"]);
  expect(seen.map(({ weights }) => weights)).toEqual([1, 2, 3, 2, 5, 6]);
  expect(seen.map(({ state }) => state.rate)).toEqual([0.9, 0.9, 0.9, ...Array(3).fill(expect.closeTo(0.3, 10))]);
  expect(seen.at(-1)!.state).toMatchObject({ bestEpoch: 2, bestBound: 3, drops: 1, incidents: [] });
  expect(kept.get("best")).toBe(2);
});

test("a better bound starts patience anew; an equal one does not", async () => {
  const { seen } = await watch([1, 0, 2, 2, 3, 2, 2], { drops: 0 });
  expect(seen.map(({ decision }) => decision)).toEqual([...Array(6).fill("continue"), "stop"]);
  expect(seen.at(-1)!.state.bestEpoch).toBe(5);
});

test("while the divergences' weight rises nothing is lost by waiting", async () => {
  const { seen } = await watch([5, 1, 1, 1, 1], { warmUp: 3, drops: 0 });
  expect(seen.map(({ decision }) => decision)).toEqual([...Array(4).fill("continue"), "stop"]);
});

test("after the rate fell, a step that fails goes back to where the run was taken up, not to what was given up", async () => {
  const { monitor, held } = await watch([1, 3, 2, 2]);
  held.weights = Number.NaN;
  expect(await monitor.recover(5)).toBe(true);
  expect(held.weights).toBe(2);
  expect(monitor.state.rate).toBeCloseTo(0.15, 10);
});

test("a bound that is not finite counts as failure, and no weights of such an epoch are kept", async () => {
  const { seen, kept } = await watch([1, Number.NaN, Number.NEGATIVE_INFINITY]);
  expect(seen.map(({ weights }) => weights)).toEqual([1, 1, 1]);
  expect(seen.at(-1)!.state).toMatchObject({ recoveries: 2, bestEpoch: 1 });
  expect(seen.at(-1)!.state.incidents[1]).toMatch(/^epoch 3: the loss was not finite; .* halved the rate to 0\.23$/);
  expect(kept.get("good")).toBe(1);
});

test("a run that fails again and again is given up", async () => {
  const { seen } = await watch(Array(9).fill(Number.NaN));
  expect(seen.map(({ decision }) => decision)).toEqual([...Array(8).fill("continue"), "stop"]);
  expect(seen.at(-1)!.state).toMatchObject({ bestEpoch: 0, bestBound: null, rate: 0.9 / 256 });
  expect(seen.at(-1)!.state.incidents.at(-1)).toMatch(/still no finite loss after 8 attempts/);
});

test("a monitor that is resumed decides as the one that was cut off would have", async () => {
  const bounds = [1, 3, 2, 2.5, 2, 2];
  const whole = await watch(bounds);
  const { monitor, kept, held } = await watch(bounds.slice(0, 3));
  const { trainer, ...later } = pretend();
  for (const [name, weights] of kept) later.kept.set(name, weights);
  const settings = [
    { rate: 0.9, rateDrops: 1 },
    { epochs: 99, warmUp: 0, patience: 2 },
  ] as const;
  const json = JSON.parse(JSON.stringify(monitor.state)) as MonitorState;
  const resumed = await createMonitor(trainer, ...settings, json);
  expect(later.held.weights).toBe(held.weights);
  for (const [i, bound] of bounds.slice(3).entries()) {
    later.held.weights = i + 4;
    expect(await resumed.epochEnded(i + 4, bound)).toBe(whole.seen[i + 3]!.decision);
    expect(resumed.state).toEqual(whole.seen[i + 3]!.state);
  }
});
