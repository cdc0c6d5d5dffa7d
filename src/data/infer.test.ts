import { describe, expect, it } from "vitest";
import { type ColumnStatistics, inferKind } from "./infer.ts";

const noDates = { "YYYY-MM-DD": 0, "YYYY/MM/DD": 0, "DD.MM.YYYY": 0, "MM/DD/YYYY": 0, "DD/MM/YYYY": 0 };
const words: ColumnStatistics = {
  name: "column",
  rows: 1000,
  filled: 1000,
  missingInNumbers: 0,
  nan: 0,
  nonFinite: 0,
  numbers: 0,
  integers: 0,
  zeroPadded: 0,
  distinct: 900,
  distinctNumbers: 0,
  min: 0,
  median: 0,
  max: 0,
  dates: noDates,
  dayFirst: 0,
  images: 0,
  sounds: 0,
  vectors: 0,
  vectorFiles: 0,
  meanLength: 8,
  meanWords: 1,
  codes: 0,
  lowest: "a",
  highest: "z",
};
const numbers = { ...words, numbers: 1000, distinctNumbers: 900, min: -3, median: 0.2, max: 4 };
const integers = { ...numbers, integers: 1000, min: 0, median: 30, max: 200, distinctNumbers: 150 };

const cases: [string, string, Partial<ColumnStatistics>, ColumnStatistics][] = [
  ["empty", "no cell filled", { filled: 0, distinct: 0 }, words],
  ["empty", "nothing but NaN", { nan: 1000, nonFinite: 1000, distinct: 0 }, words],
  ["constant", "one word", { distinct: 1 }, words],
  ["constant", "one number and NaN", { distinctNumbers: 1, distinct: 2, numbers: 990, nonFinite: 10 }, numbers],
  ["image", "names of pictures", { images: 950 }, words],
  ["image", "two names among empty cells", { filled: 2, images: 2, distinct: 2 }, words],
  ["audio", "names of sounds", { sounds: 1000 }, words],
  ["vector", "lists of numbers", { vectors: 950 }, words],
  ["vector", "names of .npy files", { vectorFiles: 1000 }, words],
  ["boolean", "yes and no", { distinct: 2, lowest: "No", highest: "Yes" }, words],
  ["boolean", "0 and 1", { distinct: 2, distinctNumbers: 2, lowest: "0", highest: "1" }, integers],
  ["categorical", "two other words", { distinct: 2, lowest: "FEMALE", highest: "MALE" }, words],
  ["categorical", "few words", { distinct: 12 }, words],
  ["text", "many words a cell", { meanWords: 4 }, words],
  ["text", "sentences without spaces", { distinct: 1000, meanLength: 30 }, words],
  ["identifier", "codes", { codes: 1000 }, words],
  ["identifier", "single words, all different", { distinct: 1000 }, words],
  ["identifier", "words in a column named id", { name: "base_id" }, words],
  ["date", "dates", { dates: { ...noDates, "YYYY-MM-DD": 1000 } }, words],
  ["real", "numbers of both signs", {}, numbers],
  ["real", "mostly numbers", { numbers: 960 }, numbers],
  ["real", "numbers, NaN and none", { filled: 1000, missingInNumbers: 300, nonFinite: 20, numbers: 680 }, numbers],
  ["categorical", "numbers among words", { numbers: 900, distinct: 40, distinctNumbers: 20 }, numbers],
  ["positive", "numbers with a long tail", { min: 0.1, median: 2, max: 70 }, numbers],
  ["real", "numbers above zero without a tail", { min: 30, median: 44, max: 60 }, numbers],
  ["count", "whole numbers from zero", {}, integers],
  ["real", "whole numbers far from zero", { min: 2700, median: 4000, max: 6300 }, integers],
  ["positive", "whole numbers, huge", { min: 100, median: 5000, max: 2e6 }, integers],
  ["ordinal", "few whole numbers", { min: 1, max: 7, distinctNumbers: 7 }, integers],
  ["identifier", "row numbers", { min: 1, max: 1000, distinctNumbers: 1000 }, integers],
  [
    "identifier",
    "whole numbers in a column named id",
    { name: "userId", min: 5, max: 9000, distinctNumbers: 900 },
    integers,
  ],
  ["categorical", "codes with leading zeros", { zeroPadded: 500, distinct: 40 }, integers],
];

describe("kinds", () => {
  it.each(cases)("%s: %s", (kind, _what, changes, base) => {
    const inferred = inferKind({ ...base, ...changes });
    expect(inferred.kind).toBe(kind);
    expect(inferred.why.length).toBeGreaterThan(5);
  });

  it("tells day from month in slashed dates by a day past 12", () => {
    const slashed = { ...words, dates: { ...noDates, "MM/DD/YYYY": 1000, "DD/MM/YYYY": 1000 } };
    expect(inferKind(slashed).spelling).toEqual({ dates: "MM/DD/YYYY" });
    expect(inferKind({ ...slashed, dayFirst: 3 }).spelling).toEqual({ dates: "DD/MM/YYYY" });
  });
});
