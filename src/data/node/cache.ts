/**
 * @file Decoded arrays kept on disk between runs. In: a key and named typed arrays with JSON beside them. Out: the same again,
 * or undefined where nothing whole is kept. One file an entry, laid out as safetensors: header length, JSON header, raw arrays.
 * Never beside the data: under $POLYVAE_CACHE or the user's cache folder. A cache that cannot be written is no failure.
 */
import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

const arrayTypes = {
  F32: Float32Array,
  F64: Float64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;
type TypeName = keyof typeof arrayTypes;
export type CachedArray = InstanceType<(typeof arrayTypes)[TypeName]>;

export interface CacheEntry {
  readonly arrays: Readonly<Record<string, CachedArray>>;
  /** Plain JSON. */
  readonly metadata: unknown;
}

export interface ArrayCache {
  readonly folder: string;
  get(key: string): Promise<CacheEntry | undefined>;
  /** False where the entry could not be kept: disk full, folder not writable, larger than the whole cache may be. */
  put(key: string, entry: CacheEntry): Promise<boolean>;
  /** A file that is filled piece by piece; undefined where `bytes` could not be kept. */
  createFile(key: string, bytes: number): Promise<CacheFile | undefined>;
  /** The file kept under the key, to be read and closed by the caller, who checks its content. */
  openFile(key: string): Promise<FileHandle | undefined>;
}

/** A file on its way into the cache: it is the entry of its key once it is kept, and never before. */
export interface CacheFile {
  readonly handle: FileHandle;
  /** False where it could not be kept; the open file serves all the same. */
  keep(): Promise<boolean>;
  /** Removes what was not kept. */
  drop(): Promise<void>;
}

interface Header {
  readonly __metadata__: { readonly format: "polyvae-cache"; readonly json: string; readonly sha256: string };
  readonly [name: string]: unknown;
}
interface TensorHeader {
  readonly dtype: TypeName;
  readonly shape: readonly [number];
  readonly data_offsets: readonly [number, number];
}

const suffix = ".arrays";
const fileSuffix = ".rows";
const pieceBytes = 64 * 1024 * 1024;
const defaultLimit = 4e9;
const staleMs = 60 * 60 * 1000;

/** @param limit bytes kept in all; the entries least recently used go first. */
export function arrayCache(folder = cacheFolder(), limit = cacheLimit()): ArrayCache {
  const hashOf = (key: string) => join(folder, createHash("sha256").update(key).digest("hex"));
  const fileOf = (key: string) => hashOf(key) + suffix;
  return {
    folder,
    get: async (key) => {
      const path = fileOf(key);
      const entry = await readEntry(path).catch(() => undefined);
      const now = new Date();
      if (entry) await utimes(path, now, now).catch(() => undefined);
      return entry;
    },
    put: async (key, entry) => {
      const path = fileOf(key);
      const temporary = `${path}.${randomUUID()}.tmp`;
      try {
        await mkdir(folder, { recursive: true });
        const { header, arrays, bytes } = layOut(entry);
        if (bytes > limit) return false;
        await makeRoom(folder, limit - bytes, path);
        await writeEntry(temporary, header, arrays);
        await rename(temporary, path);
        return true;
      } catch {
        await rm(temporary, { force: true }).catch(() => undefined);
        return false;
      }
    },
    createFile: async (key, bytes) => {
      const path = hashOf(key) + fileSuffix;
      if (bytes > limit) return undefined;
      try {
        await mkdir(folder, { recursive: true });
        await makeRoom(folder, limit - bytes, path);
        return await cacheFile(path);
      } catch {
        return undefined;
      }
    },
    openFile: async (key) => {
      const path = hashOf(key) + fileSuffix;
      const file = await open(path).catch(() => undefined);
      const now = new Date();
      if (file) await utimes(path, now, now).catch(() => undefined);
      return file;
    },
  };
}

async function cacheFile(path: string): Promise<CacheFile> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const handle = await open(temporary, "wx+");
  const drop = () => rm(temporary, { force: true }).catch(() => undefined);
  return {
    handle,
    drop,
    keep: async () => {
      try {
        await handle.sync();
        await rename(temporary, path);
        return true;
      } catch {
        await drop();
        return false;
      }
    },
  };
}

function cacheFolder(): string {
  const { POLYVAE_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (POLYVAE_CACHE) return POLYVAE_CACHE;
  if (process.platform === "win32" && LOCALAPPDATA) return join(LOCALAPPDATA, "polyvae", "cache");
  if (process.platform === "darwin") return join(homedir(), "Library", "Caches", "polyvae");
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "polyvae");
}

/** `$POLYVAE_CACHE_LIMIT` in bytes. */
function cacheLimit(): number {
  const asked = Number(process.env.POLYVAE_CACHE_LIMIT || Number.NaN);
  return Number.isFinite(asked) && asked >= 0 ? asked : defaultLimit;
}

function layOut({ arrays, metadata }: CacheEntry): { header: Uint8Array; arrays: Uint8Array[]; bytes: number } {
  const raw: Uint8Array[] = [];
  const tensors: Record<string, TensorHeader> = {};
  const hash = createHash("sha256");
  let offset = 0;
  // Wide elements first, so that each array begins where its type may.
  const ordered = Object.entries(arrays).sort(([, a], [, b]) => b.BYTES_PER_ELEMENT - a.BYTES_PER_ELEMENT);
  for (const [name, array] of ordered) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    tensors[name] = { dtype: typeName(array), shape: [array.length], data_offsets: [offset, offset + bytes.length] };
    raw.push(bytes);
    hash.update(bytes);
    offset += bytes.length;
  }
  const json = JSON.stringify(metadata ?? null);
  const header: Header = { __metadata__: { format: "polyvae-cache", json, sha256: hash.digest("hex") }, ...tensors };
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, " ");
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  text.copy(padded, 8);
  return { header: padded, arrays: raw, bytes: padded.length + offset };
}

function typeName(array: CachedArray): TypeName {
  const [name] = Object.entries(arrayTypes).find(([, type]) => array instanceof type)!;
  return name as TypeName;
}

async function writeEntry(path: string, header: Uint8Array, arrays: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(header);
    for (const array of arrays) {
      for (let at = 0; at < array.length; at += pieceBytes) await file.writeFile(array.subarray(at, at + pieceBytes));
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/** @throws where the file is absent or anything about it is not as it was written. */
async function readEntry(path: string): Promise<CacheEntry> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const length = Buffer.from(await readBytes(file, 0, 8)).readBigUInt64LE();
    if (length > BigInt(size - 8)) throw new Error("the header is cut off");
    const start = 8 + Number(length);
    const header = JSON.parse(Buffer.from(await readBytes(file, 8, Number(length))).toString()) as Header;
    const data = await readBytes(file, start, size - start);
    const hash = createHash("sha256");
    for (let at = 0; at < data.length; at += pieceBytes) hash.update(data.subarray(at, at + pieceBytes));
    if (hash.digest("hex") !== header.__metadata__.sha256) throw new Error("the content was altered");
    const arrays: Record<string, CachedArray> = {};
    for (const [name, tensor] of Object.entries(header) as [string, TensorHeader][]) {
      if (name === "__metadata__") continue;
      arrays[name] = new arrayTypes[tensor.dtype](data.buffer, tensor.data_offsets[0], tensor.shape[0]);
    }
    return { arrays, metadata: JSON.parse(header.__metadata__.json) as unknown };
  } finally {
    await file.close();
  }
}

async function readBytes(file: FileHandle, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(pieceBytes, length - at), start + at);
    if (bytesRead === 0) throw new Error("the file is cut off");
    at += bytesRead;
  }
  return bytes;
}

/** Removes the least recently used entries until the others fit into `room`, and what a killed run left half-written. */
async function makeRoom(folder: string, room: number, written: string): Promise<void> {
  const all = await readdir(folder);
  for (const name of all.filter((name) => name.endsWith(".tmp"))) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > staleMs) await rm(join(folder, name), { force: true });
  }
  const names = all.filter((name) => name.endsWith(suffix) || name.endsWith(fileSuffix));
  const kept = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      return { path, size: path === written ? 0 : (found?.size ?? 0), used: found?.mtimeMs ?? 0 };
    }),
  );
  let total = kept.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of kept.sort((a, b) => a.used - b.used)) {
    if (total <= room) return;
    if (size === 0) continue;
    await rm(path, { force: true });
    total -= size;
  }
}
