import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CsvForm, csvReader, readRecords, writeRecord } from "./csv.ts";
import { csvDialect } from "./csv-dialect.ts";

const cell = fc.string({ unit: fc.constantFrom("a", "é", " ", ",", ";", "|", "\t", '"', "\n", "7") });

const form = (own: Partial<CsvForm> = {}): CsvForm => ({ delimiter: ",", quote: '"', returns: false, ...own });
const cellsOf = (records: readonly { readonly cells: readonly string[] }[]) => records.map(({ cells }) => cells);

describe("records", () => {
  it("come back as they were written, whatever the cells hold", () => {
    const records = fc.array(fc.array(cell, { minLength: 2, maxLength: 5 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        records,
        fc.constantFrom(",", ";", "\t", "|"),
        fc.constantFrom("\n", "\r\n"),
        (written, delimiter, end) => {
          const text = written.map((record) => writeRecord(record, delimiter) + end).join("");
          expect(cellsOf(readRecords(text, form({ delimiter })))).toEqual(written);
        },
      ),
    );
  });

  it("are the same however the text is cut", () => {
    const text = 'a,b\r\n"x\ny","say ""hi"""\n"open,2\n3, "4"\n\n5\n\'6\',"C:\\dir\\"\n';
    const whole = readRecords(text, form());
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 6 }), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), text.length];
        const reader = csvReader(form());
        const records = cuts.slice(1).flatMap((cut, i) => reader.push(text.slice(cuts[i], cut)));
        expect([...records, ...reader.end()]).toEqual(whole);
      }),
    );
    expect(cellsOf(whole)).toEqual([
      ["a", "b"],
      ["x\ny", 'say "hi"'],
      ['"open', "2"],
      ["3", "4"],
      ["5"],
      ["'6'", "C:\\dir\\"],
    ]);
    expect(whole.map(({ line, fault }) => [line, fault])).toEqual([
      [1, false],
      [2, false],
      [4, true],
      [5, false],
      [7, false],
      [8, false],
    ]);
  });

  it.each([
    [
      "a quote that is not doubled",
      '1,"say "hi" now"\n2,b\n',
      [
        ["1", 'say "hi" now'],
        ["2", "b"],
      ],
    ],
    [
      "an escaped quote",
      '1,"say \\"hi\\""\n2,b\n',
      [
        ["1", 'say "hi"'],
        ["2", "b"],
      ],
    ],
    [
      "a quote that is never closed",
      '1,"say\n2,b\n3,c\n',
      [
        ["1", '"say'],
        ["2", "b"],
        ["3", "c"],
      ],
    ],
    [
      "one that another opens",
      '1,"say\n2,"b, c"\n3,c\n',
      [
        ["1", '"say'],
        ["2", "b, c"],
        ["3", "c"],
      ],
    ],
    [
      "a quote within a plain cell",
      '1,6" wide\n2,b"\n',
      [
        ["1", '6" wide'],
        ["2", 'b"'],
      ],
    ],
  ])("of %s cost no other line", (_what, text, cells) => expect(cellsOf(readRecords(text, form()))).toEqual(cells));
});

describe("dialect", () => {
  it.each([
    ["a,b\n1,2\n", ","],
    ["a\tb\n1,5\t2,5\n", "\t"],
    ["a;b\n1,5;2,5\n", ";"],
    ["name\nx\ny\n", ","],
    ["id,words\n1,one|two|three\n2,four\n", ","],
    ['a,b\n"x;y;z",2\n', ","],
  ])("%j parts cells by %j", (text, delimiter) => expect(csvDialect(text, true).form.delimiter).toBe(delimiter));

  it.each([
    ["a^b\n1^2\n3^4\n", "^"],
    ["a~b\n1~2\n3~4\n", "~"],
    ["name:size\nx:1\ny:2\n", ":"],
    ["a b c\n1 2 3\n4 5 6\n", " "],
    ["a\u0001b\n1\u00012\n", "\u0001"],
  ])("%j parts cells by the unusual %j", (text, delimiter) =>
    expect(csvDialect(text, true).form.delimiter).toBe(delimiter),
  );

  it("leaves sentences, times and addresses whole", () => {
    for (const text of ["say\nHello, you\nNo\nYes\n", "at\n12:30\n12:45\n", "say\nred shoe\nblue hat\n"])
      expect(readRecords(text, csvDialect(text, true).form).every(({ cells }) => cells.length === 1)).toBe(true);
  });

  it("takes apostrophes for quotes only where they are", () => {
    expect(csvDialect("a,b\n'x, y','it''s'\n'z','w'\n", true).form.quote).toBe("'");
    expect(csvDialect("a,b\n'tis,2\nx,3\n", true).form.quote).toBe('"');
  });

  it("sees lines that end in a return alone, and rows wider than their header", () => {
    expect(csvDialect("a,b\r1,2\r", true).form.returns).toBe(true);
    expect(csvDialect("a,b\n1,2,\n3,4,\n", true)).toMatchObject({ width: 3, trailing: true });
    expect(csvDialect("a,b\nr1,1,2\nr2,3,4\n", true)).toMatchObject({ width: 3, trailing: false });
  });
});
