/** @file Reads the rows of an evaluation. In: a data set, encoded, and which rows. Out: StudyRows. */
import type { Dataset } from "../../data/dataset.ts";
import { type Cell, type Scalar, type Split, splits } from "../../data/records.ts";
import type { EncodedDataset } from "../../modalities/node/encode-dataset.ts";
import { chooseStudyRows, type RowChoice, type StudyRows } from "../study-rows.ts";

export async function readStudyRows(dataset: Dataset, encoded: EncodedDataset, choice: RowChoice): Promise<StudyRows> {
  const chosen = chooseStudyRows(encoded, choice);
  const names = dataset.columns.map(({ name }) => name);
  const keys: string[] = [];
  const numbers: number[] = [];
  const cells = names.map((): (Scalar | null)[] => []);
  let first = 0;
  for await (const rows of dataset.rows()) {
    for (
      let index = chosen[keys.length];
      index !== undefined && index < first + rows.length;
      index = chosen[keys.length]
    ) {
      const row = rows[index - first]!;
      keys.push(row.key);
      numbers.push(row.number);
      names.forEach((name, c) => {
        cells[c]!.push(plainCell(row.cells[name] ?? null));
      });
    }
    first += rows.length;
  }
  const { rows, splits: codes, issues } = encoded;
  return {
    keys,
    rows: numbers,
    splits: chosen.map((row) => splits[codes[row]!]!),
    batch: await rows.read(chosen),
    issues,
    cells: Object.fromEntries(names.map((name, c) => [name, cells[c]!])),
    ...(chosen.length < rows.count && { available: usableBySplit(encoded) }),
  };
}

function usableBySplit({ rows, splits: codes }: EncodedDataset): Record<Split, number> {
  const counts = splits.map(() => 0);
  for (let row = 0; row < rows.count; row++) if (rows.usable[row] === 1) counts[codes[row]!]!++;
  return Object.fromEntries(splits.map((split, code) => [split, counts[code]!])) as Record<Split, number>;
}

const plainCell = (cell: Cell): Scalar | null => (typeof cell === "object" ? (cell?.path ?? null) : cell);
