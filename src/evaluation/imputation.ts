/**
 * @file Imputation error: each observed cell hidden one at a time, the rest of the row given, other modalities too; of very wide
 * tables, some columns at a time. In: a Study. Out: per column the error beside that of the best constant guess from training rows.
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

/** Columns that are hidden alone; of a wider table a twentieth is hidden at a time. */
const mostAlone = 50;
const passesOfMore = 20;

/** HI-VAE (Nazabal 2018, 1807.03653), section 5. Columns whose constant guess is never wrong are left out. */
export async function imputation(study: Study, onPass: (share: number) => void): Promise<Record<string, Imputation>> {
  const passes = study.model.modalities.flatMap((modality) =>
    hiddenTogether(modality.scores ?? []).map((scores) => ({ modality, scores })),
  );
  const found = new Map<string, Imputation>();
  for (const [i, { modality, scores }] of passes.entries()) {
    for (const [column, judged] of await hideColumns(study, modality, scores))
      if (judged.baseline > 0) found.set(column, judged);
    onPass((i + 1) / passes.length);
  }
  const order = study.model.modalities.flatMap(({ scores = [] }) => scores.map(({ column }) => column));
  return Object.fromEntries(order.flatMap((column) => (found.has(column) ? [[column, found.get(column)!]] : [])));
}

/** Neighbours, often near copies of each other, come into different passes. */
function hiddenTogether(scores: readonly ColumnScore[]): ColumnScore[][] {
  const passes = scores.length <= mostAlone ? scores.length : passesOfMore;
  return Array.from({ length: passes }, (_, pass) => scores.filter((_, i) => i % passes === pass));
}

/** One pass: the columns are hidden in all rows where one of them is observed. */
async function hideColumns(
  study: Study,
  modality: Modality,
  scores: readonly ColumnScore[],
): Promise<[string, Imputation][]> {
  const { model, seed } = study;
  const names = scores.map(({ column }) => column);
  const { positions, rest, truths } = hiddenCells(study, modality, names);
  if (positions.length === 0) return [];
  const batch = { ...selectRows(study.batch, positions), [modality.name]: modality.encode(rest) };
  const posterior = await model.posterior(batch);
  const { typical } = await predictRows(model, modality, posterior, 0, seed, names);
  // A row that holds nothing else has no evidence to guess from.
  const judged = positions.map((_, i) => i).filter((i) => posterior.known[i] === 1);
  const chosen = evenly(
    judged.filter((i) => Object.values(truths[i]!).some(isOrdered)),
    mostDrawn,
  );
  const { draws: drawn } = await predictRows(model, modality, selectLatents(posterior, chosen), draws, seed);
  return scores.flatMap((score): [string, Imputation][] => {
    const { column } = score;
    const guessed = judged.flatMap((i) => {
      const truth = truths[i]![column] as Scalar | undefined;
      return truth === undefined ? [] : [{ truth, guess: typical[i]![column] as Scalar }];
    });
    if (guessed.length === 0) return [];
    const asked = chosen.flatMap((i, row) => {
      const truth = truths[i]![column] as Scalar | undefined;
      const values = drawn.map((rows) => rows[row]![column]);
      return truth !== undefined && hasOrder(truth) && values.every(isOrdered) ? [{ truth, values }] : [];
    });
    return [[column, { ...errorOf(score, guessed), ...intervalsOf(asked) }]];
  });
}

function errorOf(score: ColumnScore, guessed: readonly { readonly truth: Scalar; readonly guess: Scalar }[]) {
  const truths = guessed.map(({ truth }) => truth);
  return {
    error: score.error(
      truths,
      guessed.map(({ guess }) => guess),
    ),
    baseline: score.error(
      truths,
      truths.map(() => score.baseline),
    ),
    measure: measures[score.kind],
    cells: truths.length,
  };
}

function intervalsOf(asked: readonly { readonly truth: Scalar; readonly values: readonly Scalar[] }[]) {
  const numeric = asked.flatMap(({ truth, values }) =>
    typeof truth === "number" && isNumeric(values) ? [{ truth, values }] : [],
  );
  return {
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

/** Rows with observed cells that the modality can hold: where, the cells by column, and the rows without the columns. */
function hiddenCells(study: Study, modality: Modality, names: readonly string[]) {
  const cellOf = (name: string, position: number) => study.encoded.cells[name]?.[study.rows[position]!] ?? null;
  const truthsAt = new Map<number, Record<string, Values[string]>>();
  for (const name of names) {
    const observed = positionsWhere(study, (position) => cellOf(name, position) !== null);
    const readable = modality.encode(observed.map((position) => ({ [name]: cellOf(name, position) }))).present;
    observed.forEach((position, i) => {
      if (readable[i] !== 1) return;
      const truths = truthsAt.get(position) ?? {};
      truths[name] = cellOf(name, position);
      truthsAt.set(position, truths);
    });
  }
  const positions = [...truthsAt.keys()].sort((a, b) => a - b);
  const hidden = new Set(names);
  const others = modality.columns.filter((name) => !hidden.has(name));
  const rest = positions.map(
    (position): Values => Object.fromEntries(others.map((name) => [name, cellOf(name, position)])),
  );
  return { positions, rest, truths: positions.map((position) => truthsAt.get(position)!) };
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
