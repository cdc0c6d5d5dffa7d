/**
 * @file Answers as files and text. In: Values in the user's units. Out: media and .npy files in a folder, and what stands for each
 * value: a path for these, the value itself elsewhere. Where there is no folder a vector is text.
 */
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { writeWhole } from "../artifact/node/write-file.ts";
import { writeCell } from "../data/cells.ts";
import { encodePng } from "../data/node/media-decoder.ts";
import { writeNpy } from "../data/npy.ts";
import type { Image, ItemSource, Scalar, Sound, Spelling, Value, Values } from "../data/records.ts";
import { writeVector } from "../data/vectors.ts";
import { encodeWav } from "../data/wav.ts";
import type { TrainedModel } from "../models/trained-model.ts";
import type { Terminal } from "./terminal.ts";

type Filed = Image | Sound | Float32Array;

const isFiled = (value: Value | null): value is Filed => typeof value === "object" && value !== null;

/** A picture or a sound: what no text can hold. */
export const isMedia = (value: Value | null): value is Image | Sound =>
  isFiled(value) && !(value instanceof Float32Array);

/** A training item is given as its own file, where that is still there; else as the model holds it. */
async function fileOf(value: Filed): Promise<{ extension: string; bytes: Uint8Array }> {
  const path = isMedia(value) ? value.source?.path : undefined;
  const own = path === undefined ? undefined : await readFile(path).catch(() => undefined);
  if (own) return { extension: extname(path!).slice(1).toLowerCase() || "bin", bytes: own };
  if (value instanceof Float32Array)
    return { extension: "npy", bytes: writeNpy({ shape: [value.length], values: value }) };
  return "pixels" in value
    ? { extension: "png", bytes: await encodePng(value) }
    : { extension: "wav", bytes: encodeWav(value) };
}

/** Values of one column, media and vectors written as `<column>-<number>.png`, `.wav` or `.npy`. @returns paths and scalars, in order */
export async function writeAnswers(
  folder: string,
  column: string,
  values: readonly (Value | null)[],
): Promise<(Scalar | null)[]> {
  const digits = String(values.length).length;
  const written: (Scalar | null)[] = [];
  for (const [i, value] of values.entries()) {
    if (!isFiled(value)) {
      written.push(tidy(value));
      continue;
    }
    const number = String(i + 1).padStart(digits, "0");
    const { extension, bytes } = await fileOf(value);
    const path = join(folder, `${fileName(column)}-${number}.${extension}`);
    await writeWhole(path, bytes);
    written.push(path);
  }
  return written;
}

/** Says which answers were found among the training rows rather than made. */
export function noteNearest(terminal: Terminal, { modalities }: TrainedModel, columns: readonly string[]): void {
  for (const { name, gallery } of modalities)
    if (gallery && columns.includes(name))
      terminal.note(
        `Note: "${name}" is read through a backbone: its answers are the nearest of ${gallery.items.length} training items, not new ones.`,
      );
}

/** Which training rows answers are: their keys and files; null for what was made. */
export const itemSources = (values: readonly (Value | null)[]): (ItemSource | null)[] =>
  values.map((value) => (isMedia(value) ? (value.source ?? null) : null));

/** A column may be called anything; a file may not. */
const fileName = (column: string): string => column.replace(/[/\\:*?"<>|\p{Cc}]/gu, "_").replace(/^\.+/, "_");

/** The networks compute with seven digits; what lies beyond is noise. */
export const tidy = (value: Scalar | null): Scalar | null =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

export const asText = (value: Scalar | Float32Array | null, spelling?: Spelling): string =>
  value instanceof Float32Array ? writeVector(value) : writeCell(tidy(value), spelling);

/** Columns of all rows, in order of first appearance. */
export const columnsOf = (rows: readonly Values[]): string[] => [...new Set(rows.flatMap((row) => Object.keys(row)))];
