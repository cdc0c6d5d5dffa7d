import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReadOptions } from "../reading.ts";
import type { Cell, Split } from "../records.ts";
import { openData } from "./open-data.ts";
import { csvOf, type TestFolder, testFolder } from "./testing/files.ts";

let folder: TestFolder;
beforeAll(() => {
  folder = testFolder();
});
afterAll(() => folder.remove());

/** More rows than are counted in memory, so that SQL counts, and vouches for rows in the survey. */
const rows = 23_000;
const isHole = (i: number) => i % 9001 === 77;
const two = (n: number) => String(n).padStart(2, "0");
const columns: Record<string, (i: number) => string | number | null> = {
  id: (i) => `r${i}`,
  price: (i) => (i % 5003 === 7 ? "cheap" : `$${(i * 37) % 90},${100 + (i % 900)}.${two(i % 100)}`),
  weight: (i) => (i % 6007 === 5 ? "NaN" : i % 97 === 0 ? "n/a" : i % 8009 === 11 ? "1e300" : `${Math.sin(i) * 10}`),
  share: (i) => `${((i * 13) % 1000) / 10}%`,
  day: (i) => (i % 7001 === 3 ? "2021-02-30" : `20${two(i % 50)}-${two(1 + (i % 12))}-${two(1 + (i % 28))}`),
  last: (i) => ["31/01/2020", "30/04/2021", "29/02/2020", "05/06/2021", "31/04/2020"][i % 4999 === 2 ? 4 : i % 4]!,
  sold: (i) => (i % 7919 === 1 ? "perhaps" : ["yes", "No"][i % 2]!),
  colour: (i) => ["red", "green", "NA", "blue"][i % 4]!,
  title: (i) => (i % 11 === 0 ? null : `thing number ${i} of ${rows}`),
};
const holed = Object.fromEntries(
  Object.entries(columns).map(([name, cell]) => [name, (i: number) => (name !== "id" && isHole(i) ? null : cell(i))]),
);

describe("a file larger than memory counts", () => {
  it.each<[string, ReadOptions]>([
    ["by id", {}],
    ["by group", { groupColumn: "colour" }],
    ["as text", { columns: { price: { kind: "text" }, day: { kind: "categorical" } } }],
  ])("is surveyed as reading every row would: %s", async (name, options) => {
    const dataset = await openData(folder.write(`${name}.csv`, csvOf(rows, holed)), options);
    const present = Object.fromEntries(dataset.columns.map((column) => [column.name, 0]));
    const distinct = Object.fromEntries(dataset.columns.map((column) => [column.name, new Set<Cell>()]));
    const splits: Record<Split, number> = { train: 0, validation: 0, test: 0 };
    const empty: number[] = [];
    const features = dataset.columns.filter(({ role }) => role === "feature");
    for await (const chunk of dataset.rows()) {
      for (const row of chunk) {
        for (const [column, cell] of Object.entries(row.cells)) {
          if (cell === null) continue;
          present[column]!++;
          distinct[column]!.add(cell);
        }
        if (features.every((column) => row.cells[column.name] === null)) empty.push(row.number);
        else splits[row.split]++;
      }
    }
    dataset.close();
    expect(Object.fromEntries(dataset.columns.map((column) => [column.name, column.present]))).toEqual(present);
    expect(dataset.columns.every(({ present: cells, missing }) => cells + missing === rows)).toBe(true);
    const counted = dataset.columns.filter((column) => column.distinct < 2000);
    for (const column of counted)
      expect([column.name, column.distinct]).toEqual([column.name, distinct[column.name]!.size]);
    expect(dataset).toMatchObject({ rowCount: rows, usableRows: rows - empty.length, splitCounts: splits });
    expect(dataset.issues.flatMap((issue) => (issue.code === "row-empty" ? [issue.row] : []))).toEqual(empty);
    expect(empty.map((row) => row - 1)).toEqual(Array.from({ length: rows }, (_, i) => i).filter(isHole));
    const listed = dataset.issues.flatMap((issue) => ("value" in issue ? [`${issue.column} ${issue.row}`] : []));
    const expected = (column: string, bad: (i: number) => boolean) =>
      Array.from({ length: rows }, (_, i) => i)
        .filter((i) => bad(i) && !isHole(i))
        .map((i) => `${column} ${i + 1}`);
    const asText = name === "as text";
    const faults = [
      ...(asText ? [] : expected("price", (i) => i % 5003 === 7)),
      ...expected("weight", (i) => i % 6007 === 5 || (i % 97 !== 0 && i % 8009 === 11)),
      ...(asText ? [] : expected("day", (i) => i % 7001 === 3)),
      ...expected("last", (i) => i % 4999 === 2),
    ];
    expect(listed.sort()).toEqual(faults.sort());
  });

  it("has the kinds and spellings of its sample, ranges and counts of the whole", async () => {
    const dataset = await openData(folder.write("kinds.csv", csvOf(rows, holed)));
    dataset.close();
    const found = Object.fromEntries(dataset.columns.map(({ name, kind, why }) => [name, { kind, why }]));
    expect(found).toMatchObject({
      id: { kind: "identifier" },
      price: { kind: "real", why: expect.stringMatching(/amounts in/) as string },
      share: { kind: "fraction" },
      day: { kind: "date" },
      last: { kind: "date" },
      sold: { kind: "categorical" },
      colour: { kind: "categorical", why: expect.stringMatching(/NA means/) as string },
      title: { kind: "text" },
    });
  });
});

describe("a file of many columns and rows", () => {
  it("is surveyed cell by cell", async () => {
    const [wide, tall] = [1500, 1400];
    const names = Array.from({ length: wide }, (_, c) => `g${c}`);
    const cell = (row: number, c: number) =>
      row === 900 ? "" : row === 700 && c === 1300 ? "many" : String((row * 7 + c * 13) % 101);
    const lines = Array.from({ length: tall }, (_, row) => names.map((_, c) => cell(row, c)).join(","));
    const dataset = await openData(folder.write("wide.csv", [names.join(","), ...lines, ""].join("\n")));
    dataset.close();
    expect(dataset.columns.map(({ kind }) => kind)).toEqual(names.map(() => "count"));
    expect(dataset.columns.map(({ present }) => present)).toEqual(names.map((_, c) => tall - (c === 1300 ? 2 : 1)));
    expect(dataset.columns.every(({ distinct }) => distinct === 101)).toBe(true);
    expect(dataset.issues.map(({ code, row }) => [code, row])).toEqual([
      ["value-not-readable", 701],
      ["row-empty", 901],
    ]);
  });
});
