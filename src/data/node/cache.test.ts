import { readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { arrayCache, type CacheEntry } from "./cache.ts";
import { fingerprintFile, mediaStamper } from "./fingerprint.ts";
import { type TestFolder, testFolder } from "./testing/files.ts";

let folder: TestFolder;
beforeEach(() => {
  folder = testFolder();
});
afterEach(() => folder.remove());

const entry: CacheEntry = {
  arrays: {
    pixels: Uint8Array.from({ length: 1001 }, (_, i) => i),
    samples: Float32Array.from([0.5, -1, Number.NaN, 3e38]),
    exact: Float64Array.from([Math.PI]),
    tokens: Int32Array.from([-1, 2 ** 31 - 1]),
    none: new Float32Array(0),
  },
  metadata: { rows: 3, names: ["é", "日本"] },
};
const bytesEach = (size: number): CacheEntry => ({ arrays: { a: new Uint8Array(size) }, metadata: null });

describe("array cache", () => {
  it("gives back what was put, types and bits", async () => {
    const cache = arrayCache(join(folder.path, "new", "folder"));
    expect(await cache.get("key")).toBeUndefined();
    expect(await cache.put("key", entry)).toBe(true);
    expect(await cache.get("key")).toEqual(entry);
    expect(await cache.get("other key")).toBeUndefined();
    expect(readdirSync(cache.folder)).toHaveLength(1);
  });

  it("replaces an entry of the same key", async () => {
    const cache = arrayCache(folder.path);
    await cache.put("key", entry);
    await cache.put("key", bytesEach(3));
    expect((await cache.get("key"))?.arrays).toEqual({ a: new Uint8Array(3) });
  });

  it.each([
    ["cut off", (path: string) => truncateSync(path, 700)],
    ["cut within its header", (path: string) => truncateSync(path, 20)],
    ["empty", (path: string) => truncateSync(path, 0)],
    ["noise", (path: string) => writeFileSync(path, Buffer.alloc(500, 0xaf))],
    [
      "altered in one byte",
      (path: string) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 10]! ^= 0x55;
        writeFileSync(path, bytes);
      },
    ],
  ])("takes a file that is %s for absent", async (_what, damage) => {
    const cache = arrayCache(folder.path);
    await cache.put("key", entry);
    damage(join(folder.path, readdirSync(folder.path)[0]!));
    expect(await cache.get("key")).toBeUndefined();
    expect(await cache.put("key", entry)).toBe(true);
    expect(await cache.get("key")).toEqual(entry);
  });

  it("drops what was used longest ago when it is full", async () => {
    const cache = arrayCache(folder.path, 5000);
    await cache.put("old", bytesEach(1500));
    await cache.put("older", bytesEach(1500));
    for (const name of readdirSync(folder.path)) utimesSync(join(folder.path, name), 1000, 1000);
    await cache.get("old");
    await cache.put("new", bytesEach(2000));
    expect(await cache.get("older")).toBeUndefined();
    expect(await cache.get("old")).toBeDefined();
    expect(await cache.get("new")).toBeDefined();
  });

  it("is no failure where it cannot write, and keeps nothing half-written", async () => {
    expect(await arrayCache(folder.path, 100).put("key", bytesEach(1000))).toBe(false);
    const file = folder.write("file", "in the way");
    expect(await arrayCache(join(file, "cache")).put("key", entry)).toBe(false);
    expect(readdirSync(folder.path)).toEqual(["file"]);
  });
});

describe("names for content", () => {
  it("fingerprints bytes by sha256", async () => {
    const path = folder.write("abc", "abc");
    expect(await fingerprintFile(path)).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("stamps media files by size and time, absence and order", async () => {
    const file = (name: string) => ({ media: "image" as const, path: join(folder.path, name) });
    folder.write("a.png", "one");
    folder.write("b.png", "two");
    const [a, b] = [file("a.png"), file("b.png")];
    const mediaStamp = async (files: Parameters<ReturnType<typeof mediaStamper>["add"]>[0]) => {
      const stamper = mediaStamper();
      await stamper.add(files.slice(0, 1));
      await stamper.add(files.slice(1));
      return stamper.digest();
    };
    const stamp = await mediaStamp([a, b, null]);
    expect(await mediaStamp([a, b, null])).toBe(stamp);
    expect(await mediaStamp([b, a, null])).not.toBe(stamp);
    expect(await mediaStamp([a, file("gone.png"), null])).not.toBe(stamp);
    folder.write("a.png", "other");
    expect(await mediaStamp([a, b, null])).not.toBe(stamp);
  });
});
