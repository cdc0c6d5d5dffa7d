/**
 * @file Leakage told to the user, with a column that would keep the twins together where the data have one. In: what was found, and
 * the data set. Out: issues.
 */
import type { Dataset } from "../../data/dataset.ts";
import type { Issue } from "../../data/issues.ts";
import type { Cell } from "../../data/records.ts";
import type { Leakage } from "../leakage.ts";

/** Twins with another's partner agree by chance alone. */
const pairsLookedAt = 200;
const mostAgree = 0.5;
const fewByChance = 0.2;
/** A column of a few values would put a quarter of all rows into one split. */
const largestGroups = 50;

export async function leakageIssues(dataset: Dataset, found: readonly Leakage[]): Promise<Issue[]> {
  if (found.length === 0) return [];
  const pairs = found.map(({ twins }) => twins.slice(0, pairsLookedAt));
  const cells = await cellsOf(dataset, new Set(pairs.flat().flatMap(({ row, trainingRow }) => [row, trainingRow])));
  return found.map(({ modality, compared, twins }, i): Issue => {
    const joining = columnThatJoins(dataset, pairs[i]!, cells);
    const { row, trainingRow } = twins[0]!;
    return {
      code: "split-leakage",
      column: modality,
      count: twins.length,
      of: compared,
      example: [row + 1, trainingRow + 1],
      ...(joining && { group: { column: joining.name, together: joining.agree } }),
    };
  });
}

type Cells = ReadonlyMap<number, Readonly<Record<string, Cell>>>;

async function cellsOf(dataset: Dataset, wanted: ReadonlySet<number>): Promise<Cells> {
  const cells = new Map<number, Readonly<Record<string, Cell>>>();
  for await (const rows of dataset.rows()) {
    for (const row of rows) if (wanted.has(row.number - 1)) cells.set(row.number - 1, row.cells);
    if (cells.size === wanted.size) break;
  }
  return cells;
}

/** The column whose values most twins share, and rows that are no twins hardly ever. */
function columnThatJoins({ columns, rowCount }: Dataset, pairs: Leakage["twins"], cells: Cells) {
  const share = (name: string, shift: number) => {
    const equal = pairs.filter(({ row }, i) => {
      const { trainingRow } = pairs[(i + shift) % pairs.length]!;
      const [a, b] = [cells.get(row)?.[name] ?? null, cells.get(trainingRow)?.[name] ?? null];
      return a !== null && typeof a !== "object" && a === b;
    });
    return equal.length / pairs.length;
  };
  const joining = columns
    .filter(({ role, distinct }) => (role === "feature" || role === "ignored") && distinct >= rowCount / largestGroups)
    .map(({ name }) => ({ name, agree: share(name, 0), byChance: share(name, 1 + (pairs.length >> 1)) }))
    .filter(({ agree, byChance }) => agree >= mostAgree && byChance <= fewByChance && pairs.length > 2);
  return joining.sort((a, b) => b.agree - a.agree || a.byChance - b.byChance)[0];
}
