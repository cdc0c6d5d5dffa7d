/**
 * @file Files that live as long as a data set is open. In: a name. Out: a path in a folder of this process under the system's
 * temporary folder, removed on close and on exit; what a killed process left behind goes when the next one starts.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFolder {
  /** A path that nothing has yet. */
  file(name: string): string;
  remove(): void;
}

const prefix = "polyvae-tmp-";
const open = new Set<string>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Made on the disk when the first file is asked for. */
export function temporaryFolder(): TemporaryFolder {
  let folder: string | undefined;
  let files = 0;
  return {
    file: (name) => {
      folder ??= makeFolder();
      return join(folder, `${files++}-${name}`);
    },
    remove: () => {
      if (folder === undefined) return;
      remove(folder);
      open.delete(folder);
      folder = undefined;
      if (open.size === 0) unwatch();
    },
  };
}

function makeFolder(): string {
  if (open.size === 0) {
    sweep();
    process.on("exit", removeAll);
    for (const signal of signals) process.on(signal, onSignal);
  }
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  open.add(folder);
  return folder;
}

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true });

function removeAll(): void {
  for (const folder of open) remove(folder);
}

function unwatch(): void {
  process.off("exit", removeAll);
  for (const signal of signals) process.off(signal, onSignal);
}

/** Where somebody else listens too, they decide how the process ends. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  unwatch();
  process.kill(process.pid, signal);
}

function sweep(): void {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const owner = Number(name.slice(prefix.length).split("-")[0]);
    if (owner > 0 && !isRunning(owner)) remove(join(tmpdir(), name));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
