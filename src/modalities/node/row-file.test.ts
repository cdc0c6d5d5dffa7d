import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { joinBatches, selectRows } from "../batch.ts";
import { memoryRows } from "../encoded-rows.ts";
import type { Batch } from "../modality.ts";
import { recordLayout } from "../record-layout.ts";
import { readRowFile, rowFileWriter } from "./row-file.ts";

const folder = mkdtempSync(join(tmpdir(), "polyvae-rows-"));
afterAll(() => rmSync(folder, { recursive: true }));

const layout = recordLayout([
  { name: "photo", arrays: { pixels: { shape: [7, 9, 1], type: "uint8" } } },
  { name: "word", arrays: { tokens: { shape: [3], type: "int32" } } },
  {
    name: "table",
    arrays: { values: { shape: [2], type: "float32" }, observed: { shape: [2], type: "uint8" } },
  },
]);
const count = 5000;

/** Rows `from` … `to`, each known by its numbers; every seventh holds nothing. */
function rows(from: number, to: number): Batch {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  const encoded = (arrays: Batch[string]["arrays"]) => ({
    rows: numbers.length,
    arrays,
    present: Uint8Array.from(numbers, (i) => (i % 7 === 0 ? 0 : 1)),
    issues: [],
  });
  const each = (width: number) => numbers.flatMap((i) => Array.from({ length: width }, (_, j) => i * width + j));
  return {
    photo: encoded({ pixels: Uint8Array.from(each(63)) }),
    word: encoded({ tokens: Int32Array.from(each(3), (n) => -n) }),
    table: encoded({ values: Float32Array.from(each(2), (n) => n / 8), observed: Uint8Array.from(each(2)) }),
  };
}

async function written(name: string) {
  const file = await open(join(folder, name), "wx+");
  const writer = rowFileWriter(file, layout, count);
  for (let from = 0; from < count; from += 700) await writer.append(rows(from, Math.min(count, from + 700)));
  await writer.finish(Uint8Array.of(4, 5, 6), { told: "é" });
  return file;
}

test("what was written is read, in any order, from blocks ahead and from the file", async () => {
  const file = await written("whole");
  const { rows: disk, tail, metadata } = await readRowFile(file, layout, { verify: true });
  const memory = memoryRows(joinBatches([rows(0, count)]));
  expect([tail, metadata]).toEqual([Uint8Array.of(4, 5, 6), { told: "é" }]);
  expect(disk).toMatchObject({ count, rowBytes: layout.bytes, usable: memory.usable });
  const blocks = Math.ceil(count / disk.blockRows);
  const indices = fc.array(fc.nat(count - 1), { maxLength: 60 });
  const wanted = fc.uniqueArray(fc.nat(blocks - 1));
  await fc.assert(
    fc.asyncProperty(indices, wanted, wanted, async (picked, held, later) => {
      disk.prefetch(held);
      const pending = disk.read(picked);
      // Blocks that are let go while they are read stay whole until they are.
      disk.prefetch(later);
      expect(await pending).toEqual(await memory.read(picked));
      expect(await disk.read(picked)).toEqual(selectRows(await memory.read(picked), [...picked.keys()]));
    }),
    { numRuns: 60 },
  );
  await expect(disk.read([count])).rejects.toThrow(/there are 5000 rows/);
  await file.close();
});

test.each([
  ["cut off", async (path: string) => await open(path, "r+").then((f) => f.truncate(60_000).finally(() => f.close()))],
  [
    "altered in one byte",
    async (path: string) => {
      const file = await open(path, "r+");
      await file.write(Uint8Array.of(99, 98), 0, 2, 1234);
      await file.close();
    },
  ],
])("a file that is %s is refused", async (name, damage) => {
  await (await written(name)).close();
  await damage(join(folder, name));
  const file = await open(join(folder, name));
  await expect(readRowFile(file, layout, { verify: true })).rejects.toThrow();
  await file.close();
});

test("a file that lacks rows is never finished", async () => {
  const file = await open(join(folder, "few"), "wx+");
  const writer = rowFileWriter(file, layout, count);
  await writer.append(rows(0, 10));
  await expect(writer.finish(new Uint8Array(0), null)).rejects.toThrow(/expected 5000 of them, received 10/);
  await file.close();
});
