/**
 * @file One training step of polyvae against eager PyTorch, block by block in turn, in one run.
 * In: --json, --blocks, --steps. Out: CPU and wall milliseconds a step (medians over blocks), ratios torch / polyvae, and the
 * share of the machine's own matrix-product peak that the arithmetic reaches. Where PyTorch is absent its figures are null.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gradients } from "../src/engine/differentiate.ts";
import { nodeRuntime } from "../src/engine/node/runtime.ts";
import { planTraining } from "../src/engine/plan.ts";
import { intern } from "../src/engine/simplify.ts";
import { bindBatch, isOp, type Tensor, topologicalOrder } from "../src/engine/tensor.ts";
import { type BenchCase, benchCases } from "./cases.ts";
import { peakGflops } from "./peak.ts";

type Part = "step" | "gradients";

interface Times {
  readonly cpuMs: number;
  readonly wallMs: number;
}

interface Block {
  readonly case: string;
  readonly batch: number;
  readonly threads: number;
  readonly part: Part;
  readonly steps: number;
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

const noTorch = "PyTorch was not found; see bench/torch-step.py for how to install it";

export async function benchStep(options: { json: boolean; blocks: number; steps: number }): Promise<void> {
  const torch = await startTorch();
  if (!torch) process.stderr.write(`${noTorch}\n`);
  const peaks = { 1: await peakGflops(1), 2: await peakGflops(2) };
  const cases: Result[] = [];
  for (const one of benchCases()) {
    for (const threads of [1, 2] as const) {
      for (const part of ["step", "gradients"] as const) {
        const block = { case: one.name, batch: 128, threads, part, steps: options.steps };
        const result = await compare(one, block, torch, options.blocks, peaks[threads]);
        cases.push(result);
        if (!options.json) process.stdout.write(`${describe(result)}\n`);
      }
    }
  }
  torch?.stop();
  if (options.json) process.stdout.write(`${JSON.stringify({ peakGflops: peaks, cases })}\n`);
}

async function compare(
  one: BenchCase,
  block: Block,
  torch: Torch | undefined,
  blocks: number,
  peak: number,
): Promise<Result> {
  const { batch, threads, part, steps } = block;
  const runtime = nodeRuntime({ threads });
  const trainer = await runtime.train(planTraining(one.loss), 0);
  const template = one.feeds(batch);
  const run = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const arrays = Object.fromEntries(Object.entries(template).map(([name, array]) => [name, array.slice()]));
      await trainer.step({ batch, arrays }, { rate: 1e-3, seed: i, ...(part === "gradients" && { only: [] }) });
    }
  };
  await run(5);
  const ours: Times[] = [];
  const theirs: Times[] = [];
  for (let i = 0; i < blocks; i++) {
    ours.push(await timed(() => run(steps), steps));
    if (torch) theirs.push(await torch.run(block));
  }
  await runtime.close();
  const polyvae = medians(ours);
  const peer = torch ? medians(theirs) : null;
  const flops = countFlops(one.loss, batch);
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
}

/** CPU time of the whole process: the worker and ONNX Runtime's threads included. */
async function timed(work: () => Promise<void>, steps: number): Promise<Times> {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1e3 / steps, wallMs: (performance.now() - wall) / steps };
}

const medians = (times: readonly Times[]): Times => ({
  cpuMs: median(times.map(({ cpuMs }) => cpuMs)),
  wallMs: median(times.map(({ wallMs }) => wallMs)),
});

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Multiplications and additions in the matrix products of loss and gradients. */
function countFlops(loss: Tensor, batch: number): number {
  const shared = intern({ loss }).loss!;
  const parameters = topologicalOrder([shared]).filter((node) => isOp(node, "parameter"));
  const size = (tensor: Tensor) => bindBatch(tensor.shape, batch).reduce((a, b) => a * b, 1);
  return topologicalOrder([shared, ...gradients(shared, parameters)]).reduce((flops, node) => {
    const [a, b] = node.inputs;
    if (isOp(node, "linear")) return flops + 2 * size(node) * (a!.shape.at(-1) as number);
    if (isOp(node, "outer")) return flops + (2 * size(a!) * size(b!)) / (size(a!) / (a!.shape.at(-1) as number));
    return flops;
  }, 0);
}

interface Torch {
  run(block: Block): Promise<Times>;
  stop(): void;
}

/** The peer as a process that times one block for each line it is sent. */
async function startTorch(): Promise<Torch | undefined> {
  const local = fileURLToPath(new URL("../.venv-bench/bin/python", import.meta.url));
  const python = process.env.POLYVAE_BENCH_PYTHON ?? (existsSync(local) ? local : "python3");
  const script = fileURLToPath(new URL("torch-step.py", import.meta.url));
  const child: ChildProcess = spawn(python, [script], { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  child.on("error", () => undefined);
  child.stdin!.on("error", () => undefined);
  const answer = async () => {
    const { value, done } = await lines.next();
    return done ? undefined : (JSON.parse(value as string) as Record<string, unknown>);
  };
  const first = await answer().catch(() => undefined);
  if (first?.ready !== true) return undefined;
  return {
    async run(block) {
      child.stdin!.write(`${JSON.stringify(block)}\n`);
      const times = await answer();
      if (typeof times?.cpuMs !== "number") throw new Error(`The PyTorch peer failed: ${JSON.stringify(times)}`);
      return times as unknown as Times;
    },
    stop: () => child.kill(),
  };
}

function describe({ name, batch, threads, part, polyvae, torch, ratioCpu, ratioWall, shareOfPeak }: Result): string {
  const ms = ({ cpuMs, wallMs }: Times) => `${cpuMs.toFixed(1)} CPU ms, ${wallMs.toFixed(1)} wall ms`;
  const peer = torch
    ? `torch ${ms(torch)}; torch / polyvae ${ratioCpu!.toFixed(2)} CPU, ${ratioWall!.toFixed(2)} wall`
    : "torch absent";
  return `${name} batch ${batch}, ${threads} thread(s), ${part}: polyvae ${ms(polyvae)}; ${peer}; ${(100 * shareOfPeak).toFixed(0)} % of peak`;
}
