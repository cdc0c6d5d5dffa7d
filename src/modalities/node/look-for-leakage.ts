/**
 * @file Near-duplicates across the split, looked for before anything is learnt. In: a data set, a decoder, a cache (training finds
 * the decoded arrays there). Out: issues.
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Issue } from "../../data/issues.ts";
import { findLeakage } from "../leakage.ts";
import { type EncodeOptions, encodeDataset, fitDataset } from "./encode-dataset.ts";
import { leakageIssues } from "./leakage-issues.ts";

export async function lookForLeakage(dataset: Dataset, options: EncodeOptions & { seed: number }): Promise<Issue[]> {
  const modalities = await fitDataset(dataset, options);
  const encoded = await encodeDataset(dataset, modalities, options);
  const found = await findLeakage(modalities, encoded, options.seed).finally(encoded.close);
  return leakageIssues(dataset, found);
}
