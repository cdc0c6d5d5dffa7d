import { expect, test } from "vitest";
import type { Dataset } from "../../data/dataset.ts";
import type { Row } from "../../data/records.ts";
import { column } from "../../data/testing/column.ts";
import { plainReading } from "../../data/testing/reading.ts";
import { fitSample } from "./fit-sample.ts";

const rows = Array.from(
  { length: 30_000 },
  (_, i): Row => ({
    key: `k${i}`,
    number: i + 1,
    split: i % 10 === 0 ? "test" : "train",
    cells: {
      photo: i % 2 === 0 ? null : { media: "image", path: `photo ${i}`, bytes: Uint8Array.of(i % 256, i >> 8) },
      size: i,
      // Two levels of which a choice would hardly hold either.
      kind: i === 12_345 ? "rare" : i === 777 ? "rarer" : `kind ${i % 3}`,
    },
  }),
);

const dataset = (ordered: readonly Row[]): Dataset => ({
  source: "/rows.csv",
  reading: plainReading(),
  fingerprint: "a",
  rowCount: ordered.length,
  usableRows: ordered.length,
  splitCounts: { train: 27_000, validation: 0, test: 3000 },
  columns: [column("photo", "image"), column("size", "real"), column("kind", "categorical")],
  issues: [],
  async *rows() {
    for (let start = 0; start < ordered.length; start += 2048) yield ordered.slice(start, start + 2048);
  },
  close: () => undefined,
});

const sample = (ordered: readonly Row[], mostCells?: number, seed = 0) =>
  fitSample(dataset(ordered), { media: ["photo"], seed, ...(mostCells !== undefined && { mostCells }) });

test("few rows: all that train, in their order, and no bytes but those of the files that are looked at", async () => {
  const { rows: chosen, files } = await sample(rows);
  expect(chosen.map(({ number }) => number)).toEqual(
    rows.filter(({ split }) => split === "train").map(({ number }) => number),
  );
  expect(chosen.some(({ cells }) => "bytes" in ((cells.photo ?? {}) as object))).toBe(false);
  expect(files.photo!.size).toBe(400);
  for (const [row, file] of files.photo!) {
    const i = row.number - 1;
    expect(file).toEqual({ media: "image", path: `photo ${i}`, bytes: Uint8Array.of(i % 256, i >> 8) });
  }
});

test("many rows: a choice by key and seed, whatever their order, with every category in it", async () => {
  const { rows: chosen } = await sample(rows, 15_000);
  expect(chosen.length).toBeGreaterThan(4500);
  expect(chosen.length).toBeLessThan(5500);
  expect(chosen.every(({ split }) => split === "train")).toBe(true);
  expect([...new Set(chosen.map(({ cells }) => cells.kind))].sort()).toEqual([
    "kind 0",
    "kind 1",
    "kind 2",
    "rare",
    "rarer",
  ]);
  const sizes = chosen.map(({ cells }) => cells.size as number);
  expect(sizes.reduce((a, b) => a + b, 0) / sizes.length).toBeGreaterThan(14_000);
  expect(sizes.reduce((a, b) => a + b, 0) / sizes.length).toBeLessThan(16_000);
  const turned = await sample([...rows].reverse(), 15_000);
  const keys = (all: readonly Row[]) => all.map(({ key }) => key).sort();
  expect(keys(turned.rows)).toEqual(keys(chosen));
  expect(keys((await sample(rows, 15_000, 1)).rows)).not.toEqual(keys(chosen));
});
