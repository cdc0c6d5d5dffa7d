import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import {
  Bool,
  Field,
  Float64,
  Int32,
  List,
  Struct,
  Table,
  tableFromArrays,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeRecord } from "../csv.ts";
import type { Dataset } from "../dataset.ts";
import { describeIssue } from "../issues.ts";
import type { ReadOptions } from "../reading.ts";
import type { Row } from "../records.ts";
import { openDatabase, sqlText } from "./duckdb.ts";
import { openData } from "./open-data.ts";
import { pngOf, type TestFolder, testFolder, wavOf } from "./testing/files.ts";

let folder: TestFolder;
beforeAll(() => {
  folder = testFolder();
});
afterAll(() => folder.remove());

async function read(
  path: string,
  options: ReadOptions = {},
): Promise<{ dataset: Dataset; rows: Row[]; said: string[] }> {
  const dataset = await openData(path, options);
  const rows: Row[] = [];
  for await (const chunk of dataset.rows()) rows.push(...chunk);
  dataset.close();
  return { dataset, rows, said: dataset.issues.map(describeIssue) };
}

async function refusal(path: string, options: ReadOptions = {}): Promise<string> {
  try {
    (await openData(path, options)).close();
  } catch (cause) {
    return (cause as Error).message;
  }
  return "not refused";
}
const cellsOf = (rows: readonly Row[], name: string) => rows.map(({ cells }) => cells[name]);

/** Ten rows with words of several scripts, gaps, and cells that need quotes. */
const ten = Array.from({ length: 10 }, (_, i) => ({
  code: `k${i}`,
  size: i === 3 ? null : i * 1.5,
  word: ["café", "naïve", "Müller", "año"][i % 4]!,
  note: i === 5 ? null : `row ${i}, "quoted"; it's`,
  good: i % 2 === 0,
}));
const names = ["code", "size", "word", "note", "good"] as const;
const cell = (value: unknown): string => (value === null ? "" : String(value));
const records = () => [[...names], ...ten.map((row) => names.map((name) => cell(row[name])))];
const columns = {
  code: { role: "id" },
  size: { kind: "real" },
  word: { kind: "categorical" },
  note: { kind: "text" },
  good: { kind: "boolean" },
} as const;

/** Every cell in the quotes asked for. */
const quotedBy = (quote: string, delimiter: string): string =>
  records()
    .map((record) => `${record.map((text) => quote + text.replaceAll(quote, quote + quote) + quote).join(delimiter)}\n`)
    .join("");
const csv = (delimiter = ","): string =>
  records()
    .map((record) => `${writeRecord(record, delimiter)}\n`)
    .join("");
const jsonl = (): string => ten.map((row) => `${JSON.stringify(row)}\n`).join("");
const utf16 = (text: string, big = false): Uint8Array => {
  const bytes = Buffer.from(text, "utf16le");
  return big ? bytes.swap16() : bytes;
};
const arrow = (kind: "file" | "stream"): Uint8Array =>
  tableToIPC(
    tableFromArrays({
      code: ten.map(({ code }) => code),
      size: ten.map(({ size }) => size),
      word: ten.map(({ word }) => word),
      note: ten.map(({ note }) => note),
      good: ten.map(({ good }) => good),
    }),
    kind,
  );
/** A frame of Zstandard that stores what it is given, in blocks of 64 KiB. */
function zstd(content: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(content as string);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]), size];
  for (let at = 0; at < bytes.length; at += 65536) {
    const block = bytes.subarray(at, at + 65536);
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | (at + 65536 >= bytes.length ? 1 : 0), 0, 3);
    parts.push(header, block);
  }
  return Buffer.concat(parts);
}
async function parquet(): Promise<Uint8Array> {
  const from = folder.write("for-parquet.jsonl", jsonl());
  const path = `${folder.path}/made.parquet`;
  const database = await openDatabase();
  await database.query(
    `COPY (SELECT * FROM read_json(${sqlText(from)}, columns={code: 'VARCHAR', size: 'DOUBLE', word: 'VARCHAR', note: 'VARCHAR', good: 'BOOLEAN'})) TO ${sqlText(path)}`,
  );
  database.close();
  const { readFileSync } = await import("node:fs");
  return readFileSync(path);
}
const columnLists = () =>
  JSON.stringify(Object.fromEntries(names.map((name) => [name, ten.map((row) => row[name])])), null, 1);

describe("the same ten rows", () => {
  it.each<[string, () => string | Uint8Array | Promise<Uint8Array>]>([
    ["comma.csv", () => csv()],
    ["semicolon.csv", () => csv(";")],
    ["bar.csv", () => csv("|")],
    ["caret.txt", () => csv("^")],
    ["tilde.dat", () => csv("~")],
    ["tab.tsv", () => csv("\t")],
    ["double.csv", () => quotedBy('"', ",")],
    ["single.csv", () => quotedBy("'", ";")],
    ["returns.csv", () => csv().replaceAll("\n", "\r\n")],
    ["old-mac.csv", () => csv().replaceAll("\n", "\r")],
    ["mixed-ends.csv", () => csv().replace("\n", "\r\n")],
    ["blank-lines.csv", () => `\n${csv().replaceAll("\n", "\n\n")}`],
    ["no-last-end.csv", () => csv().trimEnd()],
    ["marked.csv", () => `\ufeff${csv()}`],
    ["utf16le.csv", () => utf16(`\ufeff${csv()}`)],
    ["utf16be.csv", () => utf16(`\ufeff${csv("\t")}`, true)],
    ["utf16le-unmarked.csv", () => utf16(csv())],
    ["utf16be-unmarked.csv", () => utf16(csv(), true)],
    ["packed.csv.gz", () => gzipSync(csv())],
    ["packed-but-not-named.csv", () => gzipSync(csv())],
    ["packed.csv.zst", () => zstd(csv())],
    ["packed-utf16.csv.zst", () => zstd(utf16(csv()))],
    ["lines.jsonl", jsonl],
    ["lines-named.csv", jsonl],
    ["lines.jsonl.gz", () => gzipSync(jsonl())],
    ["lines.jsonl.zst", () => zstd(jsonl())],
    ["list.json", () => JSON.stringify(ten)],
    ["spread-list.json", () => JSON.stringify(ten, null, 2)],
    ["list-of-lists.json", () => JSON.stringify([names, ...ten.map((row) => names.map((name) => row[name]))])],
    ["after-one-another.json", () => ten.map((row) => JSON.stringify(row, null, 2)).join("\n")],
    ["columns.json", columnLists],
    ["under-a-key.json", () => JSON.stringify({ version: 2, rows: ten })],
    ["utf16.json", () => utf16(`\ufeff${JSON.stringify(ten)}`)],
    ["list.json.zst", () => zstd(JSON.stringify(ten))],
    ["table.parquet", parquet],
    ["table.parquet.gz", async () => gzipSync(await parquet())],
    ["table.arrow", () => arrow("file")],
    ["table.feather", () => arrow("file")],
    ["stream.arrows", () => arrow("stream")],
    ["table.arrow.gz", () => gzipSync(arrow("file"))],
    ["table.arrow.zst", () => zstd(arrow("stream"))],
  ])("%s", async (name, content) => {
    const { rows, said } = await read(folder.write(name, await content()), { columns });
    expect(rows.map(({ cells }) => cells)).toEqual(ten);
    expect(said).toEqual([]);
  });

  it("Windows-1252, with a word about it", async () => {
    const { rows, said } = await read(folder.write("western.csv", Buffer.from(csv(), "latin1")), { columns });
    expect(rows.map(({ cells }) => cells)).toEqual(ten);
    expect(said).toEqual(["text: 10 lines, from line 2, are not UTF-8; read as Windows-1252 (Latin-1)"]);
    const mixed = folder.write(
      "mixed.csv",
      Buffer.concat([Buffer.from("a,b\n1,日本\n"), Buffer.from([0x32, 0x2c, 0x80, 0x93, 10])]),
    );
    expect(cellsOf((await read(mixed)).rows, "b")).toEqual(["日本", "€“"]);
  });

  it("without a header", async () => {
    const { rows } = await read(folder.write("bare.tsv", csv("\t").split("\n").slice(1).join("\n")), { header: false });
    expect(cellsOf(rows, "column1")).toEqual(ten.map(({ code }) => code));
  });

  it("by a delimiter that the user names", async () => {
    const path = folder.write("odd.csv", csv("::"));
    const { rows, dataset } = await read(path, { columns, delimiter: "::" });
    expect(rows.map(({ cells }) => cells)).toEqual(ten);
    expect(dataset.reading.delimiter).toBe("::");
  });

  it("in several files, in natural order; other columns are refused", async () => {
    const lines = csv().trimEnd().split("\n");
    for (let i = 0; i < 10; i++) folder.write(`parts/p${i}.csv`, `${lines[0]}\n${lines[i + 1]}\n`);
    folder.write("parts/p10.csv", Buffer.from(`${lines[0]}\nk10,9,x,y,true\n`));
    for (const path of [`${folder.path}/parts`, `${folder.path}/parts/p*.csv`]) {
      const { rows, dataset } = await read(path, { columns });
      expect(cellsOf(rows, "code")).toEqual([...ten.map(({ code }) => code), "k10"]);
      expect(dataset.source).toBe(path);
    }
    folder.write("odd-parts/a.csv", csv());
    folder.write("odd-parts/b.csv", csv().replace("word", "words"));
    expect(await refusal(`${folder.path}/odd-parts`)).toMatch(/differ in "word", "words"/);
    folder.write("split-parts/train-0.jsonl", jsonl());
    folder.write("split-parts/test-0.jsonl", jsonl());
    const { dataset } = await read(`${folder.path}/split-parts`, {
      columns: { ...columns, code: { kind: "identifier" } },
    });
    expect(dataset.splitCounts.test).toBe(10);
  });
});

describe("what is broken", () => {
  it("in a CSV costs its own line and is told", async () => {
    const text = 'id,a,b\n1,"x ""y""",2\n2,"open,3\n3,x,4,5\n\n4,x\n5,sa\0y,6\n6,say "hi",7\n7,"more, here",8\n';
    const { rows, said } = await read(folder.write("broken.csv", text), { columns: { a: { kind: "categorical" } } });
    expect(rows.map(({ cells: { id, a } }) => [id, a])).toEqual([
      ["1", 'x "y"'],
      ["2", '"open'],
      ["4", "x"],
      ["5", "sa\ufffdy"],
      ["6", 'say "hi"'],
      ["7", "more, here"],
    ]);
    expect(said.filter((line) => line.startsWith("line"))).toEqual([
      "line 3: a quote is opened and not closed, or not doubled; read as it stands",
      "line 4: expected 3 cells, found 4; left out. Quote cells that contain the delimiter",
      "line 6: expected 3 cells, found 2; the others are missing",
    ]);
  });

  it("in JSON costs its own value", async () => {
    const lines = '{"a":1,"b":"x"}\n{"a":2,"b":\n{"a":3,"a":4}\n[]\n{"a":5,"c":{"d":[1,2]}}\n';
    const first = await read(folder.write("broken.jsonl", lines));
    expect(cellsOf(first.rows, "a").map(Number)).toEqual([1, 5]);
    expect(first.dataset.columns.map(({ name }) => name)).toEqual(["a", "b", "c.d"]);
    expect(first.said.filter((line) => line.startsWith("line")).length).toBeGreaterThanOrEqual(2);
    const cut = await read(folder.write("cut.json", '[\n{"a":1},\n{"a":2,\n{"a":3},\n{"a":4}\n'));
    expect(cellsOf(cut.rows, "a").map(Number)).toEqual([1, 3, 4]);
    expect(cut.said.join()).toMatch(/line 3: expected a JSON object/);
  });

  it("of rows wider than their header is kept under other names", async () => {
    const { rows, said } = await read(folder.write("r.csv", "a,b\nr1,1,2\nr2,3,4\n"));
    expect(rows[1]!.cells).toMatchObject({ row: "r2" });
    expect(said[0]).toMatch(/line 1: the header names 2 columns, most lines hold 3/);
    expect((await read(folder.write("trail.csv", "a,b\n1,2,\n3,4,\n"))).dataset.columns).toHaveLength(2);
  });
});

describe("nested values", () => {
  it("mean the same in JSON, Parquet and Arrow", async () => {
    const json = folder.write(
      "nested.json",
      JSON.stringify([
        { a: { b: 1, c: "x" }, words: ["red", "blue"], v: [1, 2.5] },
        { a: null, words: [], v: null },
      ]),
    );
    const database = await openDatabase();
    const path = `${folder.path}/nested.parquet`;
    await database.query(
      `COPY (SELECT {'b': 1, 'c': 'x'} AS a, ['red', 'blue'] AS words, [1, 2.5] AS v UNION ALL SELECT NULL, [], NULL) TO ${sqlText(path)}`,
    );
    database.close();
    const type = new Struct([new Field("b", new Int32()), new Field("c", new Utf8())]);
    const ipc = tableToIPC(
      new Table({
        a: vectorFromArray([{ b: 1, c: "x" }, null], type),
        words: vectorFromArray([["red", "blue"], []], new List(new Field("item", new Utf8()))),
        v: vectorFromArray([[1, 2.5], null], new List(new Field("item", new Float64()))),
      }),
      "file",
    );
    const text = {
      "a.b": { kind: "categorical" },
      "a.c": { kind: "categorical" },
      words: { kind: "categorical" },
    } as const;
    for (const file of [json, path, folder.write("nested.arrow", ipc)]) {
      const { rows } = await read(file, { columns: { ...text, v: { kind: "categorical" } } });
      expect(rows.map(({ cells }) => ({ ...cells, v: String(cells.v).replaceAll(".0", "") }))).toEqual([
        { "a.b": "1", "a.c": "x", words: "red|blue", v: "[1, 2.5]" },
        { "a.b": null, "a.c": null, words: null, v: "null" },
      ]);
    }
    expect(new Bool().toString()).toBe("Bool");
  });

  it("media bytes in Arrow are media", async () => {
    const png = await pngOf(3, 3, { r: 1, g: 2, b: 3 });
    const { Binary } = await import("apache-arrow");
    const type = new Struct([new Field("bytes", new Binary()), new Field("path", new Utf8())]);
    const rows = [{ bytes: new Uint8Array(png), path: "a.png" }, null];
    const path = folder.write(
      "media.arrow",
      tableToIPC(new Table({ photo: vectorFromArray(rows, type), x: vectorFromArray([1, 2], new Int32()) }), "stream"),
    );
    const { rows: found } = await read(path);
    expect(found[0]!.cells.photo).toMatchObject({ media: "image", path: "a.png" });
    expect(Buffer.from((found[0]!.cells.photo as { bytes: Uint8Array }).bytes).equals(png)).toBe(true);
    expect(found[1]!.cells.photo).toBeNull();
  });
});

describe("a folder", () => {
  const picture = () => pngOf(2, 2, { r: 9, g: 9, b: 9 });

  it("of media is a table of its files, folders and pairs, in natural order", async () => {
    for (const name of ["cat/2.png", "cat/10.png", "dog/1.png", "dog/1.wav", "dog/x.wav", "notes.txt", ".hidden.png"])
      folder.write(`media/${name}`, name.endsWith("wav") ? wavOf(440, 0.05) : await picture());
    const { dataset, rows } = await read(`${folder.path}/media`);
    expect(
      rows.map(({ key, cells }) => [key, cells.folder, cells.name, cells.image !== null, cells.audio !== null]),
    ).toEqual([
      ["cat/2.png", "cat", "2", true, false],
      ["cat/10.png", "cat", "10", true, false],
      ["dog/1.png", "dog", "1", true, true],
      ["dog/x.wav", "dog", "x", false, true],
    ]);
    const again = await read(`${folder.path}/media`);
    expect(again.dataset.fingerprint).toBe(dataset.fingerprint);
    folder.write("media/dog/2.png", await picture());
    expect((await read(`${folder.path}/media`)).dataset.fingerprint).not.toBe(dataset.fingerprint);
  });

  it("with a pattern has its columns; other files are listed", async () => {
    for (const name of ["7_ann_0.wav", "7_bob_b_1.wav", "odd.wav"]) folder.write(`said/${name}`, wavOf(440, 0.05));
    const { rows, said, dataset } = await read(`${folder.path}/said`, {
      pattern: "speech={digit}_{speaker}_{take}.wav",
    });
    expect(rows.map(({ cells: { digit, speaker, take } }) => [digit, speaker, take].map(String))).toEqual([
      ["7", "ann", "0"],
      ["7", "bob", "b_1"],
    ]);
    expect(dataset.columns[0]).toMatchObject({ name: "speech", kind: "audio" });
    expect(said[0]).toBe('odd.wav: does not match "speech={digit}_{speaker}_{take}.wav"; left out');
    const other = await read(`${folder.path}/said`, { reading: dataset.reading });
    expect(other.rows.map(({ key }) => key)).toEqual(rows.map(({ key }) => key));
    for (const name of ["a/1.png", "b/2.png"]) folder.write(`labelled/${name}`, await picture());
    const labelled = await read(`${folder.path}/labelled`, { pattern: "{label}/{id}.png" });
    expect(cellsOf(labelled.rows, "label")).toEqual(["a", "b"]);
    expect(await refusal(`${folder.path}/labelled`, { pattern: "{label}.wav" })).toMatch(
      /no picture or sound in it matches/,
    );
    expect(await refusal(`${folder.path}/labelled`, { pattern: "label.wav" })).toMatch(/expected a column in braces/);
    expect(await refusal(`${folder.path}/labelled`, { pattern: "{a}{b}.png" })).toMatch(/something between/);
    expect(await refusal(`${folder.path}/labelled`, { pattern: "{image}.png" })).toMatch(/are column "image"/);
  });

  it("of splits says them; one that a model knows keeps its columns", async () => {
    for (const name of ["train/cat/1.png", "train/dog/2.png", "test/cat/3.png"])
      folder.write(`sets/${name}`, await picture());
    const { dataset, rows } = await read(`${folder.path}/sets`);
    expect(cellsOf(rows, "folder")).toEqual(["cat", "cat", "dog"]);
    expect(dataset.splitCounts.test).toBe(1);
    folder.write("one/cat/1.png", await picture());
    expect((await read(`${folder.path}/one`)).dataset.columns.map(({ name }) => name)).toEqual(["image", "name"]);
    const known = await read(`${folder.path}/one`, { reading: dataset.reading });
    expect(cellsOf(known.rows, "folder")).toEqual(["cat"]);
  });

  it("with a table of its media is that table", async () => {
    folder.write("hf/metadata.csv", "file_name,text\na.png,first\nb.png,second\n");
    folder.write("named/table.csv", "photo,x\nb.png,1\na.png,2\n");
    for (const name of ["a.png", "b.png"])
      for (const top of ["hf", "named"]) folder.write(`${top}/${name}`, await picture());
    const hf = await read(`${folder.path}/hf`);
    expect(hf.dataset.columns.map(({ name, present }) => [name, present])).toEqual([
      ["image", 2],
      ["text", 2],
    ]);
    const named = await read(`${folder.path}/named`);
    expect(named.rows[0]!.cells.photo).toEqual({ media: "image", path: `${folder.path}/named/b.png` });
    expect(named.rows[0]!.key).toBe("table.csv:1");
  });

  it("a pattern reads the names that a file's media column holds", async () => {
    for (const name of ["p/7_ann.png", "p/8_bob.png", "p/odd.png"]) folder.write(name, await picture());
    const path = folder.write("names.csv", "photo,x\np/7_ann.png,1\np/8_bob.png,2\np/odd.png,3\n");
    const { rows, said } = await read(path, {
      pattern: "{digit}_{who}.png",
      columns: { digit: { kind: "categorical" } },
    });
    expect(rows.map(({ cells: { digit, who } }) => [digit, who])).toEqual([
      ["7", "ann"],
      ["8", "bob"],
      [null, null],
    ]);
    expect(said[0]).toMatch(/row 3, p\/odd\.png: does not match/);
    expect(await refusal(folder.write("none.csv", "a,b\n1,2\n"), { pattern: "{x}.png" })).toMatch(
      /no column that names media/,
    );
  });
});

describe("joined files", () => {
  const main = () => folder.write("join/main.csv", "id,x,who\n1,a,p\n2,b,q\n2,c,q\n3,d,r\n");
  const config = { columns: { id: { kind: "categorical" }, x: { kind: "categorical" } } } as const;

  it("keep the main rows in order, then add the rows that only they have", async () => {
    const more = folder.write("join/sub/more.csv", "id,x,y,pic\n2,B,20,a.png\n9,Z,90,\n1,A,10,\n");
    folder.write("join/sub/a.png", await pngOf(2, 2, { r: 0, g: 0, b: 0 }));
    const people = folder.write(
      "join/people.jsonl",
      '{"name":"q","age":5}\n{"name":"r","age":6}\n{"name":"s","age":7}\n',
    );
    const join = [
      { path: more, on: "id" },
      { path: people, on: "who=name" },
    ];
    const { rows, dataset } = await read(main(), { ...config, join });
    expect(
      rows.map(({ cells: { id, x, y, who, age } }) =>
        [id, x, y, who, age].map((value) => String(value ?? "")).join(" "),
      ),
    ).toEqual(["1 a 10 p ", "2 b 20 q 5", "2 c 20 q 5", "3 d  r 6", "9  90  ", "   s 7"]);
    expect(dataset.columns.map(({ name }) => name)).toEqual(["id", "x", "who", "more.x", "y", "pic", "age"]);
    expect(rows[1]!.cells.pic).toEqual({ media: "image", path: `${folder.path}/join/sub/a.png` });
    const again = await read(main(), { reading: dataset.reading });
    expect(again.rows).toEqual(rows);
  });

  it("must hold every key once, and a key at all", async () => {
    const twice = folder.write("join/twice.csv", "id,y\n1,a\n1,b\n");
    expect(await refusal(main(), { join: [{ path: twice, on: "id" }] })).toMatch(
      /"id": expected every key once, found "1" 2 times/,
    );
    expect(await refusal(main(), { join: [{ path: twice, on: "ids" }] })).toMatch(/"ids".*Did you mean "id"/);
    const none = folder.write("join/none.csv", "a,b\n1,2\n");
    expect(await refusal(main(), { join: [{ path: none }] })).toMatch(/no column in common/);
    expect(await refusal(main(), { join: [{ path: `${folder.path}/gone.csv` }] })).toMatch(/gone\.csv/);
  });
});

describe("media paths", () => {
  it("stay in the data's folder, unless the user widens it", async () => {
    folder.write("secret.png", await pngOf(2, 2, { r: 0, g: 0, b: 0 }));
    folder.write("inner/a.png", await pngOf(2, 2, { r: 0, g: 0, b: 0 }));
    const outside = [
      "../secret.png",
      `${folder.path}/secret.png`,
      `file://${folder.path}/secret.png`,
      "x/../../secret.png",
    ];
    const path = folder.write("inner/t.csv", `photo\n${["a.png", "./a.png", "b/../a.png", ...outside].join("\n")}\n`);
    const { rows, dataset } = await read(path);
    expect(cellsOf(rows, "photo").map((cell) => cell !== null)).toEqual([true, true, true, false, false, false, false]);
    expect(dataset.issues.filter(({ code }) => code === "media-outside").map(({ row }) => row)).toEqual([4, 5, 6, 7]);
    expect(dataset.issues.map(describeIssue).join()).toMatch(/allow another folder by --media-root/);
    const wide = await read(path, { mediaRoot: folder.path });
    expect(cellsOf(wide.rows, "photo").map((cell) => cell !== null)).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      true,
    ]);
  });

  it("made of columns may lead where the pattern says, not where a value says", async () => {
    folder.write("pics/a.png", await pngOf(2, 2, { r: 0, g: 0, b: 0 }));
    const path = folder.write("inner/m.csv", "id\na\n../pics/a\n/etc/passwd\n");
    const { rows, dataset } = await read(path, {
      media: { photo: "../pics/{id}.png" },
      columns: { id: { kind: "categorical" } },
    });
    expect(cellsOf(rows, "photo").map((cell) => cell !== null)).toEqual([true, false, false]);
    expect(dataset.issues).toContainEqual(expect.objectContaining({ code: "media-outside", row: 2 }));
  });
});

it("what is copied is deleted on close", async () => {
  const mine = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`polyvae-tmp-${process.pid}-`));
  const dataset = await openData(folder.write("kept.jsonl", jsonl()));
  expect(mine().length).toBeGreaterThan(0);
  dataset.close();
  expect(mine()).toEqual([]);
  expect(existsSync(folder.path)).toBe(true);
});

it("a line break in a quoted cell of the first line is not that of the lines", async () => {
  const lines = Array.from({ length: 30 }, (_, i) => `r${i}\t"two\nlines of ${i}"\t${i % 7}`);
  const { rows } = await read(folder.write("breaks.tsv", `${lines.join("\r\n")}\r\n`), { header: false });
  expect(cellsOf(rows, "column2")).toEqual(Array.from({ length: 30 }, (_, i) => `two\nlines of ${i}`));
});
