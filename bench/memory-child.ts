/**
 * @file One case trained for some steps in a process of its own. In: its name, batch, threads and steps as arguments.
 * Out: the peak resident size of the process on stdout, in MiB.
 */
import { readFileSync } from "node:fs";
import { nodeRuntime } from "../src/engine/node/runtime.ts";
import { planTraining } from "../src/engine/plan.ts";
import { benchCases, type CaseName } from "./cases/cases.ts";
import { stepper } from "./stepper.ts";

const [name, batch, threads, steps] = process.argv.slice(2) as [CaseName, string, string, string];
const one = benchCases[name]();
const runtime = nodeRuntime({ threads: Number(threads) });
const trainer = await runtime.train(planTraining(one.loss), 0);
await stepper(trainer, one, Number(batch))("step", Number(steps));
process.stdout.write(`${peakMib()}\n`);
await runtime.close();

/** Not getrusage's figure, which a child begins with its parent's. */
function peakMib(): number {
  const [, kib] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))!;
  return Number(kib) / 1024;
}
