/**
 * @file Answers as files and text. In: Values in the user's units. Out: media files in a folder, and what stands for each value:
 * a path for media, the value itself elsewhere.
 */
import { join } from "node:path";
import { writeWhole } from "../artifact/node/write-file.ts";
import { writeCell } from "../data/cells.ts";
import { encodePng } from "../data/node/media-decoder.ts";
import type { Image, Scalar, Sound, Spelling, Value, Values } from "../data/records.ts";
import { encodeWav } from "../data/wav.ts";

const isImage = (value: Image | Sound): value is Image => "pixels" in value;

export const isMedia = (value: Value | null): value is Image | Sound => typeof value === "object" && value !== null;

/** Values of one column, media written as `<column>-<number>.png` or `.wav`. @returns paths and scalars, in order */
export async function writeAnswers(
  folder: string,
  column: string,
  values: readonly (Value | null)[],
): Promise<(Scalar | null)[]> {
  const digits = String(values.length).length;
  const written: (Scalar | null)[] = [];
  for (const [i, value] of values.entries()) {
    if (!isMedia(value)) {
      written.push(tidy(value));
      continue;
    }
    const number = String(i + 1).padStart(digits, "0");
    const path = join(folder, `${fileName(column)}-${number}.${isImage(value) ? "png" : "wav"}`);
    await writeWhole(path, isImage(value) ? await encodePng(value) : encodeWav(value));
    written.push(path);
  }
  return written;
}

/** A column may be called anything; a file may not. */
const fileName = (column: string): string => column.replace(/[/\\:*?"<>|\p{Cc}]/gu, "_").replace(/^\.+/, "_");

/** The networks compute with seven digits; what lies beyond is noise. */
export const tidy = (value: Scalar | null): Scalar | null =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;

export const asText = (value: Scalar | null, spelling?: Spelling): string => writeCell(tidy(value), spelling);

/** Columns of all rows, in order of first appearance. */
export const columnsOf = (rows: readonly Values[]): string[] => [...new Set(rows.flatMap((row) => Object.keys(row)))];
