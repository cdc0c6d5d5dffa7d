import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellReader, writeCell } from "./cells.ts";
import { type DateFormat, dateFormats } from "./records.ts";

describe("number cells", () => {
  const read = cellReader("real");
  it.each([
    ["1.5", 1.5],
    ["-3", -3],
    [".5", 0.5],
    ["7.", 7],
    ["2.1565e+05", 215650],
    ["1e30", 1e30],
  ])("reads %s", (text, value) => expect(read(text)).toEqual({ value }));

  it.each(["", "NA", "N/A", "null", "NULL", "?", "none", "n/a", "-", "Unknown"])(
    "takes %j as missing, without a fault",
    (text) => expect(read(text)).toEqual({ value: null }),
  );

  it.each(["NaN", "nan", "inf", "-Infinity", "1e300", "-1e31", "1e999"])("lists %s as not finite", (text) =>
    expect(read(text)).toEqual({ value: null, fault: "number-not-finite" }),
  );

  it.each(["abc", "1,5", "+44", "0x10", "1 2", "--3"])("lists %j as not readable", (text) =>
    expect(read(text)).toEqual({ value: null, fault: "value-not-readable" }),
  );

  it("reads every finite number that JavaScript writes", () => {
    fc.assert(
      fc.property(fc.double({ min: -1e30, max: 1e30, noNaN: true }), (x) => {
        // Exponents are written with a plus, which the pattern takes; negative zero is written as zero.
        expect(read(String(x)).value).toBe(x === 0 ? 0 : x);
      }),
    );
  });
});

describe("word cells", () => {
  it("keeps what only numbers take as missing, and drops NaN", () => {
    const read = cellReader("categorical");
    expect(read("none")).toEqual({ value: "none" });
    expect(read("nan")).toEqual({ value: null });
    expect(read("NA")).toEqual({ value: null });
  });

  it("keeps an identifier as it is: NA is Namibia", () => {
    expect(cellReader("identifier")("NA")).toEqual({ value: "NA" });
  });
});

describe("booleans", () => {
  it("reads and writes them in the file's own words", () => {
    const spelling = { booleans: ["No", "Yes"] as const };
    const read = cellReader("boolean", spelling);
    expect([read("Yes").value, read("no").value, read("NA").value]).toEqual([true, false, null]);
    expect(read("maybe").fault).toBe("value-not-readable");
    expect([true, false, null].map((value) => writeCell(value, spelling))).toEqual(["Yes", "No", ""]);
  });
});

describe("dates", () => {
  it.each<[DateFormat, string, string | null]>([
    ["YYYY-MM-DD", "2007-11-11", "2007-11-11"],
    ["YYYY-MM-DD", "2007-11-11 10:30:00", "2007-11-11T10:30:00Z"],
    ["YYYY-MM-DD", "2007-11-11T10:30:00+02:00", "2007-11-11T08:30:00Z"],
    ["YYYY-MM-DD", "2007-11-11 10:30:00+02", "2007-11-11T08:30:00Z"],
    ["YYYY/MM/DD", "2007/1/5", "2007-01-05"],
    ["DD.MM.YYYY", "31.12.1999", "1999-12-31"],
    ["MM/DD/YYYY", "12/31/1999", "1999-12-31"],
    ["DD/MM/YYYY", "31/12/1999", "1999-12-31"],
    ["DD/MM/YYYY", "31/02/1999", null],
    ["YYYY-MM-DD", "yesterday", null],
  ])("%s: %s", (dates, text, value) => expect(cellReader("date", { dates })(text).value).toBe(value));

  it("come back as they were written", () => {
    const day = fc.date({ min: new Date("1900-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(day, fc.constantFrom(...dateFormats), (date, dates) => {
        const iso = date.toISOString().slice(0, 10);
        expect(cellReader("date", { dates })(writeCell(iso, { dates })).value).toBe(iso);
      }),
    );
  });
});
