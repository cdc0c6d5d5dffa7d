/**
 * @file Imputation error: each observed cell hidden one at a time, the rest of the row given, other modalities too.
 * In: a Study. Out: per column the error beside that of the best constant guess from training rows.
 */
import type { Scalar, Values } from "../data/records.ts";
import { selectRows } from "../modalities/batch.ts";
import type { ColumnScore, Modality } from "../modalities/modality.ts";
import { hasOrder, predictRows, uncertainty } from "../uses/impute.ts";
import { selectLatents } from "../uses/latents.ts";
import type { Imputation } from "./metrics.ts";
import { positionsWhere, type Study } from "./study.ts";

/** Draws behind coverage and the continuous ranked probability score. */
const draws = 40;
/** Rows of which draws are taken, evenly spread: draws of all would cost minutes and tell hardly more. */
const mostDrawn = 500;

const measures: Readonly<Record<ColumnScore["kind"], string>> = {
  mismatch: "share of wrong guesses",
  shift: "mean shift of levels / number of levels",
  labels: "share of wrong labels",
  range: "root mean square error / range of training",
};

/** HI-VAE (Nazabal 2018, 1807.03653), section 5. Columns whose constant guess is never wrong are left out. */
export async function imputation(study: Study, onColumn: (share: number) => void): Promise<Record<string, Imputation>> {
  const scored = study.model.modalities.flatMap((modality) =>
    (modality.scores ?? []).map((score) => ({ modality, score })),
  );
  const found: Record<string, Imputation> = {};
  for (const [i, { modality, score }] of scored.entries()) {
    const judged = await hideColumn(study, modality, score);
    if (judged && judged.baseline > 0) found[score.column] = judged;
    onColumn((i + 1) / scored.length);
  }
  return found;
}

/** One pass: the column is hidden in all rows where it is observed. */
async function hideColumn(study: Study, modality: Modality, score: ColumnScore): Promise<Imputation | undefined> {
  const { model, seed } = study;
  const hidden = hiddenCells(study, modality, score.column);
  if (hidden.positions.length === 0) return undefined;
  const batch = { ...selectRows(study.batch, hidden.positions), [modality.name]: modality.encode(hidden.rest) };
  const posterior = await model.posterior(batch);
  const { typical } = await predictRows(model, modality, posterior, 0, seed, [score.column]);
  // A row that holds nothing else has no evidence to guess from.
  const judged = hidden.truths.map((_, i) => i).filter((i) => posterior.known[i] === 1);
  if (judged.length === 0) return undefined;
  const truths = judged.map((i) => hidden.truths[i]!);
  const guesses = judged.map((i) => typical[i]![score.column] as Scalar);
  const chosen = evenly(
    judged.filter((i) => hasOrder(hidden.truths[i]!)),
    mostDrawn,
  );
  const { draws: drawn } = await predictRows(model, modality, selectLatents(posterior, chosen), draws, seed);
  const asked = chosen.flatMap((i, row) => {
    const values = drawn.map((rows) => rows[row]![score.column]);
    return values.every(isOrdered) ? [{ truth: hidden.truths[i]!, values }] : [];
  });
  const numeric = asked.flatMap(({ truth, values }) =>
    typeof truth === "number" && isNumeric(values) ? [{ truth, values }] : [],
  );
  return {
    error: score.error(truths, guesses),
    baseline: score.error(
      truths,
      truths.map(() => score.baseline),
    ),
    measure: measures[score.kind],
    cells: truths.length,
    ...(asked.length > 0 && { coverage90: mean(asked.map(({ truth, values }) => (isCovered(truth, values) ? 1 : 0))) }),
    ...(numeric.length > 0 && {
      crps: mean(numeric.map(({ truth, values }) => rankedScore(truth, values))),
    }),
  };
}

const isOrdered = (value: Values[string] | undefined): value is Scalar =>
  value !== null && value !== undefined && typeof value !== "object" && hasOrder(value);

const isNumeric = (values: readonly unknown[]): values is number[] =>
  values.every((value) => typeof value === "number");

/** At most so many, evenly spread over the list. */
const evenly = (items: readonly number[], most: number): number[] =>
  items.filter((_, i) => Math.floor(((i + 1) * most) / items.length) > Math.floor((i * most) / items.length));

/** Observed cells that the modality can hold: where, what they are, and their rows without them. */
function hiddenCells(study: Study, modality: Modality, column: string) {
  const cellOf = (name: string, position: number) => study.encoded.cells[name]?.[study.rows[position]!] ?? null;
  const observed = positionsWhere(study, (position) => cellOf(column, position) !== null);
  const readable = modality.encode(observed.map((position) => ({ [column]: cellOf(column, position) }))).present;
  const positions = observed.filter((_, i) => readable[i] === 1);
  const rest = positions.map((position): Values => {
    const others = modality.columns.filter((name) => name !== column);
    return Object.fromEntries(others.map((name) => [name, cellOf(name, position)]));
  });
  return { positions, rest, truths: positions.map((position) => cellOf(column, position)!) };
}

function isCovered(truth: Scalar, values: readonly Scalar[]): boolean {
  const interval = uncertainty(values);
  return interval !== undefined && "low" in interval && truth >= interval.low && truth <= interval.high;
}

/** CRPS of an ensemble (Gneiting & Raftery 2007, eq. 21): E|X − x| − ½ E|X − X'|. */
export function rankedScore(truth: number, values: readonly number[]): number {
  const count = values.length;
  const sorted = [...values].sort((a, b) => a - b);
  // Σᵢⱼ |xᵢ − xⱼ| = 2 Σᵢ (2i − n + 1) x₍ᵢ₎
  const spread = sorted.reduce((total, value, i) => total + (2 * i - count + 1) * value, 0);
  return mean(values.map((value) => Math.abs(value - truth))) - spread / count ** 2;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
