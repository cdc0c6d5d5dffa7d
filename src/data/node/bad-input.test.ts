import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError } from "../data-error.ts";
import { checkUsable } from "../dataset.ts";
import { describeDataset } from "../describe.ts";
import { renderDescription } from "../describe-text.ts";
import { describeIssue, mergeIssues, tellingIssues } from "../issues.ts";
import type { ReadOptions } from "../reading.ts";
import { openData } from "./open-data.ts";
import { csvOf, pngOf, type TestFolder, testFolder, wavOf } from "./testing/files.ts";

let folder: TestFolder;
beforeAll(() => {
  folder = testFolder();
});
afterAll(() => folder.remove());

/** The refusal's message, of opening or of asking whether it can be learnt from. */
async function refusal(path: string, options: ReadOptions = {}): Promise<string> {
  try {
    const dataset = await openData(path, options);
    dataset.close();
    checkUsable(dataset);
  } catch (cause) {
    expect(cause).toBeInstanceOf(DataError);
    return (cause as DataError).message;
  }
  return "not refused";
}

function noise(): Uint8Array {
  let state = 7;
  return Uint8Array.from({ length: 4096 }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >> 16;
  });
}
const good = csvOf(40, { id: (i) => i, x: (i) => Math.sin(i), colour: (i) => ["red", "green"][i % 2] });

describe("refused, naming the file and the remedy", () => {
  it.each<[string, string, string | Uint8Array, RegExp]>([
    ["an empty file", "empty.csv", "", /empty\.csv: the file is empty/],
    ["blank lines only", "blank.csv", "\n\n\n", /blank\.csv: no line/],
    ["a header alone", "header.csv", "a,b\n", /header\.csv: expected rows/],
    ["one row", "one.csv", "a,b\n1,2\n", /one\.csv: expected at least 20 rows, found 1/],
    ["repeated columns", "dup.csv", "a,b,a\n1,2,3\n3,4,5\n", /dup\.csv.*"a" more than once/],
    ["noise", "noise.csv", noise(), /noise\.csv.*binary/],
    ["noise called Parquet", "noise.parquet", noise(), /noise\.parquet.*Parquet/],
    ["Parquet without an end", "cut.parquet", Buffer.concat([Buffer.from("PAR1"), noise()]), /cut\.parquet/],
    ["a spreadsheet", "sheet.csv", Buffer.from("PK\x03\x04rest"), /sheet\.csv.*spreadsheet/],
    [
      "a picture",
      "picture.csv",
      Buffer.from("\x89PNG\r\n\x1a\n0123456789abcdef0123456789", "latin1"),
      /picture\.csv.*png.*folder/,
    ],
    [
      "broken gzip",
      "broken.csv.gz",
      Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]),
      /broken\.csv\.gz.*gzip/,
    ],
    ["surplus cells alone", "ragged.csv", "a,b,c\n1,2\n1,2,3,4,5,6\n1,2,3,4\n", /ragged\.csv/],
    ["an open quote", "quote.csv", 'a,b\n1,"2\n3,4\n', /quote\.csv/],
    ["broken JSON", "broken.jsonl", '{"a":1}\n{"a":\n', /broken\.jsonl/],
    ["JSON without a field", "twice.jsonl", '{"a":1,"a":2}\n', /twice\.jsonl.*line 1.*duplicate key "a"/],
    ["no usable column", "same.csv", csvOf(40, { id: (i) => i, x: () => 7 }), /same\.csv.*usable column.*x: always 7/],
    [
      "too few usable rows",
      "holes.csv",
      csvOf(40, { x: (i) => (i < 15 ? i / 7 : null), y: () => "" }),
      /holes\.csv.*20 usable rows, found 15/,
    ],
  ])("%s", async (_what, name, content, message) => {
    expect(await refusal(folder.write(name, content))).toMatch(message);
  });

  it("a missing file, a folder, a file as a folder", async () => {
    expect(await refusal(`${folder.path}/nothing.csv`)).toMatch(/nothing\.csv: there is no such file/);
    folder.write("nobody/notes.md", "hello");
    expect(await refusal(`${folder.path}/nobody`)).toMatch(/nobody: expected a data file, or pictures or sounds/);
    expect(await refusal(`${folder.write("plain.csv", good)}/below.csv`)).toMatch(/below\.csv: there is no such file/);
  });

  it.each<[string, ReadOptions, RegExp]>([
    ["label", { label: "color" }, /"color", the label.*Did you mean "colour"/],
    ["split column", { splitColumn: "fold" }, /"fold", the split column.*"id", "x", "colour"/],
    ["group column", { groupColumn: "who" }, /"who", the group column/],
    ["id column", { idColumn: "key" }, /"key", the id column/],
    ["column in the config", { columns: { X1: { kind: "real" } } }, /"X1", a column of the config.*"x"/],
    ["column in a media pattern", { media: { photo: "p/{name}.png" } }, /media column "photo".*no column "name"/],
    ["braces in a media pattern", { media: { photo: "p/a.png" } }, /expected a column in braces, received "p\/a\.png"/],
  ])("an unknown or wrong %s", async (_what, options, message) => {
    expect(await refusal(folder.write("good.csv", good), options)).toMatch(message);
  });

  it("a split column with other words, an id that repeats, a kind that fits nothing, files that are not there", async () => {
    const path = folder.write("good.csv", good);
    expect(await refusal(path, { splitColumn: "colour" })).toMatch(/column "colour": expected train.*"green", "red"/);
    expect(await refusal(path, { idColumn: "colour" })).toMatch(
      /column "colour".*different value in each of 40 rows, found 2/,
    );
    expect(await refusal(path, { columns: { colour: { kind: "real" } } })).toMatch(/"colour".*as real.*"red", "green"/);
    expect(await refusal(path, { media: { photo: "none/{id}.png" } })).toMatch(/none of 40 files.*none\/0\.png/);
    expect(await refusal(path, { splitFractions: { test: 0.7, validation: 0.5 } })).toMatch(
      /validation 0.5 and test 0.7/,
    );
  });

  it("a file with none of the columns that the model learnt", async () => {
    const first = await openData(folder.write("good.csv", good));
    first.close();
    const other = folder.write("other.csv", csvOf(30, { a: (i) => i, b: (i) => Math.cos(i) }));
    expect(await refusal(other, { reading: first.reading })).toMatch(/other\.csv.*\("x", "colour"\).*found "a", "b"/);
  });
});

describe("listed, while the rest goes on", () => {
  it("holes, odd numbers, broken media, an empty row", async () => {
    folder.write("fake.png", "hello");
    folder.write("photo.png", await pngOf(4, 4, { r: 9, g: 9, b: 9 }));
    folder.write("silent.wav", wavOf(440, 0));
    folder.write("misnamed.png", wavOf(440, 0.1));
    const photos = ["photo.png", "photo.png", "misnamed.png", "fake.png", "gone.png", "https://example.org/a.png"];
    const odd: Record<number, string> = { 7: "NaN", 8: "Infinity", 9: "1e300", 10: "many" };
    const path = folder.write(
      "messy.csv",
      csvOf(200, {
        id: (i) => i,
        x: (i) => (i === 20 ? "" : (Math.sin(i) * 10).toFixed(3)),
        hole: () => "",
        k: (i) => (i === 20 ? "" : (odd[i] ?? i % 17)),
        photo: (i) => photos[i] ?? "",
        sound: (i) => (i === 2 ? "silent.wav" : ""),
      }),
    );
    const dataset = await openData(path);
    const said = dataset.issues.map(describeIssue);
    expect(said).toEqual([
      'column "hole": every cell is empty; not learnt',
      'row 8, column "k": NaN is not a finite number below 1e30; treated as missing',
      'row 9, column "k": Infinity is not a finite number below 1e30; treated as missing',
      'row 10, column "k": 1e300 is not a finite number below 1e30; treated as missing',
      'row 11, column "k": "many" does not fit the column\'s kind; treated as missing',
      `row 3, column "photo": ${folder.path}/misnamed.png is a wav file, expected an image; treated as missing`,
      `row 4, column "photo": ${folder.path}/fake.png is not an image in a known format; treated as missing`,
      `row 5, column "photo": there is no file ${folder.path}/gone.png; treated as missing`,
      'row 6, column "photo": https://example.org/a.png is a web address; download it and name the file; treated as missing',
      `row 3, column "sound": ${folder.path}/silent.wav has no samples; treated as missing`,
      "row 21: every column is empty; the row is skipped",
    ]);
    expect(dataset).toMatchObject({ rowCount: 200, usableRows: 199 });
    const roles = Object.fromEntries(dataset.columns.map(({ name, role, present }) => [name, [role, present]]));
    expect(roles).toMatchObject({
      photo: ["feature", 2],
      sound: ["ignored", 0],
      hole: ["ignored", 0],
      k: ["feature", 195],
    });
    for await (const rows of dataset.rows()) {
      expect(rows[3]!.cells).toMatchObject({ photo: null });
      expect([7, 8, 9, 10].map((i) => rows[i]!.cells.k)).toEqual([null, null, null, null]);
    }
    dataset.close();
    expect(() => checkUsable(dataset)).not.toThrow();
  });

  it("counts issues of one kind past the first thousand", async () => {
    const dataset = await openData(
      folder.write("nan.csv", csvOf(2600, { x: (i) => (i % 2 ? "Infinity" : i / 3), c: (i) => `c${i % 3}` })),
    );
    dataset.close();
    expect(dataset.issues).toHaveLength(1001);
    expect(dataset.issues.at(-1)).toEqual({ code: "more-alike", column: "x", of: "number-not-finite", count: 300 });
  });

  it("shows the first of every kind and column before the second of any", () => {
    const nan = (row: number) => ({ code: "number-not-finite", column: "x", row, value: "NaN" }) as const;
    const gone = { code: "media-absent", column: "photo", row: 900, detail: "gone" } as const;
    const many = [...Array.from({ length: 50 }, (_, i) => nan(i + 1)), gone, { code: "row-empty", row: 950 } as const];
    expect(tellingIssues(many, 4)).toEqual([nan(1), nan(2), gone, { code: "row-empty", row: 950 }]);
    expect(tellingIssues(many, 100)).toEqual(many);
  });

  it("joins issues of opening and decoding, each once", () => {
    const gone = { code: "media-absent", column: "a", row: 9, detail: "gone" } as const;
    const empty = { code: "row-empty", row: 2 } as const;
    expect(mergeIssues([gone, empty], [gone, { ...gone, row: 1 }])).toEqual([{ ...gone, row: 1 }, empty, gone]);
  });
});

describe("a description", () => {
  it("says what would be learnt, as JSON and as text", async () => {
    const dataset = await openData(folder.write("good.csv", good), { label: "colour" });
    dataset.close();
    const description = describeDataset(dataset);
    expect(JSON.parse(JSON.stringify(description))).toEqual(description);
    expect(description).toMatchObject({ rows: 40, label: "colour", refusal: null, splitBy: "hash of seed 0 and row" });
    expect(description.wouldLearn).toEqual([{ modality: "table", kind: "table", columns: ["x"] }]);
    const { train, validation, test } = dataset.splitCounts;
    expect(renderDescription(description).replace(dataset.source, "good.csv")).toBe(
      `good.csv
40 rows, 3 columns

column  kind         role     missing  distinct  values
${"─".repeat(100)}
id      identifier   id          none        40  0, 1
  counts the rows, 0 to 39; named id, and no two values are alike · e.g. 0, 1, 2
x       real         feature     none        40  -1 ▇▂▄▂▂▂▃▂▂▄▁█ 0.9999
  numbers, -1 to 0.9999 · e.g. 0, 0.8414709848078965, 0.9092974268256817
colour  categorical  label       none         2  ██ green 50 %, red 50 %
  2 distinct values in 40 cells; kept out of the model, used only to judge it · e.g. red, green

Would learn one latent space over
  table      x
Judged by  colour, which stays out of the model
Splits     ${train} train, ${validation} validation, ${test} test, by hash of seed 0 and row

No issues.
`,
    );
  });

  it("of a small file works, and says that training would be refused", async () => {
    const dataset = await openData(folder.write("five.csv", csvOf(5, { x: (i) => i * 1.5, c: (i) => `c${i % 2}` })));
    dataset.close();
    expect(describeDataset(dataset).refusal).toBe("5 rows, at least 20 are needed");
    expect(renderDescription(describeDataset(dataset))).toContain("Training would be refused: 5 rows");
  });
});
