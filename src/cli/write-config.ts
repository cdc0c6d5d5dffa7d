/**
 * @file A config file to edit. In: a data set as it was read, and how. Out: YAML that says of every column its kind and role with the
 * reason beside it, how the data are read, and every other key with its default, commented out.
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type * as z from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Column, Spelling } from "../data/records.ts";
import { modelConfigSchema } from "../models/config.ts";
import { trainingConfigSchema } from "../training/config.ts";
import type { ReadFlags } from "./config.ts";
import { type Config, dataKeys } from "./config-schema.ts";

/** The JSON Schema that the package ships (scripts/build.js writes it), for editors. */
export const schemaFile = fileURLToPath(new URL("../../dist/polyvae.schema.json", import.meta.url));

/** @param config what a config file said already @param to where the text will stand */
export function configText(dataset: Dataset, config: Config, flags: ReadFlags, to: string): string {
  const said = { ...config, ...asConfig(flags), ...(flags.seed !== undefined && { seed: flags.seed }) };
  const reading = dataKeys.filter((key) => key !== "columns" && said[key] !== undefined);
  return [
    `# yaml-language-server: $schema=${schemaReference(to)}`,
    `# How polyvae reads ${oneLine(dataset.source)} and learns from it: written by inspect, to be edited.`,
    `# It is found by itself beside the data under the name polyvae.yaml; elsewhere say --config.`,
    "",
    ...reading.map((key) => `${key}: ${flow(said[key])}`),
    ...(reading.length > 0 ? [""] : []),
    "# kind: image, audio, text, real, positive, fraction, count, ordinal, categorical, multilabel, boolean, date, vector,",
    "#   identifier, constant, empty. role: feature, label, split, group, id, ignored. Only features are learnt.",
    "columns:",
    ...columnLines(dataset.columns, said),
    "",
    "# What the model is made of.",
    ...keyLines(modelConfigSchema, said),
    "",
    "# How it is trained.",
    ...keyLines(trainingConfigSchema, said),
    "",
  ].join("\n");
}

/** Flags that say what a key of the config says too. */
function asConfig({ header, splitColumn, seed: _seed, config: _config, ...flags }: ReadFlags): Config {
  const alike = Object.entries(flags).filter(([key]) => dataKeys.includes(key as keyof Config));
  return {
    ...Object.fromEntries(alike),
    ...(!header && { header: false }),
    ...(splitColumn !== undefined && { split: splitColumn }),
  };
}

function columnLines(columns: readonly Column[], config: Config): string[] {
  const lines = columns.map(({ name, kind, role, spelling }) => {
    const before = config.columns?.[name];
    const own = typeof before === "object" ? before : {};
    return `  ${keyText(name)}: ${flow({ ...own, kind, role, ...toldSpelling(spelling) })}`;
  });
  const room = Math.min(60, Math.max(...lines.map(({ length }) => length)));
  return lines.map((line, i) => `${line.padEnd(room)}  # ${oneLine(columns[i]!.why)}`);
}

/** What of the spelling a person may want to change: the order of levels, of day and month, what parts labels. */
const toldSpelling = ({ levels, dates, separator }: Spelling = {}): Record<string, unknown> => ({
  ...(levels && { levels }),
  ...(dates && { dates }),
  ...(separator !== undefined && { separator }),
});

/** A key that the config says stands; any other is a comment with its default. */
function keyLines(schema: z.ZodObject, config: Config): string[] {
  const defaults = schema.parse({}) as Record<string, unknown>;
  return Object.entries(schema.shape).map(([key, { description = "" }]) => {
    const value = (config as Record<string, unknown>)[key];
    const line =
      value === undefined ? `# ${key}: ${flow(defaults[key] ?? "")}`.replace(/: ""$/, ":") : `${key}: ${flow(value)}`;
    return `${line.padEnd(26)}  # ${oneLine(description)}`;
  });
}

/** Relative where the file lies in the project that the package is installed in, so that it can be moved with it. */
function schemaReference(to: string): string {
  const project = schemaFile.split(`${sep}node_modules${sep}`)[0]!.replace(/[/\\]dist[/\\][^/\\]*$/, "");
  const inside = relative(project, resolve(to));
  const isInside = !inside.startsWith("..") && !isAbsolute(inside);
  const path = isInside ? relative(resolve(to, ".."), schemaFile) : schemaFile;
  return path.split(sep).join("/");
}

const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: true }).trim();

/** Quoted unless it is a plain word: names may hold colons, or read as a number. */
const keyText = (name: string): string =>
  /^[A-Za-z][A-Za-z0-9_]*$/.test(name) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(name)
    ? name
    : JSON.stringify(name);

const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, " ").trim();
