/**
 * @file The files of a folder, folder by folder, each in natural order (`2.png` before `10.png`), files before sub-folders.
 * In: a path. Out: relative names as they are met; only one folder's listing is held at a time. Hidden files are passed over.
 */
import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";

export interface FolderListing {
  /** Folders from the top to here; none for the top itself. */
  readonly parts: readonly string[];
  readonly files: readonly string[];
}

const natural = new Intl.Collator("en", { numeric: true });
export const naturalOrder = (a: string, b: string): number => natural.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);

export async function* walkFolder(
  top: string,
  parts: readonly string[] = [],
  above: readonly string[] = [],
): AsyncGenerator<FolderListing> {
  const folder = join(top, ...parts);
  const real = await realpath(folder);
  // A link that leads back up would never end.
  if (above.includes(real)) return;
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !/^(\.|__MACOSX$)/.test(name));
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const kind = await kindOf(folder, entry);
    if (kind !== undefined) (kind === "file" ? files : folders).push(entry.name);
  }
  yield { parts, files: files.sort(naturalOrder) };
  for (const name of folders.sort(naturalOrder)) yield* walkFolder(top, [...parts, name], [...above, real]);
}

async function kindOf(folder: string, entry: Dirent): Promise<"file" | "folder" | undefined> {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  if (!entry.isSymbolicLink()) return undefined;
  const found = await stat(join(folder, entry.name)).catch(() => undefined);
  return found?.isFile() ? "file" : found?.isDirectory() ? "folder" : undefined;
}
