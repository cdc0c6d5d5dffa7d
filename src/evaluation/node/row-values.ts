/** @file Real values of chosen rows, media decoded, for the report. In: an opened data set. Out: a reader by row number. */
import type { Dataset } from "../../data/dataset.ts";
import type { MediaDecoder, MediaRequest } from "../../data/media.ts";
import type { Row, Values } from "../../data/records.ts";
import type { Modality } from "../../modalities/modality.ts";
import { decodeRow } from "../../modalities/node/encode-dataset.ts";

/** Rows are numbered from 0 in the order of the source, as in EncodedDataset. Media come as the modalities want them. */
export async function rowValues(
  dataset: Dataset,
  modalities: readonly Modality[],
  decoder: MediaDecoder,
): Promise<(rows: readonly number[]) => Promise<readonly Values[]>> {
  const requests: Record<string, MediaRequest> = Object.assign({}, ...modalities.map(({ media }) => media));
  const all: Row[] = [];
  for await (const chunk of dataset.rows()) all.push(...chunk);
  return (rows) => Promise.all(rows.map((row) => decodeRow(all[row]!, requests, decoder, () => undefined)));
}
