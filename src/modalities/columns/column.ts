/**
 * @file The contract of a table column's codec: cells ↔ one number each, in the space of its likelihood family.
 * In: scalars of one column. Out: its fitted state (plain JSON), targets, and cells back in the user's units.
 */
import * as z from "zod";
import type { Scalar } from "../../data/records.ts";

/** Likelihood families; columns of one family are handled together, so that the graph stays short. */
export const familyNames = ["gaussian", "count", "category", "order"] as const;
export type FamilyName = (typeof familyNames)[number];

/** How an imputed cell is judged (docs/math/metrics.md, "imputation"); `guess` is the best constant guess from training. */
export const judgementState = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("mismatch"), guess: z.union([z.string(), z.number(), z.boolean()]) }),
  z.object({ kind: z.literal("shift"), guess: z.union([z.string(), z.number(), z.boolean()]) }),
  z.object({
    kind: z.literal("range"),
    guess: z.union([z.string(), z.number(), z.boolean()]),
    low: z.number(),
    high: z.number(),
  }),
]);

const common = { name: z.string(), judgement: judgementState };

/** Standardised as s = squash((t - center) / scale), t the value, its logarithm or its day number. */
export const gaussianState = z.object({
  ...common,
  family: z.literal("gaussian"),
  kind: z.enum(["real", "positive", "date"]),
  center: z.number(),
  scale: z.number().positive(),
  /** Added before the logarithm of a positive column, so that 0 has one. */
  offset: z.number(),
  /** Digits after the point that training cells had; null: no rounding. */
  decimals: z.number().nullable(),
  low: z.number(),
  high: z.number(),
  /** Dates without a time of day. */
  wholeDays: z.boolean(),
});

export const countState = z.object({
  ...common,
  family: z.literal("count"),
  kind: z.literal("count"),
  /** log(1 + k) is standardised with these to make the feature; logMean is the likelihood's starting point. */
  center: z.number(),
  scale: z.number().positive(),
  logMean: z.number(),
  low: z.number(),
  high: z.number(),
});

const level = z.union([z.string(), z.number(), z.boolean()]);

export const categoryState = z.object({
  ...common,
  family: z.literal("category"),
  kind: z.enum(["categorical", "boolean"]),
  levels: z.array(level).min(1),
});

export const orderState = z.object({
  ...common,
  family: z.literal("order"),
  kind: z.literal("ordinal"),
  /** From lowest to highest. */
  levels: z.array(level).min(2),
  /** Thresholds of the cumulative logits at raw parameters of 0: the frequencies of training. */
  bases: z.array(z.number()).min(1),
});

export type GaussianState = z.infer<typeof gaussianState>;
export type CountState = z.infer<typeof countState>;
export type CategoryState = z.infer<typeof categoryState>;
export type OrderState = z.infer<typeof orderState>;
export const columnState = z.discriminatedUnion("family", [gaussianState, countState, categoryState, orderState]);
export type ColumnState = z.infer<typeof columnState>;

/** Why a cell cannot be used: the code of the issue that it becomes. */
export type Fault = "number-not-finite" | "value-not-readable" | "category-unseen";

/** What a family says of a cell, in target space. `deviation` is 0 for draws and classes. */
export interface Prediction {
  readonly value: number;
  readonly deviation: number;
}

export interface ColumnCodec<State extends ColumnState> {
  /** Present cells of training rows → state; null where nothing in them can be learnt. */
  fit(name: string, cells: readonly Scalar[], options: unknown): State | null;
  /** What turns one cell into its target; made once for all rows. */
  encoder(state: State): (cell: Scalar) => number | Fault;
  decode(prediction: Prediction, state: State): Scalar;
}

export const isFault = (encoded: number | Fault): encoded is Fault => typeof encoded === "string";

/** A cell as a number; text is read as one, and anything else is unreadable. */
export function readNumber(cell: Scalar): number | Fault {
  if (typeof cell === "boolean") return cell ? 1 : 0;
  const value = typeof cell === "number" ? cell : Number(cell.trim() === "" ? "x" : cell);
  if (Number.isFinite(value)) return value;
  const infinite = typeof cell === "number" || /^[+-]?(nan|inf(inity)?)$/i.test(cell.trim());
  return infinite ? "number-not-finite" : "value-not-readable";
}

export const readNumbers = (cells: readonly Scalar[]): number[] =>
  cells.map(readNumber).filter((value) => typeof value === "number");
