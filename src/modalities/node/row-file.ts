/**
 * @file Encoded rows on disk: records of fixed size in one file, written from first to last and read block by block.
 * In: an open file and the layout of a record. Out: a writer; EncodedRows whose memory does not depend on their number.
 * The file: records, a byte a row for `usable`, metadata as JSON, its length, a mark. A sha256 of all before it tells damage.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { batchRows } from "../batch.ts";
import { type EncodedRows, usableRows } from "../encoded-rows.ts";
import type { Batch } from "../modality.ts";
import { batchFiller, packRecords, type RecordLayout } from "../record-layout.ts";

/** What is kept beside the rows, as plain JSON. */
export type RowFileMetadata = unknown;

export interface RowFileWriter {
  append(batch: Batch): Promise<void>;
  /** @param tail bytes kept beside the records, whole in memory */
  finish(tail: Uint8Array, metadata: RowFileMetadata): Promise<void>;
}

export interface RowFile {
  readonly rows: EncodedRows;
  readonly tail: Uint8Array;
  readonly metadata: RowFileMetadata;
}

interface Footer {
  readonly rows: number;
  readonly recordBytes: number;
  readonly tailBytes: number;
  readonly sha256: string;
  readonly metadata: RowFileMetadata;
}

const mark = Buffer.from("pvaerow1", "latin1");
const pieceBytes = 4 * 1024 * 1024;

export function rowFileWriter(file: FileHandle, layout: RecordLayout, count: number): RowFileWriter {
  const hash = createHash("sha256");
  const usable = new Uint8Array(count);
  let rows = 0;
  const write = async (bytes: Uint8Array) => {
    hash.update(bytes);
    await file.writeFile(bytes);
  };
  return {
    async append(batch) {
      usable.set(usableRows(batch), rows);
      rows += batchRows(batch);
      await write(packRecords(layout, batch));
    },
    async finish(tail, metadata) {
      if (rows !== count) throw new Error(`Cannot keep encoded rows: expected ${count} of them, received ${rows}.`);
      await write(usable);
      await write(tail);
      const footer: Footer = {
        rows,
        recordBytes: layout.bytes,
        tailBytes: tail.length,
        sha256: hash.digest("hex"),
        metadata,
      };
      const text = Buffer.from(JSON.stringify(footer));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(text.length));
      await file.writeFile(Buffer.concat([text, length, mark]));
    },
  };
}

/** @throws Error where anything about the file is not as it was written */
export async function readRowFile(
  file: FileHandle,
  layout: RecordLayout,
  { verify }: { readonly verify: boolean },
): Promise<RowFile> {
  const { size } = await file.stat();
  const end = Buffer.from(await readBytes(file, size - 16, 16));
  if (!end.subarray(8).equals(mark)) throw new Error("the file is not whole");
  const footerStart = size - 16 - Number(end.readBigUInt64LE());
  const footer = JSON.parse(
    Buffer.from(await readBytes(file, footerStart, size - 16 - footerStart)).toString(),
  ) as Footer;
  const { rows, recordBytes, tailBytes } = footer;
  const records = rows * recordBytes;
  if (recordBytes !== layout.bytes || footerStart !== records + rows + tailBytes)
    throw new Error("the file holds other rows");
  if (verify && (await digestOf(file, footerStart)) !== footer.sha256) throw new Error("the content was altered");
  return {
    rows: diskRows(file, layout, await readBytes(file, records, rows)),
    tail: await readBytes(file, records + rows, tailBytes),
    metadata: footer.metadata,
  };
}

async function digestOf(file: FileHandle, length: number): Promise<string> {
  const hash = createHash("sha256");
  const piece = new Uint8Array(pieceBytes);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(pieceBytes, length - at), at);
    if (bytesRead === 0) throw new Error("the file is cut off");
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest("hex");
}

/** A block is about so large: far above what a seek costs, and small enough that a window holds many. */
const blockBytes = 1024 * 1024;
const mostBlockRows = 1024;
const fewestBlockRows = 16;
/** Blocks mixed at a time: 64 MB, and as many in the block-wise reading ahead. */
const windowBlocks = 64;

interface Block {
  readonly loaded: Promise<Uint8Array>;
  /** Reads that copy from it now: its memory is used again only when there are none. */
  readers: number;
  dropped: boolean;
}

function diskRows(file: FileHandle, layout: RecordLayout, usable: Uint8Array): EncodedRows {
  const count = usable.length;
  const blockRows = Math.max(fewestBlockRows, Math.min(mostBlockRows, Math.floor(blockBytes / layout.bytes)));
  const blocks = new Map<number, Block>();
  const free: Uint8Array[] = [];
  // One after the other, in the order in which they are wanted.
  let queue: Promise<unknown> = Promise.resolve();

  function load(number: number): Block {
    const start = number * blockRows;
    const length = (Math.min(count, start + blockRows) - start) * layout.bytes;
    const read = async () => {
      const bytes = free.pop() ?? new Uint8Array(blockRows * layout.bytes);
      await readInto(file, bytes, start * layout.bytes, length);
      return bytes;
    };
    const loaded = queue.then(read);
    // A failure is told to whoever reads the block.
    queue = loaded.catch(() => undefined);
    return { loaded, readers: 0, dropped: false };
  }

  const release = (block: Block) => void block.loaded.then((bytes) => free.push(bytes)).catch(() => undefined);

  return {
    count,
    usable,
    rowBytes: layout.bytes,
    blockRows,
    windowBlocks,
    prefetch(wanted) {
      const kept = new Set(wanted);
      for (const [number, block] of blocks) {
        if (kept.has(number)) continue;
        blocks.delete(number);
        block.dropped = true;
        if (block.readers === 0) release(block);
      }
      for (const number of wanted) if (!blocks.has(number)) blocks.set(number, load(number));
    },
    async read(indices) {
      const filler = batchFiller(layout, indices.length);
      const held = new Map<number, { block: Block; places: number[] }>();
      const lone: number[] = [];
      indices.forEach((index, place) => {
        const number = Math.floor(index / blockRows);
        const block = blocks.get(number);
        if (!(index >= 0 && index < count)) throw new Error(`Cannot read row ${index}: there are ${count} rows.`);
        if (!block) lone.push(place);
        else if (held.has(number)) held.get(number)!.places.push(place);
        else held.set(number, { block, places: [place] });
      });
      for (const { block } of held.values()) block.readers++;
      try {
        for (const [number, { block, places }] of held) {
          const bytes = await block.loaded;
          for (const place of places)
            filler.setRecord(place, bytes, (indices[place]! - number * blockRows) * layout.bytes);
        }
      } finally {
        for (const { block } of held.values()) {
          block.readers--;
          if (block.dropped && block.readers === 0) release(block);
        }
      }
      await readLone(file, layout, indices, lone, filler.setRecord);
      return filler.batch;
    },
  };
}

/** Rows outside the blocks in memory: those that lie side by side are read at once. */
async function readLone(
  file: FileHandle,
  { bytes: width }: RecordLayout,
  indices: readonly number[],
  places: readonly number[],
  set: (row: number, bytes: Uint8Array, at: number) => void,
): Promise<void> {
  const most = Math.max(1, Math.floor(pieceBytes / width));
  for (let from = 0; from < places.length; ) {
    const first = indices[places[from]!]!;
    let to = from + 1;
    while (to < places.length && to - from < most && indices[places[to]!] === first + to - from) to++;
    const bytes = await readBytes(file, first * width, (to - from) * width);
    for (let i = from; i < to; i++) set(places[i]!, bytes, (i - from) * width);
    from = to;
  }
}

async function readBytes(file: FileHandle, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await readInto(file, bytes, start, length);
  return bytes;
}

async function readInto(file: FileHandle, bytes: Uint8Array, start: number, length: number): Promise<void> {
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, start + at);
    if (bytesRead === 0) throw new Error("Cannot read encoded rows: the file is cut off. Run again.");
    at += bytesRead;
  }
}
