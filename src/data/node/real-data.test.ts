import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../dataset.ts";
import { nodeMediaDecoder } from "./media-decoder.ts";
import { openData } from "./open-data.ts";

const shared = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const absent = existsSync(shared) ? false : "skipped: ../shared/data is not here";
const kinds = (dataset: Dataset) => Object.fromEntries(dataset.columns.map(({ name, kind }) => [name, kind]));

describe.skipIf(absent)(`real data${absent ? ` (${absent})` : ""}`, () => {
  it("penguins: measures, categories, dates, NA as missing", async () => {
    const dataset = await openData(`${shared}penguins/penguins_raw.csv`);
    dataset.close();
    expect(kinds(dataset)).toMatchObject({
      studyName: "categorical",
      Species: "categorical",
      Region: "constant",
      "Individual ID": "identifier",
      "Clutch Completion": "boolean",
      "Date Egg": "date",
      "Culmen Length (mm)": "real",
      "Body Mass (g)": "real",
      Sex: "categorical",
    });
    expect(dataset.columns.find(({ name }) => name === "Sex")).toMatchObject({ present: 333, missing: 11 });
    expect(dataset).toMatchObject({ rowCount: 344, usableRows: 344 });
  });

  it("wine: gzip without a header", async () => {
    const dataset = await openData(`${shared}hivae/Wine/data.csv.gz`, { header: false });
    dataset.close();
    expect(dataset.rowCount).toBe(6497);
    expect(dataset.columns).toHaveLength(13);
    expect(new Set(Object.values(kinds(dataset)))).toEqual(new Set(["real", "positive", "ordinal"]));
    expect(dataset.issues).toEqual([]);
  });

  it("emoji: pictures named by a pattern, names as text, and they decode", async () => {
    const dataset = await openData(`${shared}emoji/emoji.csv`, { media: { image: "png72/{id}.png" } });
    expect(kinds(dataset)).toMatchObject({
      name: "text",
      keywords: "text",
      group: "categorical",
      image: "image",
      char: "identifier",
    });
    expect(dataset.columns.find(({ name }) => name === "image")).toMatchObject({ present: 3530, role: "feature" });
    for await (const rows of dataset.rows()) {
      const cell = rows[1]!.cells.image;
      if (typeof cell !== "object" || cell === null) throw new Error("expected a media file");
      expect(rows[1]!.key).toBe("0023_20e3");
      expect(await nodeMediaDecoder.probeImage(cell)).toMatchObject({ width: 72, height: 72 });
      break;
    }
    dataset.close();
  });

  it("countries: NA is Namibia's flag, not a missing one", async () => {
    const dataset = await openData(`${shared}countries/countries.csv`, { media: { flag: "flags/{cca2}.png" } });
    dataset.close();
    expect(dataset.columns.find(({ name }) => name === "flag")).toMatchObject({ present: 250, missing: 0 });
  });
});
