/**
 * @file Data larger than memory: peak resident size of every command at two sizes ten times apart, and the loader's speed beside that of
 * the training step (Linux). In: row counts; a folder for the data, some GB. Out: MiB and rows a second.
 */
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeStreamData, type StreamKind } from "./stream-data.ts";

export interface StreamOptions {
  readonly json: boolean;
  readonly sizes: Readonly<Record<StreamKind, readonly number[]>>;
  readonly steps: number;
  /** Names of commands, all where there are none; without train the model of an earlier run is used. */
  readonly commands: readonly string[];
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const folder = join(tmpdir(), "polyvae-bench-stream");

export async function benchStream({ json, sizes, steps, commands }: StreamOptions): Promise<void> {
  const results: Record<string, unknown>[] = [];
  for (const kind of ["rows", "images"] as const) {
    for (const count of sizes[kind]) {
      const data = join(folder, `${kind}-${count}.parquet`);
      if (!existsSync(data)) await makeStreamData(kind, count, data);
      const peaks = await commandPeaks(data, steps, commands);
      const run = await promisify(execFile)(process.execPath, [
        "--import",
        "tsx",
        script("stream-child.ts"),
        data,
        String(steps),
      ]);
      const result = { kind, count, peaks, ...(JSON.parse(run.stdout) as object) };
      results.push(result);
      if (!json) process.stdout.write(`${describe(result as never)}\n`);
      rmSync(`${data}.cache`, { recursive: true, force: true });
    }
  }
  if (json) process.stdout.write(`${JSON.stringify({ stream: results })}\n`);
}

interface Peak {
  readonly mib: number;
  readonly seconds: number;
}

/** Every command that reads a data set, each in a process of its own, over one cache. */
async function commandPeaks(data: string, steps: number, wanted: readonly string[]): Promise<Record<string, Peak>> {
  const [model, store] = [`${data}.polyvae`, `${data}.store`];
  const cut = ["--set", `epochRows=${steps * 128}`, "--set", "batch=128", "--epochs", "1"];
  const commands: Readonly<Record<string, readonly string[]>> = {
    inspect: ["inspect", data],
    train: ["train", data, "-o", model, ...cut],
    evaluate: ["evaluate", model, data],
    encode: ["encode", model, data, "-o", `${data}.latents.parquet`],
    index: ["index", model, data, "-o", store],
    impute: ["impute", model, data, "-o", `${data}.filled.csv`, "--no-intervals"],
  };
  const peaks: Record<string, Peak> = {};
  for (const [name, given] of Object.entries(commands)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    peaks[name] = await peakOf(given, `${data}.cache`);
    process.stderr.write(`${data} ${name}: ${peaks[name].mib.toFixed(0)} MiB, ${peaks[name].seconds.toFixed(0)} s\n`);
  }
  for (const left of [store, `${data}.latents.parquet`, `${data}.filled.csv`])
    rmSync(left, { recursive: true, force: true });
  return peaks;
}

/** Read again and again while the command runs: the system forgets a process's peak with the process. */
async function peakOf(given: readonly string[], cache: string): Promise<Peak> {
  const started = performance.now();
  const child = spawn(process.execPath, ["--import", "tsx", script("../src/cli/main.ts"), ...given, "--quiet"], {
    env: { ...process.env, POLYVAE_CACHE: cache, POLYVAE_CACHE_LIMIT: "20000000000" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  let mib = 0;
  const timer = setInterval(() => {
    try {
      const [, kib] = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
      mib = Math.max(mib, Number(kib ?? 0) / 1024);
    } catch {
      // It has ended.
    }
  }, 50);
  const code = await new Promise<number | null>((done) => child.on("exit", done));
  clearInterval(timer);
  if (code !== 0) throw new Error(`polyvae ${given.join(" ")} ended with ${code}.`);
  return { mib, seconds: (performance.now() - started) / 1e3 };
}

interface Result extends Readonly<Record<string, unknown>> {
  readonly kind: StreamKind;
  readonly count: number;
  readonly peaks: Readonly<Record<string, Peak>>;
  readonly encodeRate: number;
  readonly loaderRate: number;
  readonly stepRate: number;
}

function describe({ kind, count, peaks, encodeRate, loaderRate, stepRate }: Result): string {
  const sizes = Object.entries(peaks).map(
    ([name, { mib, seconds }]) => `${name} ${mib.toFixed(0)} MiB in ${seconds.toFixed(0)} s`,
  );
  const speeds = `decoding and encoding ${encodeRate} rows/s, loader ${loaderRate} rows/s, training step ${stepRate} rows/s`;
  return `${count} ${kind}: ${sizes.join(", ")}\n  ${speeds}`;
}
