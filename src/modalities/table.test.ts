import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ColumnKind, Scalar, Values } from "../data/records.ts";
import { column } from "../data/testing/column.ts";
import { random } from "../engine/random.ts";
import { type ColumnState, familyNames } from "./columns/column.ts";
import { familyOf } from "./columns/families.ts";
import { beta, inflatedBeta } from "./likelihoods/beta.ts";
import { boundedLogits, softmaxOf } from "./likelihoods/categorical.ts";
import { countLikelihoods } from "./likelihoods/count-law.ts";
import { gaussian } from "./likelihoods/gaussian.ts";
import { hurdle, zeroMark } from "./likelihoods/hurdle.ts";
import { type ScalarLikelihood, softUnbound } from "./likelihoods/likelihood.ts";
import { logMeanBounds } from "./likelihoods/negative-binomial.ts";
import { ordinalProbabilities } from "./likelihoods/ordinal.ts";
import { samplePoisson } from "./likelihoods/special.ts";
import type { Encoded, Modality } from "./modality.ts";
import { fitTable } from "./table.ts";
import { drawParameters, likelihoodOf, modalityContract } from "./testing/modality-contract.ts";

const kinds: Record<string, ColumnKind> = {
  height: "real",
  price: "positive",
  born: "date",
  people: "count",
  visits: "count",
  colour: "categorical",
  alive: "boolean",
  grade: "ordinal",
  size: "ordinal",
  rain: "positive",
  siblings: "count",
  bites: "count",
  faults: "count",
  humidity: "fraction",
  filled: "fraction",
  seen: "date",
  tags: "multilabel",
};
const columns = Object.entries(kinds).map(([name, kind]) => ({
  ...column(name, kind),
  ...(kind === "multilabel" && { spelling: { separator: "; " } }),
}));
const options = { size: { levels: ["S", "M", "L"] } };

const rng = random(1, "rows");
const training: Values[] = Array.from({ length: 300 }, (_, i) => ({
  height: Number((170 + 8 * rng.normal()).toFixed(1)),
  price: Number(Math.exp(3 + rng.normal()).toFixed(2)),
  born: new Date(Date.UTC(1990, 0, 1 + rng.below(5000))).toISOString().slice(0, 10),
  people: 10_000 + rng.below(1e8),
  visits: rng.below(9) * rng.below(4),
  colour: ["red", "green", "blue"][i % 3]!,
  alive: i % 4 > 0,
  grade: 1 + rng.below(5),
  size: ["S", "M", "L"][rng.below(3)]!,
  rain: i % 3 === 0 ? 0 : Number(Math.exp(1 + 0.8 * rng.normal()).toFixed(1)),
  siblings: samplePoisson(1.5, rng),
  bites: i % 2 === 0 ? 0 : samplePoisson(4, rng),
  faults: i % 3 === 0 ? 20 + rng.below(40) : 0,
  humidity: Number((0.2 + 0.6 * rng.uniform()).toFixed(3)),
  filled: [0, 1, Number((0.1 + 0.8 * rng.uniform()).toFixed(2))][rng.below(3)]!,
  seen: new Date(Date.UTC(2020, 0, 1) + 1000 * rng.below(4 * 365 * 86_400)).toISOString().replace(".000Z", "Z"),
  tags: ["sweet", "sour", "salty"].filter((_, tag) => i % 7 === 0 || rng.uniform() < 0.3 + 0.2 * tag).join("; "),
}));
const table = fitTable("table", columns, options, training)!;
const states = table.state.columns as ColumnState[];

const widthOf = (state: ColumnState) => familyOf(state.family).width(state);
const scalars = {
  gaussian,
  hurdle,
  beta,
  "inflated-beta": inflatedBeta,
  ...countLikelihoods,
} satisfies Partial<Record<ColumnState["family"], ScalarLikelihood>>;
type ScalarState = Extract<ColumnState, { starts: number[] }>;
const isScalar = (state: ColumnState): state is ScalarState => "starts" in state;

interface Place {
  readonly state: ColumnState;
  /** Places of its raw parameters among a row's: the layout that family.ts documents. */
  readonly at: number[];
  /** Where its numbers start among a row's values. */
  readonly from: number;
}

function layout(): Place[] {
  const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  const places: Place[] = [];
  let [start, from] = [0, 0];
  for (const family of familyNames) {
    const own = states.filter((state) => state.family === family);
    let next = family === "order" ? start + own.length : start;
    for (const [i, state] of own.entries()) {
      if (isScalar(state)) {
        const { parameters } = scalars[state.family];
        places.push({ state, from, at: range(0, parameters).map((p) => start + p * own.length + i) });
        next += parameters;
      } else {
        const count =
          state.family === "labels" ? state.labels.length : state.levels.length - (state.family === "order" ? 1 : 0);
        const at = range(next, count);
        places.push({ state, from, at: state.family === "order" ? [start + i, ...at] : at });
        next += count;
      }
      from += widthOf(state);
    }
    start = next;
  }
  return places;
}

/** log p of one cell by plain arithmetic. */
function cellDensity(state: ColumnState, raw: number[], target: ArrayLike<number>): number {
  if (isScalar(state))
    return scalars[state.family].logDensityAt(
      target[0]!,
      raw.map((x, i) => x + (state.starts[i] ?? 0)),
    );
  switch (state.family) {
    case "category":
      return Math.log(softmaxOf(boundedLogits(raw))[target[0]!]!);
    case "order":
      return Math.log(ordinalProbabilities(raw[0]!, raw.slice(1), state.bases)[target[0]!]!);
    case "labels":
      return raw
        .map((x, i) => {
          const chance = 1 / (1 + ((1 - state.shares[i]!) / state.shares[i]!) * Math.exp(-x));
          return Math.log(target[i] === 1 ? chance : 1 - chance);
        })
        .reduce((a, b) => a + b, 0);
  }
}

/** Raw parameters, starts included, that put a scalar likelihood on a target. */
function scalarParameters(family: ScalarState["family"], target: number): number[] {
  const logMean = softUnbound(Math.log(target + 1e-3), logMeanBounds.low, logMeanBounds.high);
  const logOdds = (x: number) => Math.log(x) - Math.log(1 - x);
  switch (family) {
    case "gaussian":
      return [target, -40];
    case "hurdle":
      return target === zeroMark ? [0, 0, 40] : [target, -40, -40];
    case "poisson":
      return [logMean];
    case "negative-binomial":
      return [logMean, 8];
    case "zero-inflated-poisson":
      return target === 0 ? [0, 40] : [logMean, -40];
    case "zero-inflated-negative-binomial":
      return target === 0 ? [0, 0, 40] : [logMean, 8, -40];
    case "beta":
      return [logOdds(target), 40];
    case "inflated-beta":
      return target === 0 ? [0, 0, 40, -40] : target === 1 ? [0, 0, -40, 40] : [logOdds(target), 40, -40, -40];
  }
}

/** Raw parameters that put the likelihood on the targets. */
function parametersFor({ rows, arrays }: Encoded): Float32Array {
  const width = table.parameterShape[0]!;
  const result = new Float32Array(rows * width);
  const numbers = arrays.values!.length / rows;
  for (let row = 0; row < rows; row++) {
    for (const { state, at, from } of layout()) {
      const target = arrays.values!.subarray(row * numbers + from, row * numbers + from + widthOf(state));
      const set = (place: number, value: number) => {
        result[row * width + at[place]!] = value;
      };
      if (isScalar(state))
        scalarParameters(state.family, target[0]!).forEach((value, place) => {
          set(place, value - (state.starts[place] ?? 0));
        });
      else if (state.family === "category") set(target[0]!, 30);
      else if (state.family === "labels")
        target.forEach((there, place) => {
          set(place, there === 1 ? 40 : -40);
        });
      // Thresholds of the classes below at 0, of the others far above: the class between them is certain.
      else
        at.slice(1).forEach((_, j) => {
          set(j + 1, j === 0 ? (target[0]! > 0 ? -20 : 20) : j === target[0] ? 30 : -20);
        });
    }
  }
  return result;
}

const close = (a: unknown, b: unknown, share: number) => Math.abs(Number(a) - Number(b)) <= share * Math.abs(Number(b));

const labelsOf = (cell: unknown) => String(cell).split("; ").sort();

function expectSame(decoded: Values, sample: Values): void {
  expect(Object.keys(decoded).sort()).toEqual(Object.keys(sample).sort());
  // The least spread that a log-normal has here moves its mean by some thousandths; an instant is kept to seconds of years.
  const inexact = ["price", "people", "rain", "seen", "tags"];
  for (const name of Object.keys(kinds).filter((name) => !inexact.includes(name)))
    expect({ [name]: decoded[name] }).toEqual({ [name]: sample[name] });
  for (const name of ["price", "people", "rain"]) expect(close(decoded[name], sample[name], 0.02)).toBe(true);
  expect(Math.abs(Date.parse(String(decoded.seen)) - Date.parse(String(sample.seen)))).toBeLessThan(60_000);
  expect(labelsOf(decoded.tags)).toEqual(labelsOf(sample.tags));
}

modalityContract("table", () => ({
  modality: table,
  samples: training.slice(0, 4),
  parametersFor,
  expectSame,
  densityAt: (parameters, { arrays }, row) =>
    layout().reduce((total, { state, at, from }) => {
      const raw = at.map((place) => parameters[row * table.parameterShape[0]! + place]!);
      const start = row * table.arrays.values!.shape[0]! + from;
      return total + cellDensity(state, raw, arrays.values!.subarray(start, start + widthOf(state)));
    }, 0),
}));

describe("cells of a table", () => {
  const only = (kind: ColumnKind, cells: readonly Scalar[], given: unknown = {}): Modality =>
    fitTable(
      "table",
      [column("x", kind)],
      { x: given },
      cells.map((x) => ({ x })),
    )!;

  it("leaves a missing cell out: no likelihood, no gradient, no feature", () => {
    const row = training[0]!;
    const whole = table.encode([row]);
    const parameters = drawParameters(table, 1);
    const complete = likelihoodOf(table, whole, parameters).value[0]!;
    let parts = 0;
    layout().forEach(({ state, at, from }, i) => {
      const lacking = table.encode([{ ...row, [state.name]: null }]);
      expect([lacking.arrays.observed![i], lacking.present[0]]).toEqual([0, 1]);
      expect(lacking.arrays.values!.subarray(from, from + widthOf(state)).every((x) => x === 0)).toBe(true);
      const { value, slope } = likelihoodOf(table, lacking, parameters);
      expect(at.map((place) => Math.abs(slope[place]!))).toEqual(at.map(() => 0));
      parts += complete - value[0]!;
    });
    expect(parts).toBeCloseTo(complete, 8);
    expect(likelihoodOf(table, table.encode([{}]), parameters).value[0]).toBe(0);
  });

  it("reports what does not fit, and goes on", () => {
    const { issues, present } = table.encode([
      { height: "tall", price: -3, born: "soon", visits: 2.5, colour: "mauve", grade: 9, size: "M" },
      { height: Number.POSITIVE_INFINITY },
    ]);
    expect(issues.map((issue) => [issue.row, "column" in issue && issue.column, issue.code])).toEqual([
      [0, "height", "value-not-readable"],
      [0, "price", "value-not-readable"],
      [0, "born", "value-not-readable"],
      [0, "visits", "value-not-readable"],
      [0, "colour", "category-unseen"],
      [0, "grade", "category-unseen"],
      [1, "height", "number-not-finite"],
    ]);
    expect([...present]).toEqual([1, 0]);
  });

  it("gives any real number back, to six digits, near the bulk; outliers stay finite and on their side", () => {
    const cells = [...Array.from({ length: 50 }, (_, i) => Math.sin(i) * 3 + 0.1234567891), -1e9, 1e9];
    const modality = only("real", cells);
    const back = (x: number) => {
      const [target] = modality.encode([{ x }]).arrays.values!;
      return modality.decode(Float32Array.of(target!, -40), 1)[0]!.x as number;
    };
    fc.assert(
      fc.property(fc.double({ min: -15, max: 15, noNaN: true }), (x) => {
        expect(back(x)).toBeCloseTo(x, 4);
      }),
      { seed: 1 },
    );
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        const value = back(x);
        expect(Number.isFinite(value)).toBe(true);
        if (Math.abs(x) > 20) expect(Math.sign(value)).toBe(Math.sign(x));
      }),
      { seed: 2 },
    );
  });

  it("gives dates back to the day, and times to the second", () => {
    const days = Array.from({ length: 40 }, (_, i) => `20${10 + (i % 20)}-03-${10 + (i % 19)}`);
    const byDay = only("date", days);
    const back = (modality: Modality, x: string) => {
      const [target] = modality.encode([{ x }]).arrays.values!;
      return modality.decode(Float32Array.of(target!, -40), 1)[0]!.x;
    };
    for (const day of days) expect(back(byDay, day)).toBe(day);
    const times = only("date", ["2024-05-01 10:00:00", "2024-05-01T11:30:00", "2024-05-01T12:00:00Z"]);
    expect(back(times, "2024-05-01 11:15:00")).toBe("2024-05-01T11:15:00Z");
  });

  it.each<[string, ColumnKind, Scalar[]]>([
    ["a constant", "real", [5, 5, 5]],
    ["one outlier among equals", "real", [1, 1, 1, 1, 1e30]],
    ["huge numbers", "real", [1e300, -1e300, 0]],
    ["zeros", "positive", [0, 0, 0]],
    ["zeros and huge numbers", "positive", [0, 1e-30, 1e30]],
    ["a constant count", "count", [0, 0]],
    ["an enormous count", "count", [1, 2, 3, ...Array<number>(300).fill(4), 1e15]],
    ["counts of zeros and one enormous", "count", [0, 0, 0, 0, 0, 0, 0, 9000]],
    ["fractions at the ends", "fraction", [0, 0, 1, 1]],
    ["fractions near the ends", "fraction", [1e-12, 1 - 1e-12, 0.5]],
    ["one fraction", "fraction", [0.25, 0.25]],
    ["one instant", "date", ["2024-05-01T10:00:00Z", "2024-05-01T10:00:00Z"]],
    ["dates of all ages", "date", ["0001-01-01", "9999-12-31"]],
    ["cells without labels", "multilabel", ["", "", "a"]],
    ["labels that never come twice", "multilabel", ["a|b", "c"]],
    ["one category", "categorical", ["only"]],
    ["one level", "ordinal", [3, 3]],
  ])("survives %s", (_, kind, cells) => {
    const modality = only(kind, cells);
    const encoded = modality.encode(cells.map((x) => ({ x })));
    expect(encoded.arrays.values!.every((x) => Number.isFinite(x))).toBe(true);
    const parameters = drawParameters(modality, cells.length);
    const { value, slope } = likelihoodOf(modality, encoded, parameters);
    expect(value.every(Number.isFinite) && slope.every(Number.isFinite)).toBe(true);
    for (const { x } of modality.decode(parameters, cells.length, random(1)))
      expect(typeof x === "string" || Number.isFinite(x)).toBe(true);
    expect(modality.eventSize).toBeGreaterThan(0);
  });

  it("is nothing where no cell can be learnt from", () => {
    expect(fitTable("table", [column("x", "real")], {}, [{ x: null }, { x: "tall" }])).toBeNull();
  });

  it("refuses options that the column does not have", () => {
    expect(() => only("real", [1, 2], { levels: [1, 2] })).toThrow(/column "x": Unrecognized key: "levels"/);
  });

  it("draws cells with their likelihood's spread", () => {
    const modality = only(
      "real",
      Array.from({ length: 101 }, (_, i) => i),
    );
    const parameters = Float32Array.from({ length: 2 * 4000 }, (_, i) => -3 * (i % 2));
    const drawn = modality.decode(parameters, 4000, random(3)).map(({ x }) => x as number);
    const mean = drawn.reduce((a, b) => a + b, 0) / drawn.length;
    const spread = Math.sqrt(drawn.reduce((a, b) => a + (b - mean) ** 2, 0) / drawn.length);
    expect(Math.abs(mean - 50)).toBeLessThan(1);
    expect(Math.abs(spread / ((gaussian.deviation([0, -3]) * 50) / 1.349) - 1)).toBeLessThan(0.06);
  });
});

describe("scores", () => {
  const scoreOf = (name: string) => table.scores!.find((score) => score.column === name)!;

  it("judges categories by mismatch, levels by shift, numbers by their share of the range", () => {
    expect(scoreOf("colour").error(["red", "blue"], ["red", "red"])).toBe(0.5);
    expect(scoreOf("size").error(["S", "L"], ["L", "L"])).toBeCloseTo(1 / 3);
    const { low, high } = states.find(({ name }) => name === "height") as { low: number; high: number };
    expect(scoreOf("height").error([low, high], [low + 3, high - 3])).toBeCloseTo(3 / (high - low), 12);
    expect(scoreOf("born").error(["1990-01-01"], ["1990-01-01"])).toBe(0);
    expect(scoreOf("height").error([], [])).toBeNaN();
    expect(() => scoreOf("height").error([1], [])).toThrow(/as many guesses as truths/);
  });

  it("holds the constant guess that no other constant beats in training", () => {
    for (const score of table.scores!) {
      const truths = training.map((row) => row[score.column] as Scalar);
      const errorOf = (guess: Scalar) =>
        score.error(
          truths,
          truths.map(() => guess),
        );
      const best = errorOf(score.baseline);
      for (const guess of truths.slice(0, 40)) expect(best).toBeLessThanOrEqual(errorOf(guess) + 1e-9);
    }
  });
});
