/**
 * @file Writes a file whole or not at all. In: a path and a function that writes. Out: the file, in place of what was there;
 * on any failure what was there stays and nothing is left beside it.
 */
import { open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * @param write fills the file at the path that it is given: a temporary one in the same folder
 * @throws Error naming the file, in words
 */
export async function replaceFile(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  // A device or a pipe (/dev/stdout) is written to, never replaced.
  const special = found !== undefined && !found.isFile();
  const temporary = special ? path : join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await write(temporary);
    if (special) return;
    await flush(temporary);
    await rename(temporary, path);
  } catch (cause) {
    if (!special) await rm(temporary, { force: true });
    throw writeError(path, cause);
  }
}

export const writeWhole = (path: string, content: Uint8Array | string): Promise<void> =>
  replaceFile(path, (temporary) => writeTo(temporary, content));

async function writeTo(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(path, "w");
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

/** What is no fault of writing, such as a refusal met while the content was made, passes unchanged. */
function writeError(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = reasons[/no space left on device/i.test(message) ? "ENOSPC" : (code ?? "")];
  return why === undefined ? cause : new Error(`Cannot write ${path}: ${why}.`, { cause });
}
