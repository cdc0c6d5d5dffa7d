/** @file The likelihood families by name. In: a family's name. Out: the family. */
import type { ColumnState, FamilyName } from "./column.ts";
import { categoryFamily, countFamily, type Family, gaussianFamily, orderFamily } from "./family.ts";

const families = {
  gaussian: gaussianFamily,
  count: countFamily,
  category: categoryFamily,
  order: orderFamily,
} satisfies Record<FamilyName, unknown>;

/** A family whose states' exact type is forgotten: states and family are matched by `family`. */
export const familyOf = (name: FamilyName): Family<ColumnState> => families[name] as unknown as Family<ColumnState>;
