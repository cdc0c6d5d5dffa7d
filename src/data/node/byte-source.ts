/**
 * @file Bytes of a media file, read where they are wanted: a recording of hours is not taken into memory for its first seconds.
 * In: a MediaFile, on disk or in memory. Out: its size and any range of it.
 */
import { type FileHandle, open, stat } from "node:fs/promises";
import { MediaError } from "../media.ts";
import type { MediaFile } from "../records.ts";
import { absence } from "./media-check.ts";

export interface ByteSource {
  readonly size: number;
  /** The bytes from `at` on: `length` of them, fewer at the end of the file. */
  read(at: number, length: number): Promise<Uint8Array>;
}

/** @throws MediaError where the file cannot be opened; what `use` throws */
export async function withBytes<T>({ path, bytes }: MediaFile, use: (source: ByteSource) => Promise<T>): Promise<T> {
  if (bytes) return use({ size: bytes.length, read: (at, length) => Promise.resolve(bytes.subarray(at, at + length)) });
  const handle = await openFile(path).catch((cause: unknown) => {
    throw absent(path, cause);
  });
  try {
    const found = await handle.stat();
    const read = async (at: number, length: number) => {
      const part = new Uint8Array(Math.max(0, Math.min(length, found.size - at)));
      let filled = 0;
      while (filled < part.length) {
        const { bytesRead } = await handle.read(part, filled, part.length - filled, at + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return part.subarray(0, filled);
    };
    return await use({ size: found.size, read });
  } finally {
    await handle.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  // Asked before it is opened: a pipe would be waited for.
  if (!(await stat(path)).isFile()) throw new Error("it is not a file");
  return open(path);
}

function absent(path: string, cause: unknown): MediaError {
  const { code, detail } = absence(path, cause);
  return new MediaError(code as "media-absent", `Cannot read media: ${detail}. Check the path.`, detail);
}
