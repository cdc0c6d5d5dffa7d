import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvDialect, readRecords, writeRecord } from "./csv.ts";

const cell = fc.string({ unit: fc.constantFrom("a", "é", " ", ",", ";", "|", "\t", '"', "\n", "7") });

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
          expect(readRecords(text, delimiter, 100)).toEqual(written);
        },
      ),
    );
  });

  it("leaves a last record out where the text is only the beginning of a file", () => {
    expect(readRecords("a,b\n1,2\n3", ",", 10, false)).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
  });
});

describe("dialect", () => {
  it.each([
    ["a,b\n1,2\n", ","],
    ["a\tb\n1,5\t2,5\n", "\t"],
    ["a;b\n1,5;2,5\n", ";"],
    ["name\nx\ny\n", ","],
    ["id,words\n1,one|two|three\n2,four\n", ","],
    ['a,b\n"x;y;z",2\n', ","],
  ])("%j parts cells by %j", (text, delimiter) => expect(csvDialect(text, true).delimiter).toBe(delimiter));

  it("sees a byte order mark, empty lines before the header and mixed line ends", () => {
    const dialect = csvDialect("\ufeff\n\na,b\r\n1,2\n", true);
    expect(dialect).toEqual({ delimiter: ",", first: ["a", "b"], blankLines: 2, mixedLines: true });
  });

  it("does not take a line end inside quotes for another way to end lines", () => {
    expect(csvDialect('a,b\r\n"x\ny",2\r\n', true).mixedLines).toBe(false);
  });
});
