/**
 * @file Near-duplicates on both sides of the split: held-out rows whose value nearly equals a training row's, on which figures
 * flatter. In: modalities, encoded rows, each row's split. Out: for each modality how many there are, and pairs.
 * At most so many rows are looked at, a seeded choice; memory does not grow with rows.
 */
import { splits } from "../data/records.ts";
import { chooseWhere, random } from "../engine/random.ts";
import type { EncodedRows } from "./encoded-rows.ts";
import type { Modality } from "./modality.ts";
import { type Twin, twinFinder } from "./twins.ts";

export interface Leakage {
  readonly modality: string;
  /** Held-out rows that were compared. */
  readonly compared: number;
  /** By places of rows in the data, from 0. */
  readonly twins: readonly Twin[];
}

const mostHeldOut = 5000;
const mostTraining = 200_000;
const rowsAtOnce = 512;

export async function findLeakage(
  modalities: readonly Modality[],
  { rows, splits: codes }: { readonly rows: EncodedRows; readonly splits: Uint8Array },
  seed: number,
): Promise<Leakage[]> {
  const finders = modalities.flatMap((modality) => (modality.marks ? [{ modality, finder: twinFinder() }] : []));
  if (finders.length === 0) return [];
  const train = splits.indexOf("train");
  const visit = async (isTraining: boolean, most: number) => {
    const wanted = (row: number) => (codes[row] === train) === isTraining && rows.usable[row] === 1;
    const chosen = chooseWhere(rows.count, wanted, most, random(seed, `leakage ${isTraining}`));
    for (let from = 0; from < chosen.length; from += rowsAtOnce) {
      const part = chosen.slice(from, from + rowsAtOnce);
      const batch = await rows.read(part);
      for (const { modality, finder } of finders) {
        const encoded = batch[modality.name]!;
        part.forEach((row, i) => {
          if (encoded.present[i] !== 1) return;
          const marks = modality.marks!(encoded, i);
          if (isTraining) finder.meet(row, marks);
          else finder.hold(row, marks);
        });
      }
    }
  };
  await visit(false, mostHeldOut);
  if (finders.every(({ finder }) => finder.held === 0)) return [];
  await visit(true, mostTraining);
  return finders
    .map(({ modality, finder }) => ({ modality: modality.name, compared: finder.held, twins: finder.twins() }))
    .filter(({ twins }) => twins.length > 0);
}
