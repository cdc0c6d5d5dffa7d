/**
 * @file Values → features, for columns that are read through a backbone. In: decoded rows, a few hundred at a time, and the networks.
 * Out: the same rows with vectors in these columns; every other value stays as it is.
 */
import type { Value, Values } from "../../data/records.ts";
import type { ForeignNetwork } from "../../engine/runtime.ts";
import type { BackboneUse } from "../modality.ts";

/** Network by its name in the model: `backbone-<column>`. */
export type NetworkOf = (name: string) => Promise<ForeignNetwork>;

/** @param uses column → its backbone; what is null or a vector already passes unchanged */
export async function extractFeatures(
  uses: Readonly<Record<string, BackboneUse>>,
  rows: readonly Values[],
  networkOf: NetworkOf,
): Promise<readonly Values[]> {
  let result = rows;
  for (const [column, use] of Object.entries(uses)) {
    const wanted = rows.flatMap((row, i) => (isRaw(row[column]) ? [i] : []));
    if (wanted.length === 0) continue;
    const values = wanted.map((i) => rows[i]![column]!);
    const features = await use.features(values, await networkOf(use.network));
    const byRow = new Map(wanted.map((row, i) => [row, features[i]!]));
    result = result.map((row, i) => (byRow.has(i) ? { ...row, [column]: byRow.get(i)! } : row));
  }
  return result;
}

const isRaw = (value: Value | null | undefined): boolean =>
  value !== null && value !== undefined && !(value instanceof Float32Array) && value !== "";
