/**
 * @file The config file as a whole: how data is read, what the model is made of, how it is trained, in one flat object.
 * In: plain values from YAML or JSON. Out: a checked Config, or a refusal that names the key.
 */
import * as z from "zod";
import { nearestName } from "../data/data-error.ts";
import type { ColumnSetting } from "../data/dataset.ts";
import { type ColumnKind, type ColumnRole, columnKinds } from "../data/records.ts";
import { modelConfigSchema } from "../models/config.ts";
import { trainingConfigSchema } from "../training/config.ts";
import { CommandError } from "./failure.ts";

const columnRoles = ["feature", "label", "split", "group", "id", "ignored"] as const satisfies readonly ColumnRole[];
const kind = z.enum(columnKinds);
const role = z.enum(columnRoles);
const words = [...columnKinds, ...columnRoles];

/** `word: text`, `digit: label`, or `photo: {kind: image, width: 64}`: what is neither kind nor role is the modality's own option. */
const columnSchema = z.union([
  z.enum(words),
  z.looseObject({
    kind: kind.optional(),
    role: role.optional(),
    modality: z.string().min(1).optional(),
    options: z.record(z.string(), z.unknown()).optional(),
  }),
]);

const columnName = z.string().min(1);
const fileName = z.string().min(1);
const joinedFile = z.union([fileName, z.strictObject({ file: fileName, on: columnName.optional() })]);
const dataShape = {
  columns: z.record(columnName, columnSchema).optional().describe("Kind or role of columns, where inference errs."),
  label: columnName.optional().describe("Column kept out of the model and used only to judge it."),
  split: columnName.optional().describe("Column that says train, validation or test."),
  group: columnName.optional().describe("Rows of equal value in this column stay in one split."),
  stratify: columnName.optional().describe("Every value of this column gives each split its share."),
  id: columnName.optional().describe("Column that names the rows."),
  media: z.record(columnName, z.string()).optional().describe("Media columns made of others: image: 'png/{id}.png'."),
  pattern: z.string().min(1).optional().describe("Columns read from file names: '{digit}_{speaker}_{take}.wav'."),
  join: z
    .union([joinedFile, z.array(joinedFile)])
    .optional()
    .describe("Files joined to the data on a key: other.csv, or {file: other.csv, on: id}."),
  mediaRoot: z.string().min(1).optional().describe("A further folder that media cells may name files of."),
  delimiter: z.string().min(1).max(4).optional().describe("What parts the cells of a CSV file."),
  header: z.boolean().optional().describe("Whether the first line holds the columns' names."),
  validation: z.number().min(0).max(0.9).optional().describe("Share of rows held out to judge when to stop."),
  test: z.number().min(0).max(0.9).optional().describe("Share of rows held out for evaluation."),
};

export const configSchema = z.strictObject({
  ...dataShape,
  ...modelConfigSchema.partial().shape,
  ...trainingConfigSchema.partial().shape,
});

export const configKeys: readonly string[] = Object.keys(configSchema.shape);

export type Config = z.output<typeof configSchema>;

/** Keys that only `train` reads. */
export const modelKeys = Object.keys(modelConfigSchema.shape);
export const trainingKeys = Object.keys(trainingConfigSchema.shape);

/** @param from where it stands, for messages @throws CommandError naming the key, what was expected and the nearest key */
export function checkConfig(values: unknown, from: string): Config {
  // Defaults are filled in later, by the schemas of their own folders: here only what is said counts.
  const result = configSchema.safeParse(values ?? {});
  if (result.success) return pick(result.data, Object.keys((values ?? {}) as object));
  const faults = result.error.issues.map((issue) => describeFault(issue, values));
  throw new CommandError(`Cannot use ${from}: ${faults.join("; ")}.`);
}

const pick = (config: Config, keys: readonly string[]): Config =>
  Object.fromEntries(Object.entries(config).filter(([key]) => keys.includes(key))) as Config;

function describeFault(issue: z.core.$ZodIssue, values: unknown): string {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys" && issue.path.length === 0) {
    return issue.keys
      .map((key) => {
        const near = nearestName(key, Object.keys(configSchema.shape));
        const hint = near ? `did you mean "${near}"?` : `the keys are ${Object.keys(configSchema.shape).join(", ")}`;
        return `there is no key "${key}"; ${hint}`;
      })
      .join("; ");
  }
  if (issue.path[0] === "columns" && issue.path.length > 1) {
    const [, column] = issue.path;
    const said = columnWord((values as { columns: Record<string, unknown> }).columns[String(column)]);
    const near = nearestName(said, words);
    return `columns.${String(column)}: "${said}" is no kind and no role (${words.join(", ")})${near ? `; did you mean "${near}"?` : ""}`;
  }
  if (issue.path.length === 0) return "expected keys with values, such as `latent: 16`";
  return `${path}: ${issue.message.replace(/^Invalid input: /, "")}`;
}

function columnWord(said: unknown): string {
  if (typeof said !== "object" || said === null) return String(said);
  const { kind: ofKind, role: ofRole } = said as { kind?: unknown; role?: unknown };
  return String((columnKinds as readonly unknown[]).includes(ofKind ?? columnKinds[0]) ? ofRole : ofKind);
}

/** The settings of columns as data/ reads them. */
export function columnSettings(columns: Config["columns"] = {}): Record<string, ColumnSetting> {
  return Object.fromEntries(Object.entries(columns).map(([name, said]) => [name, columnSetting(said)]));
}

export function columnSetting(said: NonNullable<Config["columns"]>[string]): ColumnSetting {
  if (typeof said === "string")
    return (columnKinds as readonly string[]).includes(said)
      ? { kind: said as ColumnKind }
      : { role: said as ColumnRole };
  const { kind: ofKind, role: ofRole, modality, options, ...others } = said;
  const own = { ...others, ...options };
  return {
    ...(ofKind && { kind: ofKind }),
    ...(ofRole && { role: ofRole }),
    ...(modality && { modality }),
    ...(Object.keys(own).length > 0 && { options: own }),
  };
}
