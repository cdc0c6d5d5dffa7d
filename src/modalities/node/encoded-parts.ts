/** @file A data set read beside its encoded rows. In: both. Out: parts of the rows, each with its arrays, in the order of the source. */
import type { Dataset } from "../../data/dataset.ts";
import type { Row } from "../../data/records.ts";
import type { Batch } from "../modality.ts";
import type { EncodedDataset } from "./encode-dataset.ts";

export interface EncodedPart {
  readonly rows: readonly Row[];
  readonly batch: Batch;
}

export async function* encodedParts(
  dataset: Dataset,
  { rows }: Pick<EncodedDataset, "rows">,
): AsyncGenerator<EncodedPart> {
  let first = 0;
  for await (const part of dataset.rows()) {
    const indices = part.map((_, i) => first + i);
    first += part.length;
    yield { rows: part, batch: await rows.read(indices) };
  }
}
