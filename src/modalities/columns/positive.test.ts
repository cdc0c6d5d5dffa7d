import { expect, test } from "vitest";
import type { GaussianState } from "./column.ts";
import { positive } from "./positive.ts";

/** Logarithms that deviate by `spread` around `centre`. */
const fitted = (centre: number, spread: number): GaussianState => {
  const cells = Array.from({ length: 401 }, (_, i) => Math.exp(centre + (spread * (i - 200)) / 100));
  const state = positive.fit({ name: "area", cells, options: {} });
  if (state === null) throw new Error("expected a state for four hundred numbers");
  return state;
};
const typical = (state: GaussianState, deviation: number) =>
  Number(positive.typical(positive.expected([0, deviation], state), state));

test("the typical value is the mean of a log-normal whose spread can be learnt", () => {
  const state = fitted(3, 0.3);
  const spread = state.scale * 0.5;
  expect(typical(state, 0.5)).toBeCloseTo(Math.exp(3 + 0.5 * spread ** 2), 6);
});

test("a wide spread does not carry the typical value away from the median", () => {
  const state = fitted(11, 3);
  expect(state.scale).toBeGreaterThan(2);
  // The mean of this log-normal lies tens of times above its median.
  expect(typical(state, 1) / Math.exp(11)).toBeCloseTo(Math.exp(0.5), 6);
});
