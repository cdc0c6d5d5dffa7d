import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { flatten, type Json, jsonSplitter, parseJson, writeJson } from "./json.ts";
import { rowsOfDocument } from "./json-document.ts";

const cellsOf = (text: string) => {
  const cells: Record<string, string | null> = {};
  flatten(parseJson(text) as ReadonlyMap<string, Json>, (name, cell) => (cells[name] = cell));
  return cells;
};

describe("values", () => {
  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        // Keys twice cannot be written by JSON.stringify; __proto__ and the like are plain keys here.
        expect(JSON.parse(writeJson(parseJson(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it("keep the digits of numbers, part objects, join words", () => {
    const text =
      '{"id":12345678901234567890,"x":1.50,"a":{"b":{"c":"deep"},"d":null},"w":["red","blue"],"n":[1, 2.50],"p":["a|b","c"],"t":true,"l":[{"k":1}],"e":[]}';
    expect(cellsOf(text)).toEqual({
      id: "12345678901234567890",
      x: "1.50",
      "a.b.c": "deep",
      "a.d": null,
      w: "red|blue",
      n: "[1, 2.50]",
      p: '["a|b", "c"]',
      t: "true",
      l: '[{"k": 1}]',
      e: "",
    });
  });

  it.each([
    ['{"a":1,"a":2}', /duplicate key "a"/],
    ['{"a":', /too early/],
    ['{"a" 1}', /colon/],
    ["[1 2]", /comma/],
    ['{"a":"open', /not closed/],
    ['{"a":1} x', /"x" stands behind/],
    ["[".repeat(500), /nested more than/],
  ])("%s is refused", (text, message) => expect(() => parseJson(text)).toThrow(message));
});

describe("a stream", () => {
  it("falls into the same values however it is cut", () => {
    const text = '[ {"a":"x]},{"},\n {"b":[1,{"c":2}]}, 3, "s,t"\n]';
    const whole = jsonSplitter().push(text);
    expect(whole.map((piece) => piece.text)).toEqual(['{"a":"x]},{"}', '{"b":[1,{"c":2}]}', "3", '"s,t"']);
    expect(whole.map(({ line }) => line)).toEqual([1, 2, 2, 2]);
    fc.assert(
      fc.property(fc.nat(text.length), (cut) => {
        const splitter = jsonSplitter();
        expect([...splitter.push(text.slice(0, cut)), ...splitter.push(text.slice(cut)), ...splitter.end()]).toEqual(
          whole,
        );
      }),
    );
  });

  it("may be objects one after another", () =>
    expect(
      jsonSplitter()
        .push('{"a":\n1}\n{"a":2}{"a":3}')
        .map(({ text, line }) => [text, line]),
    ).toEqual([
      ['{"a":\n1}', 1],
      ['{"a":2}', 3],
      ['{"a":3}', 3],
    ]));
});

it.each([
  ["columns", '{"a":[1,2],"b":["x","y"]}'],
  ["columns by row", '{"a":{"0":1,"1":2},"b":{"0":"x","1":"y"}}'],
  ["rows by number", '{"0":{"a":1,"b":"x"},"1":{"a":2,"b":"y"}}'],
  ["columns and data", '{"columns":["a","b"],"data":[[1,"x"],[2,"y"]]}'],
  ["rows under a key", '{"version":1,"items":[{"a":1,"b":"x"},{"a":2,"b":"y"}]}'],
])("a document of %s gives its rows", (_what, text) => {
  const rows = rowsOfDocument(parseJson(text))!;
  expect(rows.map((row) => writeJson(row))).toEqual(['{"a": 1, "b": "x"}', '{"a": 2, "b": "y"}']);
});
