/** @file The likelihood families by name. In: a family's name. Out: the family. */
import { beta, inflatedBeta } from "../likelihoods/beta.ts";
import { countLikelihoods } from "../likelihoods/count-law.ts";
import { gaussian } from "../likelihoods/gaussian.ts";
import { hurdle } from "../likelihoods/hurdle.ts";
import type { ColumnState, CountState, FamilyName, FractionState, GaussianState } from "./column.ts";
import { categoryFamily, type Family, labelsFamily, orderFamily, scalarFamily } from "./family.ts";

/** A standardised number known to a tenth of its deviation. */
const bitsOfNumber = 4;

/** The target; with cycles also itself and two features for each. */
const gaussianWidth = ({ cycles }: GaussianState) => (cycles.length === 0 ? 1 : 2 + 2 * cycles.length);

const countFamily = (law: keyof typeof countLikelihoods) =>
  scalarFamily<CountState>(
    countLikelihoods[law],
    () => 2,
    ({ low, high }) => Math.min(bitsOfNumber, Math.log2(high - low + 1)),
  );

const families = {
  gaussian: scalarFamily<GaussianState>(gaussian, gaussianWidth, () => bitsOfNumber),
  // The target, whether it is above zero, and where it is.
  hurdle: scalarFamily<GaussianState>(
    hurdle,
    () => 3,
    () => bitsOfNumber,
  ),
  poisson: countFamily("poisson"),
  "negative-binomial": countFamily("negative-binomial"),
  "zero-inflated-poisson": countFamily("zero-inflated-poisson"),
  "zero-inflated-negative-binomial": countFamily("zero-inflated-negative-binomial"),
  beta: scalarFamily<FractionState>(
    beta,
    () => 2,
    () => bitsOfNumber,
  ),
  // The target, its log-odds, whether it is 0, whether it is 1.
  "inflated-beta": scalarFamily<FractionState>(
    inflatedBeta,
    () => 4,
    () => bitsOfNumber,
  ),
  category: categoryFamily,
  order: orderFamily,
  labels: labelsFamily,
} satisfies Record<FamilyName, unknown>;

/** A family whose states' exact type is forgotten: states and family are matched by `family`. */
export const familyOf = (name: FamilyName): Family<ColumnState> => families[name] as unknown as Family<ColumnState>;
