import { expect, test } from "vitest";
import { trainingConfigSchema } from "./config.ts";
import {
  constantRate,
  cosineFall,
  firstPlateau,
  linearWarmUp,
  nextPlateau,
  productOfRates,
  rateFactor,
  scheduleFor,
  stepwiseFall,
} from "./schedule.ts";

const plain = trainingConfigSchema.parse({});

test("a small table gets more epochs, a large one fewer to warm up, and what is said stands", () => {
  expect(scheduleFor(plain, 4)).toEqual({ epochs: 1000, warmUp: 80, patience: 50 });
  expect(scheduleFor(plain, 400)).toEqual({ epochs: 100, warmUp: 1, patience: 3 });
  const said = trainingConfigSchema.parse({ epochs: 7, warmUp: 0, patience: 2 });
  expect(scheduleFor(said, 4)).toEqual({ epochs: 7, warmUp: 0, patience: 2 });
});

const curve = (settings: object) => {
  const factor = rateFactor(trainingConfigSchema.parse(settings));
  return (share: number) => factor({ share, step: 1000 });
};

test("by default the rate stands, then falls smoothly to a twentieth", () => {
  const anneal = curve({});
  expect([0, 0.3, 0.6].map(anneal)).toEqual([1, 1, 1]);
  expect(anneal(0.8)).toBeCloseTo(0.525, 10);
  expect([1, 2].map(anneal)).toEqual([expect.closeTo(0.05, 10), expect.closeTo(0.05, 10)]);
});

test("other falls of the rate", () => {
  const shares = [0, 0.49, 0.5, 0.75, 1];
  expect(shares.map(curve({ rateSchedule: "constant" }))).toEqual([1, 1, 1, 1, 1]);
  const tenths = [1, 1, 0.1, 0.01, 0.01].map((factor) => expect.closeTo(factor, 12) as number);
  expect(shares.map(curve({ rateSchedule: "steps" }))).toEqual(tenths);
  const cosine = curve({ rateSchedule: "cosine" });
  expect([cosine(0), cosine(0.5), cosine(1)]).toEqual([1, expect.closeTo(0.5, 12), 0]);
  for (let i = 0; i < 20; i++) expect(cosine((i + 1) / 20)).toBeLessThan(cosine(i / 20));
});

test("a warm-up rises by equal steps to 1, and multiplies with what falls", () => {
  const at = (step: number) => ({ step, share: 0.5 });
  const rise = linearWarmUp(4);
  expect([0, 1, 2, 3, 4, 99].map((step) => rise(at(step)))).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
  expect(linearWarmUp(0)(at(0))).toBe(1);
  const both = productOfRates(rise, stepwiseFall({ at: [0.5], factor: 0.1 }), constantRate);
  expect(both(at(1))).toBeCloseTo(0.05, 12);
  expect(productOfRates()(at(1))).toBe(1);
  const told = rateFactor(trainingConfigSchema.parse({ rateWarmUp: 10, rateSchedule: "cosine" }));
  expect(told(at(4))).toBe(0.5 * cosineFall({ from: 0, left: 0 })(at(4)));
});

test("on a plateau the rate falls to a third, and what it goes by is plain data", () => {
  const rule = { patience: 2, rateDrops: 1, counts: true };
  const start = firstPlateau(0.9);
  const seen: ReturnType<typeof nextPlateau>[] = [];
  for (const bound of [-3, -1, -2, -1, 0, -9, -9, -9]) {
    const before = JSON.parse(JSON.stringify(seen.at(-1)?.plateau ?? start)) as typeof start;
    seen.push(nextPlateau(before, bound, rule));
  }
  expect(start).toEqual({ rate: 0.9, bestBound: null, since: 0, drops: 0 });
  expect(seen.map(({ verdict }) => verdict)).toEqual([
    ...["better", "better", "waiting", "fallen"],
    ...["better", "waiting", "spent", "spent"],
  ]);
  expect(seen[3]!.plateau).toEqual({ rate: 0.9 / 3, bestBound: -1, since: 0, drops: 1 });
  expect(seen.at(-1)!.plateau).toEqual({ rate: 0.9 / 3, bestBound: 0, since: 3, drops: 1 });
  const ignored = nextPlateau({ ...start, bestBound: 1, since: 1 }, 0, { ...rule, counts: false });
  expect(ignored).toEqual({ plateau: { ...start, bestBound: 1, since: 1 }, verdict: "waiting" });
});
