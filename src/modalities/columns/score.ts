/**
 * @file The error of imputed cells as docs/math/metrics.md defines it. In: a column's state, truths and guesses. Out: one number.
 *   mismatch: share of guesses that differ; shift: mean |rank - rank| / levels; labels: share of labels wrongly there or not; range: RMSE / (max - min of training)
 */
import type { Scalar } from "../../data/records.ts";
import type { ColumnScore } from "../modality.ts";
import { levelNumbers } from "./category.ts";
import { type ColumnState, isFault, type LabelsState, readNumber } from "./column.ts";
import { readDays } from "./date.ts";
import { splitLabels } from "./labels.ts";
import { average } from "./scaling.ts";

export function columnScore(state: ColumnState): ColumnScore {
  const { kind, guess } = state.judgement;
  const error = (truths: readonly Scalar[], guesses: readonly Scalar[]) => columnError(state, truths, guesses);
  return { column: state.name, kind, baseline: guess, error };
}

function columnError(state: ColumnState, truths: readonly Scalar[], guesses: readonly Scalar[]): number {
  if (truths.length !== guesses.length)
    throw new Error(
      `Cannot judge column "${state.name}": expected as many guesses as truths, received ${guesses.length} and ${truths.length}.`,
    );
  if (truths.length === 0) return Number.NaN;
  const pieces = truths.map((truth, i) => cellError(state, truth, guesses[i]!));
  return state.judgement.kind === "range" ? Math.sqrt(average(pieces.map((x) => x * x))) : average(pieces);
}

/** Share of the known labels that only one of the two cells holds. */
function labelError(state: LabelsState, truth: Scalar, guess: Scalar): number {
  const [a, b] = [truth, guess].map((cell) => new Set(splitLabels(cell, state.separator)));
  return state.labels.filter((label) => a!.has(label) !== b!.has(label)).length / state.labels.length;
}

/** Error of one cell: 0 or 1; |shift| / levels; difference / range of training (all of it where that is 0). */
function cellError(state: ColumnState, truth: Scalar, guess: Scalar): number {
  if (state.family === "category") return String(truth) === String(guess) ? 0 : 1;
  if (state.family === "order") {
    const rank = levelNumbers(state.levels);
    const [a, b] = [rank(truth), rank(guess)];
    return isFault(a) || isFault(b) ? 1 : Math.abs(a - b) / state.levels.length;
  }
  if (state.family === "labels") return labelError(state, truth, guess);
  const read = state.kind === "date" ? readDays : readNumber;
  const [a, b] = [read(truth), read(guess)];
  if (isFault(a) || isFault(b)) return 1;
  const range = state.high - state.low;
  return a === b ? 0 : (a - b) / (range > 0 ? range : Math.abs(a - b));
}
