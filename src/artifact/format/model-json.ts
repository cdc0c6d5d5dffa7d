/**
 * @file `model.json` of a model file. In: the record of a model. Out: its text, and back, checked: a file may come from anywhere.
 * What a modality's state must hold is checked by `openModality`, which alone knows.
 */
import * as z from "zod";
import { modelConfigSchema } from "../../models/config.ts";
import type { ModelRecord } from "../../models/trained-model.ts";
import { ModelFileError } from "./model-file-error.ts";

/** Raised when a file of the new form cannot be read by the code before. */
export const formatVersion = 1;

const name = z.string();
const amount = z.number();
const means = z.record(name, amount);

const recordSchema = z.looseObject({
  config: modelConfigSchema,
  modalities: z.array(z.looseObject({ kind: name, name })).min(1),
  data: z.looseObject({
    name,
    fingerprint: name,
    rows: amount,
    reading: z.looseObject({ header: z.boolean(), media: z.record(name, name), resolved: z.record(name, z.unknown()) }),
    columns: z.array(z.looseObject({ name, kind: name, role: name })),
  }),
  training: z.looseObject({
    seed: amount,
    epochs: amount,
    incidents: z.array(name),
    history: z.array(z.looseObject({ epoch: amount, train: means, validation: means })),
  }),
});

export const writeModelJson = (record: ModelRecord): string =>
  `${JSON.stringify({ formatVersion, ...record }, null, 1)}\n`;

/** @throws ModelFileError naming the file */
export function readModelJson(text: string, file: string): ModelRecord {
  const { formatVersion: version, ...record } = parseObject(text, file);
  if (typeof version === "number" && version > formatVersion) {
    throw new ModelFileError(
      `Cannot open ${file}: it was made by a newer polyvae (format ${version}, this version reads up to ${formatVersion}). Update polyvae.`,
    );
  }
  const checked = recordSchema.safeParse(record);
  // Loose objects keep what they do not name, so the checked record is the whole one.
  if (checked.success && version === formatVersion) return checked.data as unknown as ModelRecord;
  const fault = checked.error?.issues[0];
  const detail = fault ? `${fault.path.join(".")}: ${fault.message}` : `format version ${String(version)} is unknown`;
  throw new ModelFileError(`Cannot open ${file}: its model.json is not what polyvae writes (${detail}). Train again.`);
}

function parseObject(text: string, file: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (cause) {
    throw new ModelFileError(`Cannot open ${file}: its model.json is no JSON object. Train again.`, cause);
  }
}
