/**
 * @file The contract of a table column's codec: cells ↔ a few numbers each, in the space of its likelihood family.
 * In: scalars of one column. Out: its fitted state (plain JSON), its numbers, and cells back in the user's units.
 */
import * as z from "zod";
import type { Scalar, Spelling } from "../../data/records.ts";

/** Likelihood families; columns of one family are handled together, so that the graph stays short. */
export const familyNames = [
  "gaussian",
  "hurdle",
  "poisson",
  "negative-binomial",
  "zero-inflated-poisson",
  "zero-inflated-negative-binomial",
  "beta",
  "inflated-beta",
  "category",
  "order",
  "labels",
] as const;
export type FamilyName = (typeof familyNames)[number];

const level = z.union([z.string(), z.number(), z.boolean()]);

/** How an imputed cell is judged (docs/math/metrics.md, "imputation"); `guess` is the best constant guess from training. */
export const judgementState = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("mismatch"), guess: level }),
  z.object({ kind: z.literal("shift"), guess: level }),
  z.object({ kind: z.literal("labels"), guess: level }),
  z.object({ kind: z.literal("range"), guess: level, low: z.number(), high: z.number() }),
]);

const common = { name: z.string(), judgement: judgementState };

/** What every column of numbers holds. Cells that are given back lie in low..high, the range of training. */
const ofNumbers = {
  ...common,
  /** Of the feature, and of the target where the family is Gaussian. */
  center: z.number(),
  scale: z.number().positive(),
  low: z.number(),
  high: z.number(),
  /** Digits after the point that training cells had; null: no rounding. */
  decimals: z.number().nullable(),
  /** Raw parameters of the likelihood at which it is the law of all training cells; the network adds to them. */
  starts: z.array(z.number()),
};

/** Parts of an instant that come again: time of day, day of week, day of year. */
export const cycleNames = ["day", "week", "year"] as const;
export type CycleName = (typeof cycleNames)[number];

/** Standardised as s = squash((t - center) / scale), t the value, its logarithm or its day number. */
export const gaussianState = z.object({
  ...ofNumbers,
  family: z.enum(["gaussian", "hurdle"]),
  kind: z.enum(["real", "positive", "date"]),
  /** Added before the logarithm of a positive column, so that 0 has one; 0 in a hurdle, where zeros stand apart. */
  offset: z.number(),
  /** Dates without a time of day. */
  wholeDays: z.boolean(),
  /** Cyclical features of a date. */
  cycles: z.array(z.enum(cycleNames)),
});

/** The feature is log(1 + k), standardised. */
export const countState = z.object({
  ...ofNumbers,
  family: z.enum(["poisson", "negative-binomial", "zero-inflated-poisson", "zero-inflated-negative-binomial"]),
  kind: z.literal("count"),
});

/** The feature is log(x / (1 - x)), standardised. */
export const fractionState = z.object({
  ...ofNumbers,
  family: z.enum(["beta", "inflated-beta"]),
  kind: z.literal("fraction"),
});

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

export const labelsState = z.object({
  ...common,
  family: z.literal("labels"),
  kind: z.literal("multilabel"),
  /** Most frequent first. */
  labels: z.array(z.string()).min(1),
  separator: z.string().min(1),
  /** Share of training cells that hold each. */
  shares: z.array(z.number()).min(1),
  /** Training had cells that are present and hold no label. */
  mayBeEmpty: z.boolean(),
});

export type GaussianState = z.infer<typeof gaussianState>;
export type CountState = z.infer<typeof countState>;
export type FractionState = z.infer<typeof fractionState>;
export type CategoryState = z.infer<typeof categoryState>;
export type OrderState = z.infer<typeof orderState>;
export type LabelsState = z.infer<typeof labelsState>;
export type NumberState = GaussianState | CountState | FractionState;
export const columnState = z.discriminatedUnion("family", [
  gaussianState,
  countState,
  fractionState,
  categoryState,
  orderState,
  labelsState,
]);
export type ColumnState = z.infer<typeof columnState>;

/** Why a cell cannot be used: the code of the issue that it becomes. */
export type Fault = "number-not-finite" | "value-not-readable" | "category-unseen";

/**
 * A cell as numbers: of scalar families the likelihood's target, then the features (a lone number is both); of a category or
 * an ordered level its number; of labels 0 or 1 for each.
 */
export type Target = readonly number[];

/** Present cells of training rows, and what is known of their column. */
export interface ColumnCells {
  readonly name: string;
  readonly cells: readonly Scalar[];
  /** Not yet checked. */
  readonly options: unknown;
  readonly spelling?: Spelling | undefined;
}

export interface ColumnCodec<State extends ColumnState> {
  /** Null where nothing in the cells can be learnt. @throws Error for options that the kind does not have */
  fit(column: ColumnCells): State | null;
  /** What turns one cell into its target; made once for all rows. */
  encoder(state: State): (cell: Scalar) => Target | Fault;
  /** The cell that a target drawn from the likelihood stands for; always one that the column allows. */
  decode(target: Target, state: State): Scalar;
  /** What a likelihood says of a cell (`Family.belief`) → numbers whose average over several likelihoods means something. */
  expected(belief: Target, state: State): Target;
  /** The most typical cell by the averaged numbers; always one that the column allows. */
  typical(expected: Target, state: State): Scalar;
}

export const isFault = <T>(encoded: T | Fault): encoded is Fault => typeof encoded === "string";

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
