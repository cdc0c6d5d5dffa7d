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
import { decodeValues } from "./translate.ts";

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

/** What the modality says of rows: typical values, and `samples` draws that vary latents and likelihood alike. */
export async function predictRows(
  model: TrainedModel,
  modality: Modality,
  posterior: Latents,
  samples: number,
  seed: number,
): Promise<{ readonly typical: Values[]; readonly draws: Values[][] }> {
  const typical = await decodeValues(model, modality, posterior.mean);
  const draws: Values[][] = [];
  // Pictures and sounds have no interval, so they need no draws; nor have items that were found, not made.
  const hasScalars = !modality.gallery && Object.values(typical[0] ?? {}).some(isScalar);
  for (let i = 0; hasScalars && i < samples; i++) {
    const rng = random(seed, `impute ${modality.name} ${i}`);
    draws.push(await decodeValues(model, modality, sampleLatents(posterior, rng), rng));
  }
  return { typical, draws };
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

const hasOrder = (value: Scalar): boolean =>
  typeof value === "number" || (typeof value === "string" && /^\d{4}-\d{2}-\d{2}(T|$)/.test(value));

/** Numbers between two draws by linear interpolation (type 7 of Hyndman & Fan 1996); else the nearest draw. */
function quantile(sorted: readonly Scalar[], share: number): Scalar {
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  if (typeof below !== "number" || typeof above !== "number") return sorted[Math.round(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}
