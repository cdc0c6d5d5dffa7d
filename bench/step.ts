/**
 * @file One training step of polyvae against eager PyTorch, block by block in turn, in one run.
 * In: cases, batch sizes. Out: CPU and wall milliseconds a step (medians over blocks), ratios torch / polyvae, and the share of
 * the machine's own matrix-product peak that the arithmetic reaches. Where PyTorch is absent its figures are null.
 */
import { nodeRuntime } from "../src/engine/node/runtime.ts";
import { planTraining } from "../src/engine/plan.ts";
import type { BenchCase } from "./cases/case.ts";
import { benchCases, type CaseName } from "./cases/cases.ts";
import { countFlops } from "./flops.ts";
import { peakGflops } from "./peak.ts";
import { type Part, parts, stepper } from "./stepper.ts";
import { medianTimes, type Times, timed } from "./timing.ts";
import { noTorch, startTorch, type Torch } from "./torch.ts";

export interface StepOptions {
  readonly json: boolean;
  readonly cases: readonly CaseName[];
  /** The batch of 128 rows is always measured too. */
  readonly batches: readonly number[];
}

interface Result {
  readonly name: string;
  readonly batch: number;
  readonly threads: number;
  readonly part: Part;
  readonly polyvae: Times;
  readonly torch: Times | null;
  readonly ratioCpu: number | null;
  readonly ratioWall: number | null;
  readonly shareOfPeak: number;
  readonly reason?: string;
}

/** The batch size that targets are set for is measured most closely. */
const mainBatch = 128;
const blocksOf = (batch: number): number => (batch === mainBatch ? 11 : 3);
const secondsPerBlock = 0.2;
const warmUpSteps = 4;

export async function benchStep({ json, cases, batches }: StepOptions): Promise<void> {
  const torch = await startTorch("torch-step.py");
  if (!torch) process.stderr.write(`${noTorch}\n`);
  const peaks = { 1: await peakGflops(1), 2: await peakGflops(2) };
  const results: Result[] = [];
  for (const name of cases) {
    const one = benchCases[name]();
    for (const threads of [1, 2] as const) {
      for (const batch of [...new Set([mainBatch, ...batches])].sort((a, b) => a - b)) {
        const compared = await compare(one, { batch, threads, peak: peaks[threads] }, torch);
        results.push(...compared);
        if (!json) process.stdout.write(`${compared.map(describe).join("\n")}\n`);
      }
    }
  }
  torch?.stop();
  if (json) process.stdout.write(`${JSON.stringify({ peakGflops: peaks, cases: results })}\n`);
}

interface Setting {
  readonly batch: number;
  readonly threads: number;
  /** GFLOP/s */
  readonly peak: number;
}

async function compare(one: BenchCase, { batch, threads, peak }: Setting, torch: Torch | undefined): Promise<Result[]> {
  const runtime = nodeRuntime({ threads });
  const plan = planTraining(one.loss, {}, undefined, { batch });
  const trainer = await runtime.train(plan, 0);
  const run = stepper(trainer, one, batch);
  const warmUp: Times[] = [];
  for (let i = 0; i < warmUpSteps; i++) warmUp.push(await timed(() => run("step", 1), 1));
  const steps = Math.max(1, Math.round((secondsPerBlock * 1e3) / Math.min(...warmUp.map(({ wallMs }) => wallMs))));
  const ours: Record<Part, Times[]> = { step: [], gradients: [] };
  const theirs: Record<Part, Times[]> = { step: [], gradients: [] };
  for (let block = 0; block < blocksOf(batch); block++) {
    for (const part of parts) {
      // One step that does not count: the caches hold what the peer left there. It does the same.
      await run(part, 1);
      ours[part].push(await timed(() => run(part, steps), steps));
      if (torch) {
        const said = await torch.ask({ case: one.name, sizes: one.sizes, batch, threads, part, steps });
        checkParameters(one.name, plan.parameters, said.parameters);
        theirs[part].push(said as unknown as Times);
      }
    }
  }
  await runtime.close();
  const flops = countFlops(one.loss, batch);
  return parts.map((part) => {
    const polyvae = medianTimes(ours[part]);
    const peer = torch ? medianTimes(theirs[part]) : null;
    return {
      name: one.name,
      batch,
      threads,
      part,
      polyvae,
      torch: peer,
      ratioCpu: peer && peer.cpuMs / polyvae.cpuMs,
      ratioWall: peer && peer.wallMs / polyvae.wallMs,
      shareOfPeak: flops / (polyvae.wallMs * 1e-3) / (peak * 1e9),
      ...(!peer && { reason: noTorch }),
    };
  });
}

/** @throws Error when the two models differ in size */
function checkParameters(name: string, ours: readonly { readonly shape: readonly number[] }[], theirs: unknown): void {
  const count = ours.reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
  if (count === theirs) return;
  throw new Error(`Cannot compare "${name}": polyvae's model has ${count} parameters, PyTorch's ${String(theirs)}.`);
}

function describe({ name, batch, threads, part, polyvae, torch, ratioCpu, ratioWall, shareOfPeak }: Result): string {
  const ms = ({ cpuMs, wallMs }: Times) => `${cpuMs.toFixed(1)} CPU ms, ${wallMs.toFixed(1)} wall ms`;
  const peer = torch
    ? `torch ${ms(torch)}; torch / polyvae ${ratioCpu!.toFixed(2)} CPU, ${ratioWall!.toFixed(2)} wall`
    : "torch absent";
  return `${name} batch ${batch}, ${threads} thread(s), ${part}: polyvae ${ms(polyvae)}; ${peer}; ${(100 * shareOfPeak).toFixed(0)} % of peak`;
}
