/**
 * @file What a file holds, by its content rather than its name. In: a path. Out: how it is compressed, in which format it is
 * written, its first bytes unpacked; and all of its bytes, unpacked, in pieces.
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { DataError } from "../data-error.ts";
import { readMediaHeader } from "../media-header.ts";
import { unzstd } from "../zstd.ts";

export type Compression = "none" | "gzip" | "zstd";
export type Format = "parquet" | "arrow-file" | "arrow-stream" | "text";

export interface Content {
  readonly path: string;
  readonly compression: Compression;
  readonly format: Format;
  /** The first bytes, unpacked. */
  readonly head: Uint8Array;
  /** The head is all there is. */
  readonly whole: boolean;
}

const headLength = 1024 * 1024;

/** @throws DataError where the file is empty, cannot be opened or unpacked, or holds what is no table */
export async function inspectContent(path: string): Promise<Content> {
  const compression = await readCompression(path);
  const pieces: Uint8Array[] = [];
  let length = 0;
  let whole = true;
  for await (const piece of readBytes(path, compression)) {
    pieces.push(piece);
    length += piece.length;
    whole = length < headLength;
    if (!whole) break;
  }
  if (length === 0) throw new DataError(`Cannot read ${path}: the file is empty. Expected a header and rows.`);
  const head = new Uint8Array(Buffer.concat(pieces).subarray(0, headLength));
  return { path, compression, format: formatOf(path, head), head, whole: whole && length <= headLength };
}

/** A first look that opens the file: what stops that is told here. */
async function readCompression(path: string): Promise<Compression> {
  const mark = new Uint8Array(4);
  try {
    const file = await open(path);
    await file.read(mark, 0, 4, 0).finally(() => file.close());
  } catch (cause) {
    throw new DataError(`Cannot read ${path}: ${(cause as Error).message}. Check the file's permissions.`, cause);
  }
  if (mark[0] === 0x1f && mark[1] === 0x8b) return "gzip";
  const isZstd = mark[1] === 0xb5 && mark[2] === 0x2f && mark[3] === 0xfd && mark[0] === 0x28;
  const isSkipped = (mark[0]! & 0xf0) === 0x50 && mark[1] === 0x2a && mark[2] === 0x4d && mark[3] === 0x18;
  return isZstd || isSkipped ? "zstd" : "none";
}

/** @throws DataError where it cannot be unpacked */
export async function* readBytes(path: string, compression: Compression): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    if (compression === "none") yield* file as AsyncIterable<Uint8Array>;
    else if (compression === "zstd") yield* unzstd(file as AsyncIterable<Uint8Array>);
    else {
      const gunzip = createGunzip({ chunkSize: 1 << 18 });
      file.once("error", (cause) => gunzip.destroy(cause));
      try {
        yield* file.pipe(gunzip) as AsyncIterable<Uint8Array>;
      } finally {
        gunzip.destroy();
      }
    }
  } catch (cause) {
    if (compression === "none" || cause instanceof DataError) throw cause;
    throw new DataError(
      `Cannot read ${path}: it is marked as ${compression} but cannot be unpacked. Write the file again.`,
      cause,
    );
  } finally {
    file.destroy();
  }
}

function formatOf(path: string, head: Uint8Array): Format {
  const ascii = Buffer.from(head.subarray(0, 6)).toString("latin1");
  const refuse = (what: string, remedy: string) => {
    throw new DataError(`Cannot read ${path}: expected a table, found ${what}. ${remedy}`);
  };
  if (ascii.startsWith("PAR1")) return "parquet";
  if (ascii === "ARROW1") return "arrow-file";
  // A continuation mark, then the length of the schema, which comes first in a stream.
  if (ascii.startsWith("\xff\xff\xff\xff")) return "arrow-stream";
  const bare = path.toLowerCase().replace(/\.(gz|zst)$/, "");
  if (ascii.startsWith("PK\x03\x04"))
    refuse("a zip or spreadsheet file", "Export the sheet as CSV, or unpack the archive.");
  if (ascii.startsWith("%PDF")) refuse("a PDF", "Export its table as CSV.");
  if (ascii.startsWith("SQLite")) refuse("an SQLite database", "Export the table as CSV.");
  if (bare.endsWith(".parquet")) refuse("a file without Parquet's mark", "Write the file again.");
  const media = readMediaHeader(head.subarray(0, 4096));
  if (media !== undefined && media.format !== "mp3")
    refuse(`a ${media.format} file`, "Give the folder that holds it: each file in it becomes a row.");
  return "text";
}
