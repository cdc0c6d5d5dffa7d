/**
 * @file Impute: the gaps of each row filled from all that the row holds. In: rows with nulls. Out: rows without, and how sure
 * each filled cell is: an interval for what has an order, probabilities for what has not.
 */
import type { Scalar, Value, Values } from "../data/records.ts";
import { random } from "../engine/random.ts";
import { encodeRows } from "../modalities/batch.ts";
import type { Encoded, Modality } from "../modalities/modality.ts";
import type { Latents, TrainedModel } from "../models/trained-model.ts";
import { sampleLatents, selectLatents } from "./latents.ts";

/** Share of draws inside an interval. */
export const intervalShare = 0.9;

export type Uncertainty =
  /** The middle 90 % of draws. */
  | { readonly low: Scalar; readonly high: Scalar }
  /** Share of draws of each value, most frequent first. */
  | { readonly probabilities: Readonly<Record<string, number>> };

export interface ImputeOptions {
  /** Draws behind each interval. */
  readonly samples: number;
  readonly seed: number;
  /** Columns to fill; all by default. */
  readonly columns?: readonly string[];
}

export interface Imputed {
  /** The rows with their gaps filled; a row that holds nothing at all stays as it is. */
  readonly filled: Values[];
  /** For each row: filled column → how sure. Pictures and sounds have none. */
  readonly intervals: Readonly<Record<string, Uncertainty>>[];
  /** Cells that the model cannot read, such as a category never seen; `row` counts from 0. Their rows go on without them. */
  readonly issues: Encoded["issues"];
}

export async function impute(
  model: TrainedModel,
  rows: readonly Values[],
  { samples, seed, columns }: ImputeOptions,
): Promise<Imputed> {
  const batch = encodeRows(model.modalities, await model.extract(rows));
  const posterior = await model.posterior(batch);
  const filled: Values[] = rows.map((row) => ({ ...row }));
  const intervals: Record<string, Uncertainty>[] = rows.map(() => ({}));
  for (const modality of model.modalities) {
    const wanted = modality.columns.filter((column) => columns?.includes(column) ?? true);
    const gaps = (row: number) => wanted.filter((column) => (rows[row]![column] ?? null) === null);
    const open = rows.map((_, row) => row).filter((row) => posterior.known[row] === 1 && gaps(row).length > 0);
    if (open.length === 0) continue;
    const { typical, draws } = await predictRows(model, modality, selectLatents(posterior, open), samples, seed);
    open.forEach((row, i) => {
      for (const column of gaps(row)) {
        filled[row] = { ...filled[row], [column]: typical[i]![column] ?? null };
        const sure = uncertainty(draws.map((values) => values[i]![column] ?? null));
        if (sure) intervals[row]![column] = sure;
      }
    });
  }
  return { filled, intervals, issues: Object.values(batch).flatMap(({ issues }) => issues) };
}

/** Latents behind a typical value, and rows whose parameters are held at once. */
const latentsAsked = 32;
const rowsAtOnce = 1024;

/** What the modality says of rows: typical values, and `samples` draws that vary latents and likelihood alike. */
export async function predictRows(
  model: TrainedModel,
  modality: Modality,
  posterior: Latents,
  samples: number,
  seed: number,
  columns?: readonly string[],
): Promise<{ readonly typical: Values[]; readonly draws: Values[][] }> {
  const typical = await typicalRows(model, modality, posterior, seed, columns);
  const draws: Values[][] = [];
  // Pictures and sounds have no interval, so they need no draws; nor have items that were found, not made.
  const hasScalars = !modality.gallery && Object.values(typical[0] ?? {}).some(isScalar);
  for (let i = 0; hasScalars && i < samples; i++) {
    const rng = random(seed, `impute ${modality.name} ${i}`);
    draws.push(await model.items(modality.name, sampleLatents(posterior, rng), { random: rng }));
  }
  return { typical, draws };
}

/**
 * The most typical values over the whole posterior. The likelihood at its mean alone says less: where a row leaves open which
 * of two things holds, the mean lies between them, and stands for neither.
 */
async function typicalRows(
  model: TrainedModel,
  modality: Modality,
  posterior: Latents,
  seed: number,
  columns?: readonly string[],
): Promise<Values[]> {
  if (!modality.consensus) return model.items(modality.name, posterior.mean);
  const typical: Values[] = [];
  for (let start = 0; start < posterior.rows; start += rowsAtOnce) {
    const rows = Array.from({ length: Math.min(rowsAtOnce, posterior.rows - start) }, (_, i) => start + i);
    const part = selectLatents(posterior, rows);
    const draws = Array.from({ length: latentsAsked }, (_, i) =>
      sampleLatents(part, random(seed, `typical ${modality.name} ${start} ${i}`)),
    );
    typical.push(...(await model.consensus(modality.name, draws, columns)));
  }
  return typical;
}

/** Numbers and ISO dates have an order; words have probabilities. Undefined without draws. */
export function uncertainty(draws: readonly (Value | null)[]): Uncertainty | undefined {
  const scalars = draws.filter(isScalar);
  if (scalars.length === 0) return undefined;
  if (scalars.every(hasOrder)) {
    const sorted = [...scalars].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const tail = (1 - intervalShare) / 2;
    return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
  }
  const counts = new Map<string, number>();
  for (const value of scalars) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  const shares = [...counts].sort(([, a], [, b]) => b - a).map(([value, n]) => [value, n / scalars.length] as const);
  return { probabilities: Object.fromEntries(shares.slice(0, mostProbabilities)) };
}

const mostProbabilities = 20;

const isScalar = (value: Value | null | undefined): value is Scalar =>
  value !== null && value !== undefined && typeof value !== "object";

/** Numbers and ISO dates. */
export const hasOrder = (value: Scalar): boolean =>
  typeof value === "number" || (typeof value === "string" && /^\d{4}-\d{2}-\d{2}(T|$)/.test(value));

/**
 * Between two draws by linear interpolation at share·(n + 1) (type 6 of Hyndman & Fan 1996): a further draw then falls between
 * the 5 % and 95 % quantiles in 90 % of the cases, for any n from 19 on. Type 7 of 10 draws would hold it in 74 %.
 */
function quantile(sorted: readonly Scalar[], share: number): Scalar {
  const at = Math.min(Math.max((sorted.length + 1) * share - 1, 0), sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  if (typeof below !== "number" || typeof above !== "number") return sorted[Math.round(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}
