/**
 * @file Writes a file whole or not at all. In: a path and a function that writes. Out: the file, in place of what was there;
 * on any failure what was there stays and nothing is left beside it.
 */
import { open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * @param write fills the temporary file at the path that it is given, in the same folder
 * @throws Error naming the file, in words
 */
export async function replaceFile(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await write(temporary);
    await flush(temporary);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw writeError(path, cause);
  }
}

export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  // A device or a pipe (/dev/stdout) is written to, never replaced.
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isFile())
    return writeTo(path, content, "w").catch((cause: unknown) => {
      throw writeError(path, cause);
    });
  return replaceFile(path, (temporary) => writeTo(temporary, content, "wx"));
}

async function writeTo(path: string, content: Uint8Array | string, flags: string): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

/** To the disk itself, so that a power cut cannot leave the name without the content. */
async function flush(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full. Free some space, or write to another disk",
  EDQUOT: "the disk quota is used up. Free some space, or write to another disk",
  EFBIG: "the file would be larger than the system allows",
  EROFS: "the disk is read-only. Write to another place",
  EACCES: "you may not write there. Choose another place",
  EPERM: "you may not write there. Choose another place",
  ENOENT: "its folder does not exist. Make the folder first",
  ENOTDIR: "its folder is a file. Choose another place",
  EISDIR: "it is a folder. Name a file",
};

export function writeError(path: string, cause: unknown): Error {
  const error = cause as NodeJS.ErrnoException;
  const why = reasons[error.code ?? ""] ?? error.message;
  return new Error(`Cannot write ${path}: ${why}.`, { cause });
}
