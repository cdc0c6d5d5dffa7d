/**
 * @file Peak resident size of a process that trains, polyvae against eager PyTorch, each case in fresh processes (Linux).
 * In: cases. Out: MiB, and the ratio polyvae / torch; null where PyTorch is absent. Ours counts what it needs to run from
 * source, a TypeScript loader in both threads, which the published package does without.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { benchCases, type CaseName } from "./cases/cases.ts";
import { noTorch, startTorch } from "./torch.ts";

const setting = { batch: 128, threads: 2, steps: 20 };

export async function benchMemory({ json, cases }: { json: boolean; cases: readonly CaseName[] }): Promise<void> {
  const results = [];
  for (const name of cases) {
    const polyvae = await ours(name);
    const torch = await theirs(name);
    const ratio = torch && polyvae / torch;
    results.push({ name, batch: setting.batch, polyvae, torch, ratio, ...(torch === null && { reason: noTorch }) });
    const peer = torch === null ? "torch absent" : `torch ${torch.toFixed(0)} MiB; ratio ${ratio!.toFixed(2)}`;
    if (!json) process.stdout.write(`${name} batch ${setting.batch}: polyvae ${polyvae.toFixed(0)} MiB, ${peer}\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify({ memory: results })}\n`);
}

async function ours(name: CaseName): Promise<number> {
  const script = fileURLToPath(new URL("memory-child.ts", import.meta.url));
  const options = Object.values(setting).map(String);
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", script, name, ...options]);
  return Number(stdout);
}

async function theirs(name: CaseName): Promise<number | null> {
  const torch = await startTorch("torch-step.py");
  if (!torch) return null;
  const { sizes } = benchCases[name]();
  const { peakMib } = await torch.ask({ case: name, sizes, part: "step", ...setting });
  torch.stop();
  return peakMib as number;
}
