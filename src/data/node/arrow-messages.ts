/**
 * @file The messages of an Arrow file or stream, their buffers unpacked. In: bytes. Out: the same stream without the file's frame
 * and without compression, message by message, which apache-arrow can read. One batch at a time is held.
 */
import { unlz4 } from "../lz4.ts";
import { unzstd } from "../zstd.ts";

const longestMessage = 2 ** 31 - 1;

/** @throws Error where a message is cut off or longer than it may be */
export async function* plainMessages(chunks: AsyncIterable<Uint8Array>, isFile: boolean): AsyncGenerator<Uint8Array> {
  const take = byteReader(chunks);
  if (isFile) await take(8);
  for (;;) {
    const mark = await take(4, true);
    if (mark === undefined) return;
    const first = new DataView(mark.buffer, mark.byteOffset).getInt32(0, true);
    // Streams of before 2019 have no mark before the length.
    const length = first === -1 ? await int32(take) : first;
    if (length === 0) return;
    if (length < 0 || length > longestMessage) throw new Error("a message is longer than it may be");
    const metadata = new Uint8Array(await take(length));
    const message = readMessage(metadata);
    const body = message.bodyLength > 0 ? await take(message.bodyLength) : new Uint8Array(0);
    const plain = message.packed ? await unpack(metadata, message, body) : new Uint8Array(body);
    const header = new Uint8Array(8);
    new DataView(header.buffer).setInt32(0, -1, true);
    new DataView(header.buffer).setInt32(4, length, true);
    yield header;
    yield metadata;
    if (plain.length > 0) yield plain;
  }
}

type Take = { (count: number): Promise<Uint8Array>; (count: number, mayEnd: true): Promise<Uint8Array | undefined> };

const int32 = async (take: Take): Promise<number> => {
  const bytes = await take(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
};

function byteReader(chunks: AsyncIterable<Uint8Array>): Take {
  const iterator = chunks[Symbol.asyncIterator]();
  let parts: Uint8Array[] = [];
  let held = 0;
  async function take(count: number, mayEnd?: true): Promise<Uint8Array | undefined> {
    while (held < count) {
      const next = await iterator.next();
      if (next.done === true) {
        if (mayEnd && held === 0) return undefined;
        throw new Error("it is cut off");
      }
      parts.push(next.value);
      held += next.value.length;
    }
    const joined = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    parts = [joined.subarray(count)];
    held -= count;
    return joined.subarray(0, count);
  }
  return take as Take;
}

interface Message {
  readonly bodyLength: number;
  readonly bodyLengthAt: number;
  readonly packed?: {
    readonly codec: "lz4" | "zstd";
    /** Where the list of buffers begins, and how many there are: each an offset and a length of eight bytes. */
    readonly buffersAt: number;
    readonly buffers: number;
    /** Where the entry stands that leads to the compression. */
    readonly entryAt: number;
  };
}

const [dictionaryBatch, recordBatch] = [2, 3];

/** The fields of a FlatBuffers message that matter here (Arrow's Message.fbs). */
function readMessage(bytes: Uint8Array): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** A table's field: where it stands, or 0. */
  const field = (table: number, index: number): number => {
    const entry = entryOf(table, index);
    const offset = entry === 0 ? 0 : view.getUint16(entry, true);
    return offset === 0 ? 0 : table + offset;
  };
  const entryOf = (table: number, index: number): number => {
    const entries = table - view.getInt32(table, true);
    const at = 4 + index * 2;
    return at < view.getUint16(entries, true) ? entries + at : 0;
  };
  const follow = (at: number): number => at + view.getUint32(at, true);
  const root = follow(0);
  const lengthAt = field(root, 3);
  const bodyLength = lengthAt === 0 ? 0 : Number(view.getBigInt64(lengthAt, true));
  if (bodyLength < 0 || bodyLength > longestMessage) throw new Error("a batch is longer than 2 GB");
  const plain = { bodyLength, bodyLengthAt: lengthAt };
  const kindAt = field(root, 1);
  const kind = kindAt === 0 ? 0 : bytes[kindAt]!;
  if (kind !== dictionaryBatch && kind !== recordBatch) return plain;
  const header = follow(field(root, 2));
  const batch = kind === recordBatch ? header : follow(field(header, 1));
  const compressionAt = field(batch, 3);
  if (compressionAt === 0) return plain;
  const codecAt = field(follow(compressionAt), 0);
  const codec = codecAt !== 0 && bytes[codecAt] === 1 ? "zstd" : "lz4";
  const list = follow(field(batch, 2));
  return {
    ...plain,
    packed: { codec, buffersAt: list + 4, buffers: view.getUint32(list, true), entryAt: entryOf(batch, 3) },
  };
}

/** The body with every buffer at its full length; the metadata is changed to say so. */
async function unpack(metadata: Uint8Array, { packed, bodyLengthAt }: Message, body: Uint8Array): Promise<Uint8Array> {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  const { codec, buffersAt, buffers, entryAt } = packed!;
  const parts: Uint8Array[] = [];
  let total = 0;
  for (let i = 0; i < buffers; i++) {
    const at = buffersAt + i * 16;
    const [start, length] = [Number(view.getBigInt64(at, true)), Number(view.getBigInt64(at + 8, true))];
    const bytes = length === 0 ? new Uint8Array(0) : await unpackBuffer(codec, body.subarray(start, start + length));
    view.setBigInt64(at, BigInt(total), true);
    view.setBigInt64(at + 8, BigInt(bytes.length), true);
    // Buffers begin at multiples of eight.
    const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
    padded.set(bytes);
    parts.push(padded);
    total += padded.length;
    if (total > longestMessage) throw new Error("a batch is longer than 2 GB");
  }
  view.setBigInt64(bodyLengthAt, BigInt(total), true);
  view.setUint16(entryAt, 0, true);
  return Buffer.concat(parts);
}

async function unpackBuffer(codec: "lz4" | "zstd", bytes: Uint8Array): Promise<Uint8Array> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true));
  const rest = bytes.subarray(8);
  if (length === -1) return rest;
  if (length < 0 || length > longestMessage) throw new Error("a buffer is longer than 2 GB");
  if (codec === "lz4") return unlz4(rest, length);
  const parts: Uint8Array[] = [];
  async function* once() {
    yield await Promise.resolve(rest);
  }
  for await (const part of unzstd(once())) parts.push(part);
  return Buffer.concat(parts);
}
