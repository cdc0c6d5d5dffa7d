import { expect, test } from "vitest";
import { trainingConfigSchema } from "./config.ts";
import { anneal, scheduleFor } from "./schedule.ts";

const plain = trainingConfigSchema.parse({});

test("a small table gets more epochs, a large one fewer to warm up, and what is said stands", () => {
  expect(scheduleFor(plain, 4)).toEqual({ epochs: 1000, warmUp: 80, patience: 50 });
  expect(scheduleFor(plain, 400)).toEqual({ epochs: 100, warmUp: 1, patience: 3 });
  const said = trainingConfigSchema.parse({ epochs: 7, warmUp: 0, patience: 2 });
  expect(scheduleFor(said, 4)).toEqual({ epochs: 7, warmUp: 0, patience: 2 });
});

test("the rate stands, then falls smoothly to a twentieth", () => {
  expect([0, 0.3, 0.6].map(anneal)).toEqual([1, 1, 1]);
  expect(anneal(0.8)).toBeCloseTo(0.525, 10);
  expect([1, 2].map(anneal)).toEqual([expect.closeTo(0.05, 10), expect.closeTo(0.05, 10)]);
});
