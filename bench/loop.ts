/**
 * @file How long the main thread's event loop waits while a model trains: the promise that training never blocks a server.
 * In: --json, --seconds. Out: percentiles of the loop's delay in milliseconds.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { nodeRuntime } from "../src/engine/node/runtime.ts";
import { planTraining } from "../src/engine/plan.ts";
import { benchCases } from "./cases/cases.ts";
import { stepper } from "./stepper.ts";

export async function benchLoop({ json, seconds }: { json: boolean; seconds: number }): Promise<void> {
  const one = benchCases.trimodal();
  const runtime = nodeRuntime();
  const trainer = await runtime.train(planTraining(one.loss), 0);
  const run = stepper(trainer, one, 128);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const end = performance.now() + seconds * 1e3;
  let steps = 0;
  delay.enable();
  while (performance.now() < end) {
    await run("step", 1);
    steps++;
  }
  delay.disable();
  await runtime.close();
  const ms = (nanoseconds: number) => nanoseconds / 1e6;
  const result = { steps, p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) };
  const text = `${steps} steps in ${seconds} s; event loop delay p50 ${result.p50.toFixed(1)} ms, p99 ${result.p99.toFixed(1)} ms, max ${result.max.toFixed(1)} ms`;
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${text}\n`);
}
