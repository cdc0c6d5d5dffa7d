/**
 * @file Places that a command writes to. In: the paths after `-o`. Out: a refusal before any work is done, or the place.
 * Folders are made only when there is something to put into them, and only their last level.
 */
import { accessSync, constants, mkdirSync, realpathSync, rmSync, type Stats, statfsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { CommandError } from "./failure.ts";

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });

/**
 * @param inputs files that are read: writing over one is refused
 * @throws CommandError
 */
export function checkOutputFile(path: string, inputs: readonly string[] = []): void {
  const found = statOf(path);
  if (found?.isDirectory()) throw new CommandError(`Cannot write ${path}: it is a folder. Name a file in it.`);
  const same = inputs.find((input) => found && statOf(input) && realpathSync(input) === realpathSync(path));
  if (same !== undefined)
    throw new CommandError(`Cannot write ${path}: the command reads that very file. Name another file.`);
  // A device or a pipe is written to as it is.
  if (!found || found.isFile()) checkFolder(path, dirname(resolve(path)));
}

/** @throws CommandError */
export function checkOutputFolder(path: string): void {
  const found = statOf(path);
  if (found && !found.isDirectory()) throw new CommandError(`Cannot write to ${path}: it is a file. Name a folder.`);
  checkFolder(path, found ? resolve(path) : dirname(resolve(path)));
}

function checkFolder(path: string, folder: string): void {
  const found = statOf(folder);
  if (!found)
    throw new CommandError(`Cannot write ${path}: there is no folder ${folder}. Make it first: mkdir -p ${folder}`);
  if (!found.isDirectory())
    throw new CommandError(`Cannot write ${path}: ${folder} is no folder. Choose another place.`);
  try {
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new CommandError(`Cannot write ${path}: you may not write to ${folder}. Choose another place.`, cause);
  }
  const { bavail, type, blocks } = statfsSync(folder);
  // Some virtual file systems report no blocks at all.
  if (blocks > 0 && bavail === 0 && type !== 0)
    throw new CommandError(
      `Cannot write ${path}: the disk of ${folder} is full. Free some space, or choose another place.`,
    );
}

/** Runs `fill` on the folder, made if need be; a folder made here does not outlive a failure. */
export async function inOutputFolder<T>(path: string, fill: () => Promise<T>): Promise<T> {
  const existed = statOf(path) !== undefined;
  if (!existed) mkdirSync(path);
  try {
    return await fill();
  } catch (error) {
    if (!existed) rmSync(path, { recursive: true, force: true });
    throw error;
  }
}
