/**
 * @file Names for content. In: files. Out: sha256 of a file's bytes, read in pieces; and a cheap stamp of many media files by
 * path, size and time of change, for cache keys.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { MediaFile } from "../records.ts";

export async function fingerprintFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Uint8Array);
  return hash.digest("hex");
}

/** Media files → a stamp of all that were added, in their order. */
export interface MediaStamper {
  add(files: readonly (MediaFile | null)[]): Promise<void>;
  digest(): string;
}

/** Changes when a file is replaced, added, removed or reordered. Absent files count as absent; bytes count by content. */
export function mediaStamper(): MediaStamper {
  const hash = createHash("sha256");
  const filesAtOnce = 64;
  return {
    async add(files) {
      for (let start = 0; start < files.length; start += filesAtOnce) {
        const stamps = await Promise.all(files.slice(start, start + filesAtOnce).map(stampOf));
        for (const stamp of stamps) hash.update(stamp).update("\0");
      }
    },
    digest: () => hash.digest("hex"),
  };
}

async function stampOf(file: MediaFile | null): Promise<string> {
  if (file === null) return "none";
  if (file.bytes) return createHash("sha256").update(file.bytes).digest("hex");
  const found = await stat(file.path).catch(() => undefined);
  return found ? `${file.path}\0${found.size}\0${found.mtimeMs}` : `${file.path}\0absent`;
}
