/** @file Real values of chosen rows, media decoded, for the report. In: an opened data set. Out: a reader by place. */
import type { Dataset } from "../../data/dataset.ts";
import type { MediaDecoder, MediaRequest } from "../../data/media.ts";
import type { Row, Values } from "../../data/records.ts";
import type { Modality } from "../../modalities/modality.ts";
import { decodeRow } from "../../modalities/node/encode-dataset.ts";
import type { StudyRows } from "../study-rows.ts";

/** Rows are named by their place in StudyRows; of them, only these are held. Media come as the modalities want them. */
export async function rowValues(
  dataset: Dataset,
  { rows: numbers }: Pick<StudyRows, "rows">,
  modalities: readonly Modality[],
  decoder: MediaDecoder,
): Promise<(rows: readonly number[]) => Promise<readonly Values[]>> {
  const requests: Record<string, MediaRequest> = Object.assign({}, ...modalities.map(({ media }) => media));
  const held: Row[] = [];
  for await (const chunk of dataset.rows()) {
    for (const row of chunk) if (row.number === numbers[held.length]) held.push(row);
    if (held.length === numbers.length) break;
  }
  return (rows) => Promise.all(rows.map((row) => decodeRow(held[row]!, requests, decoder, () => undefined)));
}
