/**
 * @file The config of a run. In: `--config F`, or `polyvae.yaml` beside the data; `--set k=v`; flags. Out: one checked Config, the
 * later over the earlier, and from it how data is read and what is trained.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import type { JoinedFile } from "../data/dataset.ts";
import type { ReadOptions } from "../data/reading.ts";
import type { Device } from "../engine/device.ts";
import { modelConfigSchema } from "../models/config.ts";
import { trainingConfigSchema } from "../training/config.ts";
import type { TrainSettings } from "../training/train.ts";
import {
  type Config,
  checkConfig,
  columnSetting,
  columnSettings,
  configKeys,
  modelKeys,
  trainingKeys,
} from "./config-schema.ts";
import { CommandError, UsageError } from "./failure.ts";

/** How data is read, as every command takes it. */
export interface ReadFlags {
  /** False where `--no-config` was given. */
  readonly config?: string | false;
  readonly media?: Readonly<Record<string, string>>;
  /** False where `--no-header` was given. */
  readonly header: boolean;
  readonly delimiter?: string;
  readonly pattern?: string;
  /** False where `--no-join` was given. */
  readonly join?: readonly string[] | false;
  readonly on?: readonly string[];
  readonly mediaRoot?: string;
  readonly splitColumn?: string;
  readonly group?: string;
  readonly stratify?: string;
  readonly label?: string;
  readonly seed?: number;
}

export interface TrainFlags extends ReadFlags {
  readonly set?: Readonly<Record<string, string>>;
  readonly epochs?: number;
  readonly minutes?: number;
  readonly device?: Device;
  readonly resume?: boolean;
}

export const besideData = ["polyvae.yaml", "polyvae.yml", "polyvae.json"];

export interface FoundConfig {
  readonly config: Config;
  /** Where it was picked up unasked: beside the data. */
  readonly beside?: string;
}

export function findConfig(data: string, flags: ReadFlags): FoundConfig {
  if (flags.config === false) return { config: {} };
  if (typeof flags.config === "string") return { config: readConfigFile(flags.config) };
  const isFolder = statSync(data, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const folder = isFolder ? data : dirname(data);
  const beside = besideData.map((name) => join(folder, name)).find((path) => existsSync(path));
  return beside === undefined ? { config: {} } : { config: readConfigFile(beside), beside };
}

export function readConfigFile(path: string): Config {
  return withPaths(checkConfig(parseConfig(path, readText(path)), path), dirname(path));
}

/** Paths in a config start from its own folder. */
function withPaths(config: Config, folder: string): Config {
  const { join: joined, mediaRoot } = config;
  const files = joined === undefined || Array.isArray(joined) ? joined : [joined];
  return {
    ...config,
    ...(files && {
      join: files.map((file) =>
        typeof file === "string" ? resolve(folder, file) : { ...file, file: resolve(folder, file.file) },
      ),
    }),
    ...(mediaRoot !== undefined && { mediaRoot: resolve(folder, mediaRoot) }),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new CommandError(
      `Cannot read config ${path}: ${code === "ENOENT" ? "there is no such file" : message}.`,
      cause,
    );
  }
}

/** YAML holds JSON as well. */
function parseConfig(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const [line] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
    throw new CommandError(
      `Cannot read config ${path}: it is neither YAML nor JSON; ${line!.replace(/:$/, "")}.`,
      cause,
    );
  }
}

/**
 * `--set latent=16` and `--set columns.word=text`: values as YAML reads them, dots for what lies deeper. What begins with no key of the
 * config is an option of that column: `image.backbone=x.onnx` stands for `columns.image.options.backbone=x.onnx`.
 */
export function withSettings(config: Config, settings: Readonly<Record<string, string>> = {}): Config {
  const values = structuredClone(config) as Record<string, unknown>;
  for (const [key, text] of Object.entries(settings)) {
    const path = settingPath(key);
    let target = values;
    for (const part of path.slice(0, -1)) {
      const inner = target[part];
      target = target[part] = (typeof inner === "object" && inner !== null ? inner : wordSetting(inner)) as Record<
        string,
        unknown
      >;
    }
    target[path.at(-1)!] = parseConfig(`--set ${key}=${text}`, text);
  }
  const names = Object.keys(settings).map((key) => `--set ${key}`);
  return names.length === 0 ? config : checkConfig(values, names.join(", "));
}

function settingPath(key: string): string[] {
  const path = key.split(".");
  const [column, ...option] = path;
  return option.length === 0 || configKeys.includes(column!) ? path : ["columns", column!, "options", ...option];
}

type ColumnWord = Extract<NonNullable<Config["columns"]>[string], string>;

/** `word: text` made into an object, so that options can stand beside it. */
const wordSetting = (word: unknown): object => (typeof word === "string" ? columnSetting(word as ColumnWord) : {});

/** How data is read: flags over config. With a model's own reading beneath both where `openData` is given one. */
export function readOptions(config: Config, flags: ReadFlags): ReadOptions {
  const { label = config.label, splitColumn = config.split, seed = config.seed } = flags;
  const { group = config.group, stratify = config.stratify } = flags;
  const header = flags.header ? config.header : false;
  const { delimiter = config.delimiter, pattern = config.pattern, mediaRoot = config.mediaRoot } = flags;
  const joined = joinedFiles(config, flags);
  const fractions = {
    ...(config.validation !== undefined && { validation: config.validation }),
    ...(config.test !== undefined && { test: config.test }),
  };
  return {
    ...(header !== undefined && { header }),
    ...(delimiter !== undefined && { delimiter }),
    ...(pattern !== undefined && { pattern }),
    ...(joined && { join: joined }),
    ...(mediaRoot !== undefined && { mediaRoot: resolve(mediaRoot) }),
    ...((config.media ?? flags.media) && { media: { ...config.media, ...flags.media } }),
    ...(config.columns && { columns: columnSettings(config.columns) }),
    ...(Object.keys(fractions).length > 0 && { splitFractions: fractions }),
    ...(label !== undefined && { label }),
    ...(splitColumn !== undefined && { splitColumn }),
    ...(group !== undefined && { groupColumn: group }),
    ...(stratify !== undefined && { stratifyColumn: stratify }),
    ...(config.id !== undefined && { idColumn: config.id }),
    ...(seed !== undefined && { seed }),
  };
}

/** One `--on` for each `--join`, in their order; a single one holds for all. */
function joinedFiles(config: Config, { join: asked, on = [] }: ReadFlags): JoinedFile[] | undefined {
  if (asked === false) return [];
  if (asked === undefined) {
    if (on.length > 0) throw new UsageError("Cannot use --on without --join: name the file to join, --join other.csv.");
    const files = config.join === undefined || Array.isArray(config.join) ? config.join : [config.join];
    return files?.map((file) =>
      typeof file === "string"
        ? { path: resolve(file) }
        : { path: resolve(file.file), ...(file.on !== undefined && { on: file.on }) },
    );
  }
  if (on.length > 1 && on.length !== asked.length)
    throw new UsageError(
      `Cannot join ${asked.length} files by ${on.length} --on: give one --on for each --join, in their order, or one for all.`,
    );
  return asked.map((file, i) => {
    const key = on[i] ?? on[0];
    return { path: resolve(file), ...(key !== undefined && { on: key }) };
  });
}

/** What is trained, and how: flags over `--set` over the config file over defaults. */
export function trainSettings(config: Config, { epochs, minutes, device, seed }: TrainFlags): TrainSettings {
  const flags = {
    ...(epochs !== undefined && { epochs }),
    ...(minutes !== undefined && { minutes }),
    ...(device !== undefined && { device }),
    ...(seed !== undefined && { seed }),
  };
  const part = (keys: readonly string[]) =>
    Object.fromEntries(Object.entries({ ...config, ...flags }).filter(([key]) => keys.includes(key)));
  return { model: modelConfigSchema.parse(part(modelKeys)), training: trainingConfigSchema.parse(part(trainingKeys)) };
}
