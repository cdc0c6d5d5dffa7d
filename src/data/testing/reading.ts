/** @file How a plain file is read, for tests of what comes after. In: what is special. Out: a Reading. */
import type { Reading } from "../dataset.ts";

export const plainReading = (special: Partial<Reading> = {}): Reading => ({
  header: true,
  media: {},
  columns: {},
  splitFractions: { validation: 0.1, test: 0.1 },
  seed: 0,
  resolved: {},
  ...special,
});
