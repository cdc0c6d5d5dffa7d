/**
 * @file Evidence that a user gives: `--given COLUMN=VALUE`. In: texts. Out: Values as the model's modalities read them: numbers
 * parsed as the column's file spells them, media and .npy files decoded.
 */
import { cellReader } from "../data/cells.ts";
import { decodeMedia, namesFile } from "../data/media.ts";
import { nodeMediaDecoder } from "../data/node/media-decoder.ts";
import { type ColumnKind, isFileKind, type Value, type Values } from "../data/records.ts";
import type { TrainedModel } from "../models/trained-model.ts";
import { checkGiven } from "../uses/names.ts";
import { CommandError, UsageError } from "./failure.ts";

/** @throws Error naming the column that is unknown, the value that cannot be read, or the file that cannot be decoded */
export async function readEvidence(
  model: TrainedModel,
  given: Readonly<Record<string, string>> | undefined,
): Promise<Values> {
  if (given === undefined)
    throw new UsageError(`Nothing is given: say --given COLUMN=VALUE, for example --given ${exampleOf(model)}.`);
  checkGiven(model, given);
  const entries = Object.entries(given).map(
    async ([column, text]): Promise<[string, Value]> => [column, await readValue(model, column, text)],
  );
  return Object.fromEntries(await Promise.all(entries));
}

async function readValue(model: TrainedModel, column: string, text: string): Promise<Value> {
  if (text.trim() === "")
    throw new UsageError(`Cannot use --given ${column}=: it has no value. Leave it out, or give one.`);
  const request = model.modalities.map(({ media }) => media[column]).find((found) => found !== undefined);
  if (namesFile(request, text.trim())) return decodeMedia(nodeMediaDecoder, { path: text }, request);
  return readScalar(model, column, text.trim());
}

function readScalar(model: TrainedModel, column: string, text: string): Value {
  const { kind, spelling } = model.record.data.reading.resolved[column] ?? { kind: "text" as ColumnKind };
  if (isFileKind(kind))
    throw new CommandError(
      `Cannot use --given ${column}=${text}: the model says not how ${kind} is read. Train again.`,
    );
  const { value } = cellReader(kind, spelling)(text);
  if (value !== null) return value;
  const forms: Partial<Record<ColumnKind, string>> = {
    boolean: `${(spelling?.booleans ?? ["false", "true"]).join(" or ")}`,
    date: `a date such as ${spelling?.dates ?? "YYYY-MM-DD"}`,
    text: "some text",
    vector: "numbers such as [0.1, 0.2], or the name of a .npy file",
    categorical: "a category",
  };
  throw new CommandError(`Cannot use --given ${column}=${text}: expected ${forms[kind] ?? "a number such as 12.5"}.`);
}

function exampleOf({ modalities }: TrainedModel): string {
  const column = modalities.flatMap(({ columns }) => columns)[0] ?? "title";
  return modalities.some(({ media }) => column in media) ? `${column}=file` : `${column}=…`;
}
