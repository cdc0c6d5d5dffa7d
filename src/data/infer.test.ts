import { describe, expect, it } from "vitest";
import { cellReader } from "./cells.ts";
import { inferKind, inferSpelling } from "./infer.ts";
import { measureColumn } from "./measure.ts";
import type { ColumnKind, Scalar, Spelling } from "./records.ts";
import { tallyOf } from "./tally.ts";

const many = <T>(count: number, cell: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => cell(i));
const cycle = (texts: readonly string[], count = 40): string[] => many(count, (i) => texts[i % texts.length]!);
const noise = (i: number): number =>
  Math.sin(i * 12.9898) * 43758.5453 - Math.floor(Math.sin(i * 12.9898) * 43758.5453);

interface Case {
  readonly of: string;
  readonly name?: string;
  readonly values: readonly string[];
  readonly kind: ColumnKind;
  readonly why?: RegExp;
  readonly spelling?: Spelling;
  /** Text → what it is read as. */
  readonly reads?: Readonly<Record<string, Scalar | null>>;
}

const usual = ["NA", "N/A", "#N/A", "<NA>", "null", "NULL", "?"];
const countries = "AF AX AL DZ AS AD AO AI AQ AG AR AM AW AU AT NA BE".split(" ");

const cases: readonly Case[] = [
  { of: "nothing", values: cycle([""]), kind: "empty", why: /every cell is empty/ },
  { of: "nothing but NaN", values: cycle(["NaN"]), kind: "empty" },
  { of: "nothing but tokens", values: cycle(["NA", "?"]), kind: "empty", why: /nothing but NA/ },
  { of: "one word", values: cycle(["Anvers"]), kind: "constant", why: /always Anvers/ },
  { of: "one number", values: cycle(["7", "NaN"]), kind: "constant", why: /always 7/ },
  { of: "names of pictures", values: many(20, (i) => `a/${i}.PNG`), kind: "image" },
  { of: "names of sounds", values: many(20, (i) => `${i}.wav`), kind: "audio" },

  // Missing tokens.
  {
    of: "numbers and NA",
    values: [...many(40, (i) => `${i / 7}`), "NA", "-", "n/a"],
    kind: "real",
    why: /NA, -, n\/a mean missing/,
    reads: { NA: null, "-": null },
  },
  {
    of: "unusual tokens",
    values: [...many(40, (i) => `${i / 7 - 2}`), "nodata", "k.A.", "--"],
    kind: "real",
    why: /nodata, -- mean missing/,
    reads: { nodata: null, "1.5": 1.5 },
  },
  {
    of: "country codes",
    values: cycle(countries, 170),
    kind: "categorical",
    why: /NA is kept, a code of 2 letters/,
    reads: { NA: "NA", AD: "AD", "?": null },
  },
  {
    of: "NA among words",
    values: cycle(["red", "green", "NA"]),
    kind: "categorical",
    why: /NA means missing/,
    reads: { NA: null },
  },
  {
    of: "None as a category",
    values: cycle(["Brick", "None", "Stone"], 60),
    kind: "categorical",
    why: /None is kept/,
    reads: { None: "None" },
  },
  {
    of: "none among sentences",
    values: [...many(80, (i) => `a sentence about ${i}`), "none", "none"],
    kind: "text",
    why: /none means missing/,
    reads: { none: null },
  },
  { of: "question marks", values: cycle(["Private", "State", "?"]), kind: "categorical", reads: { "?": null } },
  {
    of: "marks among marks",
    values: cycle(["-", "*", "!", "%", "?"]),
    kind: "categorical",
    reads: { "?": "?", "*": "*" },
  },
  {
    of: "a sentinel",
    values: [...many(60, (i) => `${20 + (i % 13) / 2}`), "-999", "-999", "-999"],
    kind: "real",
    why: /-999 stands far outside 20 to 26 and means missing/,
    reads: { "-999": null, "21.5": 21.5 },
  },
  {
    of: "a sentinel above",
    values: [...many(60, (i) => `${i % 13}`), "999", "999", "999"],
    kind: "ordinal",
    why: /999 stands far outside/,
    reads: { "999": null },
  },
  {
    of: "no sentinel within the range",
    values: many(60, (i) => `${i * 31 - 999}`),
    kind: "real",
    reads: { "-999": -999 },
  },
  {
    of: "frequent NaN",
    values: cycle(["1.5", "2.25", "NaN", "0.5"]),
    kind: "real",
    why: /NaN means missing/,
    reads: { NaN: null },
  },

  // Numbers.
  { of: "numbers of both signs", values: many(60, (i) => `${Math.sin(i)}`), kind: "real" },
  { of: "scientific notation", values: many(40, (i) => `${1 + noise(i)}E+0${i % 3}`), kind: "positive" },
  {
    of: "a long tail",
    values: many(200, (i) => `${Math.exp(6 * noise(i)).toFixed(3)}`),
    kind: "positive",
    why: /long tail, above zero/,
  },
  {
    of: "many zeros and a long tail",
    values: many(200, (i) => (i % 2 ? "0" : `${Math.exp(6 * noise(i)).toFixed(2)}`)),
    kind: "positive",
    why: /50 % zeros/,
  },
  { of: "one outlier", values: [...many(200, (i) => `${(10 + noise(i)).toFixed(3)}`), "1e12"], kind: "real" },
  { of: "fractions", values: many(60, (i) => noise(i).toFixed(3)), kind: "fraction", why: /between 0 and 1/ },
  { of: "0 and 1", values: cycle(["0", "1"]), kind: "boolean", spelling: { booleans: ["0", "1"] } },
  { of: "counts", values: many(200, (i) => `${Math.floor(60 * noise(i))}`), kind: "count" },
  { of: "counts by their name", name: "n_children", values: cycle(["0", "1", "2", "3"]), kind: "count" },
  { of: "few whole numbers", values: cycle(["1", "2", "3", "4", "5"]), kind: "ordinal" },
  { of: "whole numbers far from zero", values: many(60, (i) => `${2700 + Math.floor(3000 * noise(i))}`), kind: "real" },
  {
    of: "ranks",
    values: [...many(90, (i) => `${i * 1 + (i > 40 ? 3 : 1)}`), ...many(20, () => "")],
    kind: "real",
    why: /ranks/,
  },
  { of: "row numbers", values: many(60, (i) => `${i + 1}`), kind: "identifier", why: /counts the rows/ },
  {
    of: "codes with leading zeros",
    values: cycle(["007", "012", "033"]),
    kind: "categorical",
    reads: { "007": "007" },
  },
  {
    of: "dollars",
    values: many(60, (i) => `$${1 + (i % 9)},${100 + i}.50`),
    kind: "real",
    why: /amounts in \$; thousands by comma/,
    spelling: { numbers: { prefix: "$", thousands: ",", decimals: 2 } },
    reads: { "$1,234.50": 1234.5, "-$5.00": -5 },
  },
  {
    of: "euros",
    values: many(60, (i) => `${1 + (i % 9)}.${100 + i},50 €`),
    kind: "real",
    spelling: { numbers: { suffix: " €", thousands: ".", decimal: ",", decimals: 2 } },
    reads: { "1.234,50 €": 1234.5, "12,00€": 12 },
  },
  {
    of: "amounts in thousands and millions",
    values: many(60, (i) => (i % 3 ? `$${i}.${i % 10}M` : `$${100 + i}K`)),
    kind: "real",
    why: /amounts in \$; K, M for 10\^3, 10\^6/,
    spelling: { numbers: { prefix: "$", magnitudes: ["K", "M"] } },
    reads: { "$56.7M": 56_700_000, "-$537K": -537_000, $950: 950 },
  },
  {
    of: "followers",
    values: many(60, (i) => (i % 3 ? `${i}.${1 + (i % 9)}K` : `${1 + (i % 4)}M`)),
    kind: "positive",
    spelling: { numbers: { magnitudes: ["K", "M"] } },
    reads: { "1.2K": 1200, "3M": 3e6, "12": 12 },
  },
  {
    of: "seats",
    values: many(60, (i) => `${1 + (i % 30)}${["A", "B", "K", "M"][i % 4]}`),
    kind: "identifier",
  },
  {
    of: "currency codes",
    values: many(60, (i) => `USD ${i % 17}`),
    kind: "ordinal",
    spelling: { numbers: { prefix: "USD ", decimals: 0 } },
    reads: { "USD 5": 5 },
  },
  {
    of: "accounting",
    values: many(60, (i) => (i % 3 ? `${i}.25` : `(${i}.25)`)),
    kind: "real",
    why: /negative in parentheses/,
    reads: { "(3.25)": -3.25 },
  },
  {
    of: "per cent",
    values: many(60, (i) => `${(100 * noise(i)).toFixed(1)} %`),
    kind: "fraction",
    why: /per cent/,
    spelling: { numbers: { suffix: " %", decimals: 1, percent: true } },
    reads: { "12.3 %": 0.123, "12%": 0.12 },
  },
  {
    of: "a decimal comma",
    values: many(60, (i) => `${i % 40},${i % 10}`),
    kind: "real",
    why: /decimal comma/,
    spelling: { numbers: { decimal: "," } },
    reads: { "1,5": 1.5, "-2,25": -2.25 },
  },
  {
    of: "thousands by comma",
    values: many(60, (i) => `${1 + (i % 30)},${100 + 7 * i}`),
    kind: "real",
    why: /three digits always follow/,
    reads: { "12,345": 12345 },
  },
  {
    of: "thousands by apostrophe",
    values: many(60, (i) => `${1 + i}'000.5`),
    kind: "real",
    reads: { "1'234'567.5": 1234567.5 },
  },
  {
    of: "thousands by space",
    values: many(60, (i) => `${1 + i} 000 ${100 + i}`),
    kind: "real",
    reads: { "1 234 567": 1234567, "1\u00a0234": 1234 },
  },
  {
    of: "one unit",
    values: many(60, (i) => `${i / 4} kg`),
    kind: "real",
    why: /in kg/,
    reads: { "12 kg": 12, "12.5kg": 12.5 },
  },
  {
    of: "mixed units",
    values: many(60, (i) => (i % 4 ? `${i / 4} kg` : `${i} lb`)),
    kind: "real",
    why: /units are mixed \(45 in kg, 15 in lb\)/,
    reads: { "3 lb": null, "3 kg": 3 },
  },
  {
    of: "signed numbers",
    values: many(60, (i) => (i % 2 ? `+${i / 8}` : `-${i / 8}`)),
    kind: "real",
    spelling: { numbers: { plus: true } },
    reads: { "+0.5": 0.5 },
  },
  {
    of: "times of day",
    values: many(60, (i) => `${String(i % 24).padStart(2, "0")}:${10 + (i % 50)}`),
    kind: "real",
    why: /times of day/,
    reads: { "08:30": 30600, "8:30": 30600 },
  },
  {
    of: "times of day in halves",
    values: many(60, (i) => `${1 + (i % 12)}:${10 + (i % 50)} ${i % 2 ? "AM" : "PM"}`),
    kind: "real",
    reads: { "12:30 AM": 1800, "1:00 pm": 46800 },
  },
  {
    of: "numbers among words",
    values: [...many(60, (i) => `${i % 9}`), ...cycle(["few", "many"], 20)],
    kind: "categorical",
  },
  { of: "words and digits", values: many(60, (i) => `${1 + i}A`), kind: "identifier" },

  // Dates.
  {
    of: "ISO dates",
    values: many(60, (i) => `2020-01-${String(1 + (i % 28)).padStart(2, "0")}`),
    kind: "date",
    spelling: { dates: "YYYY-MM-DD" },
  },
  {
    of: "instants",
    values: many(60, (i) => `2020-01-01 10:${10 + (i % 50)}:00`),
    kind: "date",
    why: /time of day/,
    spelling: { dates: "YYYY-MM-DD", times: " HH:mm:ss" },
    reads: { "2020-01-01 10:30:00": "2020-01-01T10:30:00Z" },
  },
  {
    of: "month before day",
    values: many(60, (i) => `${1 + (i % 12)}/${1 + (i % 28)}/2020`),
    kind: "date",
    spelling: { dates: "MM/DD/YYYY" },
    reads: { "2/3/2020": "2020-02-03" },
  },
  {
    of: "day before month",
    values: many(60, (i) => `${1 + (i % 28)}/${1 + (i % 12)}/2020`),
    kind: "date",
    why: /have a day above 12/,
    spelling: { dates: "DD/MM/YYYY" },
  },
  {
    of: "either",
    values: many(60, (i) => `${1 + (i % 11)}/${1 + (i % 12)}/2020`),
    kind: "date",
    why: /no day above 12 tells day from month/,
    spelling: { dates: "MM/DD/YYYY" },
  },
  {
    of: "dots",
    values: many(60, (i) => `${1 + (i % 28)}.${1 + (i % 12)}.2020`),
    kind: "date",
    spelling: { dates: "DD.MM.YYYY" },
  },
  {
    of: "names of months",
    values: many(60, (i) => `${1 + (i % 28)} ${["Jan", "Feb", "Mar"][i % 3]} 2020`),
    kind: "date",
    spelling: { dates: "D MMM YYYY" },
    reads: { "3 Jan 2020": "2020-01-03" },
  },
  {
    of: "month first by name",
    values: many(60, (i) => `${["January", "March"][i % 2]} ${1 + (i % 28)}, 2020`),
    kind: "date",
    spelling: { dates: "MMMM D, YYYY" },
  },
  {
    of: "two-digit years",
    values: many(60, (i) => `${1 + (i % 12)}/${1 + (i % 28)}/${20 + (i % 3)}`),
    kind: "date",
    spelling: { dates: "MM/DD/YY" },
    reads: { "12/31/99": "1999-12-31" },
  },
  {
    of: "compact dates",
    values: many(60, (i) => `20200${1 + (i % 9)}${10 + (i % 18)}`),
    kind: "date",
    spelling: { dates: "YYYYMMDD" },
    reads: { "20200131": "2020-01-31" },
  },
  {
    of: "seconds since 1970",
    name: "created_at",
    values: many(60, (i) => `${1.6e9 + i * 86_399}`),
    kind: "date",
    spelling: { dates: "epoch-seconds" },
    reads: { "1600000000": "2020-09-13T12:26:40Z" },
  },
  {
    of: "milliseconds since 1970",
    name: "timestamp",
    values: many(60, (i) => `${1.6e12 + i * 86_399_000}`),
    kind: "date",
    spelling: { dates: "epoch-milliseconds" },
  },
  {
    of: "as great, but no time by name",
    name: "revenue",
    values: many(60, (i) => `${1.6e9 + i * 86_399 * (1 + noise(i))}`),
    kind: "real",
  },

  // Booleans.
  {
    of: "yes and no in any case",
    values: cycle(["Yes", "no", "YES", "No", "Yes"]),
    kind: "boolean",
    spelling: { booleans: ["no", "Yes"] },
  },
  { of: "ja and nein", values: cycle(["ja", "nein"]), kind: "boolean" },
  { of: "oui and non", values: cycle(["oui", "non", "NA"]), kind: "boolean", reads: { oui: true, NA: null } },
  {
    of: "x or empty",
    values: cycle(["x", "", ""]),
    kind: "boolean",
    spelling: { booleans: ["", "x"] },
    reads: { x: true, "": false },
  },
  { of: "plus and minus", values: cycle(["+", "-"]), kind: "boolean", reads: { "-": false } },
  { of: "two other words", values: cycle(["MALE", "FEMALE"]), kind: "categorical" },

  // Order.
  {
    of: "degrees",
    values: cycle(["High", "Low", "Medium"]),
    kind: "ordinal",
    spelling: { levels: ["Low", "Medium", "High"] },
    reads: { Low: "Low" },
  },
  { of: "sizes", values: cycle(["XL", "S", "M", "L"]), kind: "ordinal", spelling: { levels: ["S", "M", "L", "XL"] } },
  {
    of: "ranks in words",
    values: cycle(["3rd", "1st", "2nd"]),
    kind: "ordinal",
    spelling: { levels: ["1st", "2nd", "3rd"] },
  },
  {
    of: "agreement",
    values: cycle(["Agree", "Strongly agree", "Neutral", "Disagree"]),
    kind: "ordinal",
    spelling: { levels: ["Disagree", "Neutral", "Agree", "Strongly agree"] },
  },
  { of: "frequency", values: cycle(["always", "never", "sometimes"]), kind: "ordinal" },
  {
    of: "age bands",
    values: cycle(["26-35", "18-25", "65+", "<18", "36-64"]),
    kind: "ordinal",
    spelling: { levels: ["<18", "18-25", "26-35", "36-64", "65+"] },
  },
  { of: "months", values: cycle(["Mar", "Jan", "Feb"]), kind: "ordinal", spelling: { levels: ["Jan", "Feb", "Mar"] } },
  { of: "weekdays", values: cycle(["Sunday", "Monday", "Friday"]), kind: "ordinal" },
  {
    of: "grades",
    name: "grade",
    values: cycle(["B", "A", "C", "F"]),
    kind: "ordinal",
    spelling: { levels: ["F", "C", "B", "A"] },
  },
  { of: "letters without order", name: "deck", values: cycle(["B", "A", "C", "F"]), kind: "categorical" },
  { of: "Roman numerals", values: cycle(["III", "I", "II"]), kind: "ordinal" },
  { of: "quarters", values: cycle(["Q3", "Q1", "Q2"]), kind: "ordinal" },

  // Several in one cell.
  {
    of: "labels by bars",
    values: many(90, (i) => [["a", "b", "c", "d"][i % 4], ["e", "f"][i % 3] ?? "g"].slice(0, 1 + (i % 2)).join("|")),
    kind: "multilabel",
    spelling: { separator: "|" },
  },
  {
    of: "labels by commas",
    values: many(200, (i) =>
      ["red", "blue", "green", "black", "white"].filter((_, j) => (i >> j) & 1 || j === i % 5).join(", "),
    ),
    kind: "multilabel",
    spelling: { separator: ", " },
  },
  {
    of: "names in two parts",
    values: cycle(["DEU/German", "USA/English", "GRC/Greek", "BEL/French"], 60),
    kind: "categorical",
  },
  { of: "sentences with commas", values: many(90, (i) => `Well, number ${i} is here, and stays`), kind: "text" },
  {
    of: "vectors",
    values: many(60, (i) => `[${noise(i)}, ${noise(i + 1)}, ${i}]`),
    kind: "vector",
    why: /lists of 3 numbers/,
  },
  { of: "vectors without brackets", values: many(60, (i) => `${noise(i)} ${noise(i + 1)} ${i} 1e-3`), kind: "vector" },
  { of: "files of vectors", values: many(60, (i) => `v/${i}.npy`), kind: "vector" },

  // Words.
  { of: "few words", values: cycle(["red", "green", "blue"]), kind: "categorical" },
  { of: "many words a cell", values: many(60, (i) => `one of ${i} things`), kind: "text" },
  {
    of: "single words, all different",
    values: many(60, (i) => `${"abcdefgh"[i % 8]}${"klmnop"[i % 6]}${"rst"[i % 3]}${"uvwxy"[i % 5]}`),
    kind: "identifier",
  },
  {
    of: "sentences without spaces",
    values: many(60, (i) => `漢字仮名交じり文は空白なしで長く続くものです${String.fromCodePoint(0x4e00 + i)}`),
    kind: "text",
  },
  {
    of: "a column named id",
    name: "base_id",
    values: many(60, (i) => `word ${"abcdefghij"[i % 10]}${"klmnopq"[i % 7]}`),
    kind: "identifier",
    why: /named base_id/,
  },
  { of: "addresses", values: many(60, (i) => `a${i}@example.org`), kind: "identifier", why: /e-mail/ },
  {
    of: "web addresses",
    values: many(60, (i) => `https://example.org/${i}`),
    kind: "identifier",
    why: /web addresses/,
  },
  {
    of: "UUIDs",
    values: many(60, (i) => `123e4567-e89b-12d3-a456-4266141740${10 + (i % 90)}`),
    kind: "identifier",
    why: /UUIDs/,
  },
  { of: "telephones", values: many(60, (i) => `+44 20 7946 09${10 + i}`), kind: "identifier", why: /phone/ },
  { of: "senders that repeat", values: cycle(["a@b.org", "c@d.org"]), kind: "categorical" },
];

describe("kinds", () => {
  it.each(cases.map((one) => [one.kind, one.of, one] as const))("%s: %s", (_kind, _of, one) => {
    const tally = tallyOf(one.name ?? "column", one.values);
    const inferred = inferKind(tally);
    expect(inferred).toMatchObject({ kind: one.kind, ...(one.spelling && { spelling: one.spelling }) });
    expect(inferred.why).toMatch(one.why ?? /.{6}/);
    for (const [text, value] of Object.entries(one.reads ?? {})) {
      const { value: read } = cellReader(inferred.kind as "real", inferred.spelling)(text);
      expect([text, read]).toEqual([text, value]);
    }
  });

  it("keeps what is usually missing missing, beside what the column adds", () => {
    const { spelling } = inferKind(tallyOf("x", cycle(["red", "green", "missing"])));
    expect(spelling?.missing).toEqual([...usual, "missing"]);
  });
});

describe("spelling of a kind that somebody else says", () => {
  it.each<[ColumnKind, readonly string[], Spelling | undefined]>([
    ["real", many(40, (i) => `$${i}`), { numbers: { prefix: "$", decimals: 0 } }],
    ["date", cycle(["3/4/2020", "perhaps"]), { dates: "MM/DD/YYYY" }],
    ["boolean", cycle(["bad", "good"]), { booleans: ["bad", "good"] }],
    ["multilabel", many(40, (i) => `a${i};b${i}`), { separator: ";" }],
    ["ordinal", cycle(["b", "c", "a"]), { levels: ["a", "b", "c"] }],
    ["ordinal", cycle(["1", "2"]), undefined],
    ["categorical", cycle(["1", "2"]), undefined],
  ])("%s", (kind, values, spelling) => {
    expect(inferSpelling(tallyOf("x", values), kind)).toEqual(spelling);
  });
});

describe("measures", () => {
  it("count cells, gaps and bins", () => {
    const tally = tallyOf("x", [...many(100, (i) => `${i}`), "", "NA"]);
    expect(measureColumn(tally, "real")).toMatchObject({ present: 100, missing: 2, distinct: 100 });
    const { distribution } = measureColumn(tally, "real");
    expect(distribution).toMatchObject({ of: "numbers", low: 0, high: 98 });
    const crosses = measureColumn(tallyOf("x", cycle(["x", "", ""], 30)), "boolean", { booleans: ["", "x"] });
    expect(crosses).toMatchObject({
      present: 30,
      missing: 0,
      distribution: {
        top: [
          ["false", 2 / 3],
          ["true", 1 / 3],
        ],
      },
    });
  });

  it("show levels in their order and labels one by one", () => {
    const levels = measureColumn(tallyOf("x", cycle(["b", "a", "c", "a"])), "ordinal", { levels: ["c", "b", "a"] });
    expect(levels.distribution).toEqual({
      of: "levels",
      shares: [
        ["c", 0.25],
        ["b", 0.25],
        ["a", 0.5],
      ],
    });
    const labels = measureColumn(tallyOf("x", cycle(["a|b", "a"])), "multilabel", { separator: "|" });
    expect(labels.distribution).toEqual({
      of: "categories",
      top: [
        ["a", 1],
        ["b", 0.5],
      ],
    });
  });
});
