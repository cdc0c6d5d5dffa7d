/**
 * @file PyTorch as a child process that answers one line of JSON with one. In: a script beside this file, its arguments.
 * Out: a Torch, or undefined where PyTorch is absent.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface Torch {
  /** @throws Error with what the script said when it failed */
  ask(request: unknown): Promise<Readonly<Record<string, unknown>>>;
  stop(): void;
}

export const noTorch = "PyTorch was not found; see bench/torch-step.py for how to install it";

/** The script's first line must be {"ready": true}. */
export async function startTorch(script: string): Promise<Torch | undefined> {
  const child: ChildProcess = spawn(python(), [fileURLToPath(new URL(script, import.meta.url))], {
    stdio: ["pipe", "pipe", "ignore"],
    env: withoutOpenBlas(process.env),
  });
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
    async ask(request) {
      child.stdin!.write(`${JSON.stringify(request)}\n`);
      const said = await answer();
      if (!said || "error" in said) throw new Error(`The PyTorch peer failed: ${JSON.stringify(said)}`);
      return said;
    },
    stop: () => child.kill(),
  };
}

function python(): string {
  const local = fileURLToPath(new URL("../.venv-bench/bin/python", import.meta.url));
  return process.env.POLYVAE_BENCH_PYTHON ?? (existsSync(local) ? local : "python3");
}

/** OPENBLAS_* may force kernels that suit another machine. */
const withoutOpenBlas = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("OPENBLAS_")));
