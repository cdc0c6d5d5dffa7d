import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeRecord } from "../csv.ts";
import type { Dataset } from "../dataset.ts";
import type { ReadOptions } from "../reading.ts";
import type { Row } from "../records.ts";
import { openDatabase, sqlText } from "./duckdb.ts";
import { openData } from "./open-data.ts";
import { csvOf, pngOf, type TestFolder, testFolder, wavOf } from "./testing/files.ts";

let folder: TestFolder;
beforeAll(() => {
  folder = testFolder();
});
afterAll(() => folder.remove());

async function readAll(dataset: Dataset): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const chunk of dataset.rows()) {
    expect(chunk.length).toBeLessThanOrEqual(2048);
    rows.push(...chunk);
  }
  return rows;
}

/** Opens, reads every row, closes. */
async function read(path: string, options: ReadOptions = {}): Promise<{ dataset: Dataset; rows: Row[] }> {
  const dataset = await openData(path, options);
  const rows = await readAll(dataset);
  dataset.close();
  return { dataset, rows };
}
const column = (dataset: Dataset, name: string) => dataset.columns.find((found) => found.name === name)!;
const kinds = (dataset: Dataset) => Object.fromEntries(dataset.columns.map(({ name, kind }) => [name, kind]));
const splitsOf = (rows: readonly Row[]) => Object.fromEntries(rows.map(({ key, split }) => [key, split]));

const shop = {
  id: (i: number) => `p${i}`,
  price: (i: number) => (i % 7 === 3 ? null : (i % 50) + 0.5),
  stars: (i: number) => i % 5,
  colour: (i: number) => ["red", "green", "blue"][i % 3],
  sold: (i: number) => (i % 2 ? "yes" : "no"),
  day: (i: number) => `2024-01-${String(1 + (i % 28)).padStart(2, "0")}`,
  title: (i: number) => `A ${["big", "small"][i % 2]} thing, number ${i}`,
};
const shopKinds = {
  id: "identifier",
  price: "real",
  stars: "ordinal",
  colour: "categorical",
  sold: "boolean",
  day: "date",
  title: "text",
};
const thirdRow = {
  key: "p3",
  number: 4,
  cells: {
    id: "p3",
    price: null,
    stars: 3,
    colour: "red",
    sold: true,
    day: "2024-01-04",
    title: "A small thing, number 3",
  },
};

describe("formats", () => {
  const csv = () => csvOf(60, shop);
  const jsonl = () =>
    Array.from({ length: 60 }, (_, i) => `${JSON.stringify(mapValues(shop, (cell) => cell(i)))}\n`).join("");
  const mapValues = <T, U>(record: Record<string, T>, change: (value: T) => U): Record<string, U> =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));

  it.each([
    ["shop.csv", csv],
    ["semicolons.csv", () => csv().replaceAll(",", ";").replaceAll('"', "").replaceAll("thing;", "thing,")],
    ["tabs.tsv", () => csv().replaceAll(",", "\t").replaceAll('"', "").replaceAll("thing\t", "thing,")],
    ["returns.csv", () => csv().replaceAll("\n", "\r\n")],
    ["marked.csv", () => `\ufeff\n${csv()}`],
    ["shop [1]*?.csv", csv],
    ["shop's.csv.gz", () => gzipSync(csv())],
    ["shop.jsonl", jsonl],
    ["shop.ndjson.gz", () => gzipSync(jsonl())],
    ["no-extension", jsonl],
    ["array.json", () => `[${jsonl().trimEnd().replaceAll("\n", ",\n")}]`],
  ])("%s gives the same rows and kinds", async (name, content) => {
    const { dataset, rows } = await read(folder.write(name, content()));
    expect(kinds(dataset)).toEqual(shopKinds);
    expect(rows).toHaveLength(60);
    expect(rows[3]).toMatchObject(thirdRow);
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(dataset).toMatchObject({ rowCount: 60, usableRows: 60, issues: [] });
    expect(column(dataset, "price")).toMatchObject({ present: 51, missing: 9 });
  });

  it("Parquet gives the same rows, and media from its bytes", async () => {
    const png = await pngOf(4, 4, { r: 255, g: 0, b: 0 });
    const blob = (bytes: Uint8Array) => `from_hex('${Buffer.from(bytes).toString("hex")}')`;
    const path = `${folder.path}/shop.parquet`;
    const database = await openDatabase();
    await database.query(
      `COPY (SELECT 'p' || i AS id, CASE WHEN i % 7 <> 3 THEN i % 50 + 0.5 END AS price, i % 5 AS stars, ['red','green','blue'][1 + i % 3] AS colour,
         i % 2 = 1 AS sold, DATE '2024-01-01' + (i % 28)::INT AS day, 'A ' || ['big','small'][1 + i % 2] || ' thing, number ' || i AS title,
         CASE WHEN i > 0 THEN ${blob(png)} END AS photo, {'bytes': ${blob(wavOf(440, 0.05))}, 'path': 'a' || i || '.wav'} AS sound
       FROM (SELECT range::INT AS i FROM range(60))) TO ${sqlText(path)}`,
    );
    database.close();
    const { dataset, rows } = await read(path);
    expect(kinds(dataset)).toEqual({ ...shopKinds, photo: "image", sound: "audio" });
    expect(rows[3]).toMatchObject(thirdRow);
    expect(rows[0]!.cells.photo).toBeNull();
    expect(rows[3]!.cells.photo).toEqual({
      media: "image",
      path: "shop.parquet:4:photo",
      bytes: png,
    });
    expect(rows[3]!.cells.sound).toMatchObject({ media: "sound", path: "a3.wav" });
    expect(dataset.issues).toEqual([]);
  });

  it("a file without a header has numbered columns", async () => {
    const path = folder.write("bare.csv", "1.5,a\n2.5,b\n3.5,a\n4.5,b\n");
    const { dataset, rows } = await read(path, { header: false });
    expect(kinds(dataset)).toEqual({ column1: "real", column2: "categorical" });
    expect(rows[0]).toMatchObject({ key: "bare.csv:1", cells: { column1: 1.5, column2: "a" } });
  });

  it("lines may end in two ways, hold line ends in quotes, and be short", async () => {
    const path = folder.write("mixed.csv", 'a,b\r\n1,"x\ny"\r\n2,"q ""z"""\r\n3\r\n');
    expect((await read(path)).rows.map(({ cells }) => cells.b)).toEqual(["x\ny", 'q "z"', null]);
    const mixed = folder.write("mixed2.csv", "a,b\r\n1,x\n2,y\r\n");
    expect((await read(mixed)).rows.map(({ cells }) => cells.b)).toEqual(["x", "y"]);
  });

  it("any cells come back from CSV as they were written", async () => {
    const unit = fc.constantFrom("a", "é", "日", " ", ",", ";", "|", '"', "\n", "7", "-");
    // Words around it keep the cell from being trimmed, missing or a number.
    const cell = fc.string({ unit, maxLength: 6 }).map((text) => `<${text}>`);
    const records = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 30 });
    let file = 0;
    await fc.assert(
      fc.asyncProperty(records, async (written) => {
        const lines = [["first", "second"], ...written].map((record) => `${writeRecord(record)}\n`).join("");
        const config = { first: { kind: "categorical" }, second: { kind: "categorical" } } as const;
        const { rows } = await read(folder.write(`round-${file++}.csv`, lines), { columns: config });
        expect(rows.map(({ cells }) => [cells.first, cells.second])).toEqual(written);
      }),
      { numRuns: 8 },
    );
  });

  it("is read in chunks, more than once, at the same time, and stopped half-way", async () => {
    const dataset = await openData(folder.write("long.csv", csvOf(5000, { x: (i) => i * 1.5, c: (i) => `c${i % 3}` })));
    const [a, b] = await Promise.all([readAll(dataset), readAll(dataset)]);
    expect(a).toEqual(b);
    expect(a).toHaveLength(5000);
    for await (const chunk of dataset.rows()) {
      expect(chunk.length).toBeLessThan(5000);
      break;
    }
    dataset.close();
  });
});

describe("splits", () => {
  const table = { id: (i: number) => i, x: (i: number) => Math.sin(i), who: (i: number) => `w${i % 30}` };

  it("by row key: the same for another order of rows, another for another seed", async () => {
    const lines = csvOf(400, table).trimEnd().split("\n");
    const path = folder.write("ordered.csv", lines.join("\n"));
    const turned = folder.write("turned.csv", [lines[0], ...lines.slice(1).reverse()].join("\n"));
    const first = await read(path);
    expect(splitsOf((await read(turned)).rows)).toEqual(splitsOf(first.rows));
    expect(splitsOf((await read(path, { seed: 1 })).rows)).not.toEqual(splitsOf(first.rows));
    const counted = { train: 0, validation: 0, test: 0 };
    for (const { split } of first.rows) counted[split]++;
    expect(first.dataset.splitCounts).toEqual(counted);
    expect(counted.test).toBeGreaterThan(20);
  });

  it("by group: no group in two splits", async () => {
    const { rows } = await read(folder.write("groups.csv", csvOf(600, table)), { groupColumn: "who" });
    const groups = new Map(rows.map(({ cells, split }) => [cells.who, split]));
    expect(rows.every(({ cells, split }) => groups.get(cells.who!) === split)).toBe(true);
    expect(new Set(groups.values()).size).toBe(3);
  });

  it("gives each split its share of every value of the column to stratify by, in groups where asked", async () => {
    const table = {
      rare: (i: number) => (i % 20 === 0 ? "yes" : "no"),
      who: (i: number) => `${i % 20 === 0 ? "ill" : "well"} ${i % 150}`,
      x: (i: number) => i / 7,
    };
    const path = folder.write("strata.csv", csvOf(600, table));
    const { rows, dataset } = await read(path, { stratifyColumn: "rare" });
    const rare = rows.filter(({ cells }) => cells.rare === true);
    const inTest = rare.filter(({ split }) => split === "test").length;
    expect(rare).toHaveLength(30);
    expect(Math.abs(inTest - 3)).toBeLessThanOrEqual(1);
    expect(dataset.splitCounts.test).toBe(rows.filter(({ split }) => split === "test").length);
    const again = await read(path, { reading: dataset.reading });
    expect(splitsOf(again.rows)).toEqual(splitsOf(rows));

    const both = await read(path, { stratifyColumn: "rare", groupColumn: "who" });
    const splitsByWho = new Map<unknown, Set<string>>();
    for (const { cells, split } of both.rows)
      splitsByWho.set(cells.who, (splitsByWho.get(cells.who) ?? new Set()).add(split));
    expect([...splitsByWho.values()].every(({ size }) => size === 1)).toBe(true);
  });

  it("refuses to stratify by a column of single values, and within groups of several values", async () => {
    const table = { a: (i: number) => `${i % 30}`, b: (i: number) => ["u", "v"][i % 2], x: (i: number) => `t${i}` };
    const path = folder.write("unstratified.csv", csvOf(1200, table));
    await expect(openData(path, { stratifyColumn: "x" })).rejects.toThrow(/by column "x": expected at most 1000/);
    const mixed = { stratifyColumn: "a", groupColumn: "b" };
    await expect(openData(path, mixed)).rejects.toThrow(/group "[uv]" holds several values of "a"/);
  });

  it("by a column that says so; a tenth of its training rows validates where it names none", async () => {
    const split = (i: number) => (i % 4 === 0 ? "test" : "train");
    const { dataset, rows } = await read(folder.write("named.csv", csvOf(400, { ...table, split })));
    expect(column(dataset, "split").role).toBe("split");
    expect(rows.every(({ number, split }) => (split === "test") === ((number - 1) % 4 === 0))).toBe(true);
    expect(dataset.splitCounts.test).toBe(100);
    expect(dataset.splitCounts.validation).toBeGreaterThan(15);
    expect(dataset.splitCounts.validation).toBeLessThan(50);
    const full = (i: number) => ["train", "dev", "test"][i % 3];
    const named = await read(folder.write("full.csv", csvOf(90, { ...table, part: full })), { splitColumn: "part" });
    expect(named.dataset.splitCounts).toEqual({ train: 30, validation: 30, test: 30 });
  });

  it("leaves a column named split alone that holds other words", async () => {
    const other = (i: number) => ["banana", "sundae"][i % 2];
    const { dataset } = await read(folder.write("banana.csv", csvOf(40, { ...table, split: other })));
    expect(column(dataset, "split")).toMatchObject({ kind: "categorical", role: "feature" });
  });
});

describe("roles and settings", () => {
  it("keeps the label out, names rows by id, and takes the config's word", async () => {
    const path = folder.write("roles.csv", csvOf(60, { ...shop, word: (i) => ["one", "two"][i % 2] }));
    const columns = { word: { kind: "text" }, day: { role: "ignored" }, stars: { kind: "categorical" } } as const;
    const { dataset, rows } = await read(path, { label: "colour", columns });
    const roles = Object.fromEntries(dataset.columns.map(({ name, role }) => [name, role]));
    expect(roles).toMatchObject({ colour: "label", id: "id", day: "ignored", word: "feature", price: "feature" });
    expect(column(dataset, "word").kind).toBe("text");
    expect(rows[3]!.cells.stars).toBe("3");
    expect(dataset.reading).toMatchObject({ label: "colour", columns, header: true, seed: 0 });
  });

  it("takes roles from the config as from options, and columns by any name", async () => {
    const names = csvOf(60, {
      ...shop,
      code: (i) => `c${59 - i}`,
      constructor: (i: number) => i / 3,
      toString: (i: number) => (i % 2 ? "a" : "b"),
    });
    const columns = { code: { role: "id" }, colour: { role: "label" }, sold: { role: "group" } } as const;
    const { dataset, rows } = await read(folder.write("names.csv", names), { columns });
    const roles = Object.fromEntries(dataset.columns.map(({ name, role }) => [name, role]));
    expect(roles).toMatchObject({ code: "id", id: "ignored", colour: "label", sold: "group", constructor: "feature" });
    expect(rows[0]).toMatchObject({ key: "c59", cells: { toString: "b", constructor: 0 } });
    expect(dataset.reading).toMatchObject({ idColumn: "code", label: "colour", groupColumn: "sold" });
    const other = await read(dataset.source, { reading: dataset.reading, label: "stars" });
    const again = Object.fromEntries(other.dataset.columns.map(({ name, role }) => [name, role]));
    expect(again).toMatchObject({ stars: "label", colour: "ignored", constructor: "feature" });
  });

  it("makes media columns from other columns; a missing part is a missing file", async () => {
    folder.write("pics/NA.png", await pngOf(2, 2, { r: 1, g: 2, b: 3 }));
    folder.write("pics/DE.png", await pngOf(2, 2, { r: 1, g: 2, b: 3 }));
    const path = folder.write("codes.csv", "code,x\nNA,1.5\nDE,2.5\n,3.5\nXX,4.5\n");
    const { dataset, rows } = await read(path, { media: { flag: "pics/{code}.png" } });
    expect(rows.map(({ cells }) => cells.flag)).toEqual([
      { media: "image", path: `${folder.path}/pics/NA.png` },
      { media: "image", path: `${folder.path}/pics/DE.png` },
      null,
      null,
    ]);
    expect(column(dataset, "flag")).toMatchObject({ kind: "image", role: "feature", present: 2, missing: 2 });
    expect(dataset.issues).toContainEqual(expect.objectContaining({ code: "media-absent", row: 4, column: "flag" }));
  });

  it("reads another file as the first was read", async () => {
    const first = await read(folder.write("first.csv", csvOf(60, shop)), { label: "colour", seed: 5 });
    const reading = JSON.parse(JSON.stringify(first.dataset.reading)) as typeof first.dataset.reading;
    // Alone it would be inferred otherwise: constant prices, one colour, a column that the model never saw, no title.
    const path = folder.write(
      "second.csv",
      "id,price,colour,sold,extra\nq1,7,red,yes,a\nq2,7,red,yes,b\nq3,dear,red,no,c\n",
    );
    const { dataset, rows } = await read(path, { reading });
    expect(kinds(dataset)).toEqual({
      id: "identifier",
      price: "real",
      colour: "categorical",
      sold: "boolean",
      extra: "identifier",
    });
    expect(column(dataset, "extra").role).toBe("ignored");
    expect(column(dataset, "colour").role).toBe("label");
    expect(rows.map(({ cells }) => [cells.price, cells.sold])).toEqual([
      [7, true],
      [7, true],
      [null, false],
    ]);
    expect(dataset.issues).toContainEqual({ code: "value-not-readable", column: "price", row: 3, value: "dear" });
    expect(dataset.reading.seed).toBe(5);
    const again = await read(first.dataset.source, { reading });
    expect(again.rows).toEqual(first.rows);
    expect(again.dataset.reading).toEqual(first.dataset.reading);
  });
});
