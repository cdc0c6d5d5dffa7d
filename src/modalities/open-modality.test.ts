import { describe, expect, it } from "vitest";
import type { Values } from "../data/records.ts";
import { column } from "../data/testing/column.ts";
import { batchRows, encodeRows, feedsOf, joinBatches, modalityInputs, presenceInput, selectRows } from "./batch.ts";
import { fitModalities, openModality, planMedia } from "./open-modality.ts";

const columns = [
  column("photo", "image"),
  column("call", "audio"),
  column("word", "text"),
  column("price", "real"),
  column("colour", "categorical"),
  column("digit", "categorical", "label"),
  column("nothing", "empty", "ignored"),
];
const picture = (value: number) => ({
  width: 4,
  height: 4,
  channels: 1 as const,
  pixels: new Uint8Array(16).fill(value),
});
const row = (i: number): Values => ({
  photo: i % 3 ? picture(i * 10) : null,
  call: { rate: 1000, samples: Float32Array.from({ length: 300 }, (_, t) => Math.sin(t * 0.1 * (i + 1))) },
  word: ["one", "two"][i % 2]!,
  price: i * 1.5,
  colour: i % 2 ? "red" : "green",
  digit: i,
});
const rows = Array.from({ length: 8 }, (_, i) => row(i));
const requests = planMedia(
  columns,
  {},
  {
    photo: [{ width: 4, height: 4, channels: 1 }],
    call: [{ rate: 1000, seconds: 0.3 }],
  },
);
const modalities = fitModalities(columns, {}, rows, requests);

describe("fitModalities", () => {
  it("makes a modality of each media and text column, and one of all other features", () => {
    expect(modalities.map(({ name, columns: own }) => [name, own])).toEqual([
      ["photo", ["photo"]],
      ["call", ["call"]],
      ["word", ["word"]],
      ["table", ["price", "colour"]],
    ]);
  });

  it("leaves out columns in which nothing was found", () => {
    const blank = rows.map(() => ({}));
    expect(fitModalities(columns, {}, blank, requests)).toEqual([]);
    expect(planMedia(columns, {}, {})).toEqual({});
  });

  it("keeps the table apart from a text column of that name", () => {
    const named = [column("table", "text"), column("price", "real")];
    const fitted = fitModalities(named, {}, [{ table: "oak", price: 3 }]);
    expect(fitted.map(({ name }) => name)).toEqual(["table", "table columns"]);
  });

  it("passes a column's options on", () => {
    const [text] = fitModalities([column("word", "text")], { word: { options: { maxLength: 2 } } }, rows);
    expect(text!.parameterShape[0]).toBe(2);
    expect(() => fitModalities([column("word", "text")], { word: { options: { tokenizer: "letter" } } }, rows)).toThrow(
      /options of column "word": tokenizer: /,
    );
  });
});

describe("openModality", () => {
  it("refuses a kind it does not know, and a state it did not write", () => {
    expect(() => openModality({ kind: "smell", name: "rose" })).toThrow(
      /kind to be one of image, audio, text, vector, table, received "smell"/,
    );
    expect(() => openModality({ kind: "text", name: "word" })).toThrow(/Cannot open modality "word": its state/);
  });
});

describe("batches", () => {
  const batch = encodeRows(modalities, rows);

  it("selects rows in the order asked for, any of them twice", () => {
    const selected = selectRows(batch, Uint32Array.of(5, 0, 5));
    expect(selected).toEqual(encodeRows(modalities, [rows[5]!, rows[0]!, rows[5]!]));
    expect(batchRows(selected)).toBe(3);
    expect(() => selectRows(batch, [8])).toThrow(/expected an index below 8/);
  });

  it("joins what was encoded in parts, issues and all", () => {
    const odd = [...rows, { colour: "mauve" }];
    const joined = joinBatches([encodeRows(modalities, odd.slice(0, 3)), encodeRows(modalities, odd.slice(3))]);
    expect(joined).toEqual(encodeRows(modalities, odd));
    expect(joined.table!.issues).toEqual([{ code: "category-unseen", column: "colour", row: 8, value: "mauve" }]);
    expect(batchRows(joinBatches([]))).toBe(0);
  });

  it("feeds every input that a graph of its modalities declares", () => {
    const feeds = feedsOf(batch, modalities);
    const declared = modalities.flatMap((modality) => [
      ...Object.values(modalityInputs(modality)),
      presenceInput(modality),
    ]);
    const names = declared.map(({ attributes }) => (attributes as { name: string }).name);
    expect(Object.keys(feeds).sort()).toEqual(names.sort());
    expect(feeds["photo/present"]).toEqual(Float32Array.of(0, 1, 1, 0, 1, 1, 0, 1));
    expect(modalityInputs(modalities[0]!).pixels).toMatchObject({ shape: ["batch", 4, 4, 1], type: "uint8" });
    expect(() => feedsOf(batch, [{ name: "smell" }])).toThrow(/the batch holds photo, call, word, table/);
  });
});
