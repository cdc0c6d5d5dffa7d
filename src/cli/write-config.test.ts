import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { writeRecord } from "../data/csv.ts";
import { openData } from "../data/node/open-data.ts";
import { type ReadFlags, readOptions, trainSettings } from "./config.ts";
import { type Config, checkConfig } from "./config-schema.ts";
import { configJsonSchema } from "./json-schema.ts";
import { configText } from "./write-config.ts";

const folder = mkdtempSync(join(tmpdir(), "polyvae-write-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Schema = Record<string, unknown>;

/** As much of JSON Schema as the config's has; what it does not know it refuses. */
function faultsOf(schema: Schema, value: unknown, at = ""): string[] {
  const known = new Set(
    "$schema title description type enum const anyOf properties required additionalProperties propertyNames items additionalItems default minLength minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems format pattern".split(
      " ",
    ),
  );
  const strange = Object.keys(schema).filter((key) => !known.has(key));
  if (strange.length > 0) return [`${at}: this check does not know ${strange.join(", ")}`];
  const { anyOf, type, properties = {}, additionalProperties, items } = schema;
  if (Array.isArray(anyOf))
    return anyOf.some((one: Schema) => faultsOf(one, value, at).length === 0) ? [] : [`${at}: fits none`];
  const faults: string[] = [];
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const types: Record<string, boolean> = {
    object: isObject,
    array: Array.isArray(value),
    string: typeof value === "string",
    number: typeof value === "number",
    integer: Number.isInteger(value),
    boolean: typeof value === "boolean",
  };
  if (typeof type === "string" && !types[type]) faults.push(`${at}: no ${String(type)}`);
  if (Array.isArray(schema.enum) && !schema.enum.includes(value))
    faults.push(`${at}: not one of ${schema.enum.join(", ")}`);
  if (typeof value === "number" && value < Number(schema.minimum ?? -Infinity)) faults.push(`${at}: too small`);
  if (typeof value === "number" && value > Number(schema.maximum ?? Infinity)) faults.push(`${at}: too great`);
  if (isObject) {
    for (const [key, inner] of Object.entries(value)) {
      const of = (properties as Record<string, Schema>)[key] ?? additionalProperties;
      if (of === false) faults.push(`${at}.${key}: no such key`);
      else if (typeof of === "object" && of !== null) faults.push(...faultsOf(of as Schema, inner, `${at}.${key}`));
    }
  }
  if (Array.isArray(value) && items && !Array.isArray(items)) {
    for (const [i, inner] of value.entries()) faults.push(...faultsOf(items as Schema, inner, `${at}[${i}]`));
  }
  return faults;
}

const cells: Record<string, (i: number) => string> = {
  id: (i) => `r${i}`,
  price: (i) => `$${1 + (i % 30)},${100 + ((i * 37) % 900)}.50`,
  "share: of all, %": (i) => `${(i * 7) % 100}%`,
  yes: (i) => ["ja", "nein"][i % 2]!,
  "12": (i) => ["low", "high", "medium"][i % 3]!,
  'with "quotes" # and more': (i) => `${1 + (i % 28)}/${1 + (i % 12)}/2020`,
  tags: (i) => ["a|b", "b", "c|a", "d|b|c", "a|d"][i % 5]!,
  null: (i) => ["NA", "red", "green"][i % 3]!,
  words: (i) => `some words of ${i}`,
  always: () => "one",
  who: (i) => `w${i % 9}`,
};
const path = join(folder, "data.csv");
const lines = [
  Object.keys(cells),
  ...Array.from({ length: 90 }, (_, i) => Object.values(cells).map((cell) => cell(i))),
];
writeFileSync(path, lines.map((line) => `${writeRecord(line)}\n`).join(""));

const columnsOf = async (config: Config, flags: ReadFlags) => {
  const dataset = await openData(path, readOptions(config, flags));
  dataset.close();
  return { dataset, facts: dataset.columns.map(({ why: _, ...facts }) => facts) };
};

describe("a written config", () => {
  const flags: ReadFlags = { header: true, label: "yes", seed: 3 };
  const before: Config = { group: "who", latent: 8, columns: { words: { kind: "text", level: "word" } } };

  it("is read back as the same columns, fits the schema, and keeps what was said", async () => {
    const first = await columnsOf(before, flags);
    const text = configText(first.dataset, before, flags, join(folder, "polyvae.yaml"));
    expect(text.split("\n")[0]).toMatch(/^# yaml-language-server: \$schema=.*dist\/polyvae\.schema\.json$/);
    const parsed = parse(text) as unknown;
    expect(faultsOf(configJsonSchema(), parsed)).toEqual([]);
    const config = checkConfig(parsed, "polyvae.yaml");
    const again = await columnsOf(config, { header: true });
    expect(again.facts).toEqual(first.facts);
    expect(config).toMatchObject({
      label: "yes",
      group: "who",
      seed: 3,
      latent: 8,
      columns: { words: { level: "word" } },
    });
    expect(trainSettings(config, flags)).toEqual(trainSettings(before, flags));
    for (const column of first.dataset.columns) expect(text).toContain(`# ${column.why}`);
  });

  it("lists every key with its default, as a comment that can be taken away", async () => {
    const { dataset } = await columnsOf({}, { header: true });
    const text = configText(dataset, {}, { header: true }, "polyvae.yaml");
    const opened = text.replace(/^# (\w+): (.*\S) {2,}#/gm, "$1: $2 #");
    const config = checkConfig(parse(opened), "polyvae.yaml");
    expect(config).toMatchObject({ latent: 32, batch: 64, optimiser: "adam", device: "cpu" });
    expect(trainSettings(config, { header: true })).toEqual(trainSettings({}, { header: true }));
  });

  it("the schema refuses what the config does", () => {
    const bad = [{ latnt: 3 }, { columns: { a: "txt" } }, { latent: 0 }, { columns: { a: { dates: "DD" } } }];
    for (const config of bad) {
      expect(faultsOf(configJsonSchema(), config)).not.toEqual([]);
      expect(() => checkConfig(config, "c.yaml")).toThrow();
    }
    expect(() => checkConfig({ columns: { a: { dates: "DD" } } }, "c.yaml")).toThrow(
      /columns\.a\.dates: expected one of/,
    );
  });
});

describe("what the config says of spelling", () => {
  it("wins over inference: the order of day and month, tokens, separators", async () => {
    const columns = {
      'with "quotes" # and more': { dates: "MM/DD/YYYY" },
      who: { missing: ["w3"] },
      words: { separator: " " },
    } as const;
    const { dataset } = await columnsOf(checkConfig({ columns }, "c.yaml"), { header: true });
    const found = (name: string) => dataset.columns.find((column) => column.name === name)!;
    expect(found('with "quotes" # and more')).toMatchObject({ kind: "date", spelling: { dates: "MM/DD/YYYY" } });
    expect(found("who")).toMatchObject({ kind: "categorical", present: 80, missing: 10 });
    expect(found("words")).toMatchObject({ kind: "multilabel", spelling: { separator: " " } });
  });
});
