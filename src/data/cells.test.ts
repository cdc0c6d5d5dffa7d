import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellReader, writeCell } from "./cells.ts";
import { sureDatePattern } from "./dates.ts";
import { type DateFormat, dateFormats, type NumberSpelling, type Spelling, type TimeFormat } from "./records.ts";

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

  const affix = fc.oneof(
    fc.record({ prefix: fc.constantFrom("$", "€", "USD ", "R$", "kr "), decimals: fc.constantFrom(0, 2) }),
    fc.record({ suffix: fc.constantFrom(" €", "kg", " km/h", "°C", " m²", " CHF") }),
    fc.record({ suffix: fc.constantFrom("%", " %"), percent: fc.constant(true as const) }),
    fc.record({ plus: fc.constant(true as const) }),
    fc.record({ prefix: fc.constantFrom("$", "kr "), magnitudes: fc.constantFrom(["K", "M"], ["k"], ["M", "bn"]) }),
    fc.record({ magnitudes: fc.constant(["k", "M", "B"]) }),
    fc.constant({}),
  );
  const mark = fc.constantFrom<NumberSpelling>(
    {},
    { thousands: "," },
    { thousands: "'" },
    { thousands: " " },
    { thousands: "\u202f", decimal: "," },
    { thousands: ".", decimal: "," },
    { decimal: "," },
  );
  const spellings = fc
    .tuple(affix, mark, fc.constantFrom<NumberSpelling>({}, { parentheses: true }))
    .map(([a, b, c]): NumberSpelling => ({ ...b, ...a, ...c }));

  it("come back from every spelling as they were", () => {
    fc.assert(
      fc.property(
        spellings,
        fc.integer({ min: -1e8, max: 1e8 }),
        fc.constantFrom(0, 1, 2),
        (numbers, whole, digits) => {
          const value = Number((whole / 10 ** digits).toFixed(numbers.decimals ?? 2));
          const text = writeCell(value, { numbers });
          // As text they come back too: what was read and is written again is the same cell.
          const again = cellReader("real", { numbers })(text).value;
          expect([text, again]).toEqual([text, value === 0 ? 0 : value]);
          expect(writeCell(again, { numbers })).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("come back from a time of day", () => {
    fc.assert(
      fc.property(fc.nat(1439), fc.constantFrom("HH:mm", "HH:mm:ss", "hh:mm A", "hh:mm:ss A"), (minute, clock) => {
        const spelling: Spelling = { numbers: { clock: clock as "HH:mm" } };
        expect(cellReader("real", spelling)(writeCell(minute * 60, spelling)).value).toBe(minute * 60);
      }),
    );
  });

  it.each<[number, NumberSpelling, string]>([
    [1234.5, { prefix: "$", thousands: ",", decimals: 2 }, "$1,234.50"],
    [-1234.5, { prefix: "$", thousands: ",", decimals: 2, parentheses: true }, "($1,234.50)"],
    [1234567.25, { suffix: " €", thousands: ".", decimal: "," }, "1.234.567,25 €"],
    [0.123, { suffix: " %", percent: true }, "12.3 %"],
    [0.07, { suffix: "%", percent: true, decimals: 1 }, "7.0%"],
    [56_700_000, { prefix: "$", magnitudes: ["K", "M"] }, "$56.7M"],
    [-999, { prefix: "$", magnitudes: ["K", "M"] }, "-$999"],
    [12, { suffix: " kg" }, "12 kg"],
    [0.5, { plus: true }, "+0.5"],
    [30_600, { clock: "HH:mm" }, "08:30"],
    [86_399.9, { clock: "hh:mm A" }, "11:59 PM"],
  ])("%s is written %j: %s", (value, numbers, text) => expect(writeCell(value, { numbers })).toBe(text));
});

describe("word cells", () => {
  it("keeps what only numbers take as missing, and drops NaN", () => {
    const read = cellReader("categorical");
    expect(read("none")).toEqual({ value: "none" });
    expect(read("nan")).toEqual({ value: null });
    expect(read("NA")).toEqual({ value: null });
  });

  it("takes as missing what the column's spelling says, and nothing else", () => {
    const read = cellReader("categorical", { missing: ["nix"] });
    expect(["nix", "NA", "", null].map((text) => read(text).value)).toEqual([null, "NA", null, null]);
  });

  it("keeps an identifier as it is: NA is Namibia", () => {
    expect(cellReader("identifier")("NA")).toEqual({ value: "NA" });
  });

  it("keeps the words of an ordinal column", () => {
    expect(cellReader("ordinal", { levels: ["low", "high"] })("low")).toEqual({ value: "low" });
    expect(cellReader("ordinal")("2")).toEqual({ value: 2 });
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
    ["YYYY-MM-DD", "2007-11-11 25:30", null],
    ["YYYY/MM/DD", "2007/1/5", "2007-01-05"],
    ["YYYY-M-D", "2007-1-5", "2007-01-05"],
    ["DD.MM.YYYY", "31.12.1999", "1999-12-31"],
    ["MM/DD/YYYY", "12/31/1999", "1999-12-31"],
    ["MM/DD/YYYY", "12/31/1999 3:05 PM", "1999-12-31T15:05:00Z"],
    ["DD/MM/YYYY", "31/12/1999", "1999-12-31"],
    ["DD/MM/YYYY", "31/02/1999", null],
    ["MMM D, YYYY", "Feb 29, 2020", "2020-02-29"],
    ["DD-MMM-YY", "03-sep-98", "1998-09-03"],
    ["YYYYMMDD", "20200131", "2020-01-31"],
    ["epoch-seconds", "0", "1970-01-01T00:00:00Z"],
    ["YYYY-MM-DD", "yesterday", null],
  ])("%s: %s", (dates, text, value) => expect(cellReader("date", { dates })(text).value).toBe(value));

  const day = fc.date({ min: new Date("1970-01-01"), max: new Date("2060-01-01"), noInvalidDate: true });

  it("come back as they were written", () => {
    fc.assert(
      fc.property(day, fc.constantFrom(...dateFormats), (date, dates) => {
        const iso = date.toISOString().slice(0, 10);
        const text = writeCell(iso, { dates });
        expect([text, cellReader("date", { dates })(text).value]).toEqual([text, iso]);
      }),
      { numRuns: 300 },
    );
  });

  it("come back with their times of day", () => {
    const times = fc.constantFrom<TimeFormat>(
      "THH:mm:ssZ",
      " HH:mm",
      " HH:mm:ss",
      " hh:mm A",
      "THH:mm:ss.SSSZ",
      ", HH:mm",
    );
    fc.assert(
      fc.property(day, fc.constantFrom(...dateFormats), times, (date, dates, style) => {
        const iso = `${date.toISOString().slice(0, 16)}:00Z`;
        const spelling = { dates, times: style };
        const text = writeCell(iso, spelling);
        expect([text, cellReader("date", spelling)(text).value]).toEqual([text, iso]);
      }),
      { numRuns: 300 },
    );
  });

  it("are vouched for by pattern only where they exist", () => {
    const number = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, "0"));
    const doubtful = fc.tuple(
      fc.constantFrom(...dateFormats),
      number(14),
      number(33),
      fc.integer({ min: 1950, max: 2050 }),
    );
    fc.assert(
      fc.property(doubtful, ([dates, month, day, year]) => {
        const name = ["January", "February", "April"][Number(month) % 3]!;
        const text = dates
          .replace("YYYY", String(year))
          .replace("YY", String(year).slice(2))
          .replace("MMMM", name)
          .replace("MMM", name.slice(0, 3))
          .replace("MM", month)
          .replace(/DD|D(?![a-z])/, day);
        const sure = new RegExp(sureDatePattern(dates), "i").test(text);
        if (sure) expect([text, cellReader("date", { dates })(text).value]).not.toEqual([text, null]);
      }),
      { numRuns: 1000 },
    );
  });
});
