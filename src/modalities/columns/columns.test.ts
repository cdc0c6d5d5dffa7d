import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ColumnKind, Scalar } from "../../data/records.ts";
import { column } from "../../data/testing/column.ts";
import { evaluate } from "../../engine/evaluate.ts";
import { mul } from "../../engine/ops.ts";
import { random } from "../../engine/random.ts";
import { modalityInputs } from "../batch.ts";
import type { Modality } from "../modality.ts";
import { fitTable } from "../table.ts";
import { drawParameters, feedValues } from "../testing/modality-contract.ts";
import { codecOf } from "./codecs.ts";
import type { ColumnState } from "./column.ts";
import { vocabularyRule } from "./labels.ts";

const tableOf = (kind: ColumnKind, cells: readonly Scalar[], options: unknown = {}, spelling?: object): Modality => {
  const own = { ...column("x", kind), ...(spelling && { spelling }) };
  const modality = fitTable(
    "table",
    [own],
    { x: options },
    cells.map((x) => ({ x })),
  );
  if (!modality) throw new Error(`expected a table for ${kind} cells ${JSON.stringify(cells.slice(0, 5))}`);
  return modality;
};
const stateOf = (modality: Modality) => (modality.state.columns as ColumnState[])[0]!;
const encodeCell = (modality: Modality, x: Scalar) => codecOf(stateOf(modality)).encoder(stateOf(modality))(x);

/** The cell that its own target stands for. */
function roundTrip(modality: Modality, x: Scalar): Scalar {
  const target = encodeCell(modality, x);
  if (typeof target === "string") throw new Error(`expected a target for ${x}, received ${target}`);
  return codecOf(stateOf(modality)).decode(target, stateOf(modality));
}

const numbersOf = (own: { min: number; max: number }, digits: number) =>
  fc.double({ ...own, noNaN: true }).map((x) => Number(x.toFixed(digits)));
const instants = fc
  .integer({ min: Date.UTC(1950, 0, 1) / 1000, max: Date.UTC(2060, 0, 1) / 1000 })
  .map((seconds) => new Date(1000 * seconds).toISOString().replace(".000Z", "Z"));
const labels = ["red", "green", "blue", "black"];

/** Cells of one column of each kind; several shapes of numbers, since each has a likelihood of its own. */
const columns: Record<string, { kind: ColumnKind; cell: fc.Arbitrary<Scalar>; needs?: (cells: Scalar[]) => boolean }> =
  {
    real: { kind: "real", cell: numbersOf({ min: -1e4, max: 1e4 }, 3) },
    "whole real": { kind: "real", cell: fc.integer({ min: -50, max: 50 }) },
    positive: { kind: "positive", cell: numbersOf({ min: 0.01, max: 1e6 }, 2) },
    "positive with zeros": {
      kind: "positive",
      cell: fc.oneof(fc.constant(0), numbersOf({ min: 0.5, max: 1e3 }, 1)),
    },
    "amounts read as real": {
      kind: "real",
      cell: fc.oneof(fc.constant(0), numbersOf({ min: 1, max: 3 }, 2), numbersOf({ min: 100, max: 1e4 }, 2)),
    },
    fraction: { kind: "fraction", cell: numbersOf({ min: 0.01, max: 0.99 }, 4) },
    "fraction with ends": {
      kind: "fraction",
      cell: fc.oneof(fc.constant(0), fc.constant(1), numbersOf({ min: 0, max: 1 }, 2)),
    },
    count: { kind: "count", cell: fc.integer({ min: 0, max: 30 }) },
    "count with zeros": { kind: "count", cell: fc.oneof(fc.constant(0), fc.integer({ min: 20, max: 300 })) },
    "large count": { kind: "count", cell: fc.integer({ min: 0, max: 1e8 }) },
    categorical: { kind: "categorical", cell: fc.constantFrom("a", "b", "c", "d") },
    boolean: { kind: "boolean", cell: fc.boolean() },
    ordinal: { kind: "ordinal", cell: fc.integer({ min: 1, max: 7 }) },
    day: { kind: "date", cell: instants.map((instant) => instant.slice(0, 10)) },
    instant: { kind: "date", cell: instants },
    multilabel: {
      kind: "multilabel",
      cell: fc.subarray(labels, { minLength: 1 }).map((own) => own.join("|")),
    },
    "multilabel with empty cells": { kind: "multilabel", cell: fc.subarray(labels).map((own) => own.join("|")) },
  };
const kinds = Object.entries(columns).map(([name, own]) => ({ name, ...own }));

/** Whether a cell could stand in a column whose training cells these are. */
function isAllowed(cell: Scalar, kind: ColumnKind, cells: readonly Scalar[]): boolean {
  if (kind === "multilabel") {
    const known = new Set(cells.flatMap((own) => String(own).split("|")));
    return (
      (cell === "" && cells.includes("")) ||
      (cell !== "" &&
        String(cell)
          .split("|")
          .every((own) => known.has(own)))
    );
  }
  if (kind === "categorical" || kind === "boolean" || kind === "ordinal") return cells.includes(cell);
  if (kind === "date") {
    const [at, ...all] = [cell, ...cells].map((own) => Date.parse(String(own)));
    const isWhole = cells.every((own) => String(own).length === 10);
    return at! >= Math.min(...all) && at! <= Math.max(...all) && (String(cell).length === 10) === isWhole;
  }
  const numbers = cells as readonly number[];
  const digits = (x: number) => (String(x).split(".")[1] ?? "").length;
  const value = Number(cell);
  return (
    value >= Math.min(...numbers) &&
    value <= Math.max(...numbers) &&
    digits(value) <= Math.max(...numbers.map(digits)) &&
    !Object.is(value, -0)
  );
}

describe.each(kinds)("$name", ({ kind, cell }) => {
  const cellsOf = fc
    .array(cell, { minLength: 12, maxLength: 50 })
    .filter((cells) => new Set(cells).size > 2 || kind === "boolean");

  it("gives every cell of training back", () => {
    fc.assert(
      fc.property(cellsOf, (cells) => {
        const modality = tableOf(kind, cells);
        for (const x of cells) {
          // A column of almost nothing but one number: further out than 1,500 of its deviations none is told apart.
          if (Math.abs(Number((encodeCell(modality, x) as number[])[0])) === 16) continue;
          const back = roundTrip(modality, x);
          if (kind === "multilabel") {
            const kept = new Set((stateOf(modality) as { labels: string[] }).labels);
            const known = String(x)
              .split("|")
              .filter((label) => kept.has(label));
            expect(String(back).split("|").sort()).toEqual(known.length > 0 ? known.sort() : [""]);
          } else if (typeof x === "number") expect(back).toBeCloseTo(x, Math.abs(x) > 1e5 ? 0 : 2);
          else expect(back).toBe(x);
        }
      }),
      { seed: 3, numRuns: 15 },
    );
  });

  it("decodes anything to cells that the column allows, draws and typical ones", () => {
    fc.assert(
      fc.property(cellsOf, fc.constantFrom(1, 5, 40), fc.integer({ min: 0, max: 1e6 }), (cells, spread, seed) => {
        const modality = tableOf(kind, cells);
        const parameters = drawParameters(modality, 20, spread);
        const several = [parameters, drawParameters(modality, 20, 1)];
        const decoded = [
          ...modality.decode(parameters, 20, random(seed)),
          ...modality.decode(parameters, 20),
          ...modality.consensus!(several, 20),
        ];
        for (const { x } of decoded) expect([x, isAllowed(x as Scalar, kind, cells)]).toEqual([x, true]);
        expect(modality.encode(decoded).issues).toEqual([]);
      }),
      { seed: 4, numRuns: 12 },
    );
  });

  it("has features of order one", () => {
    fc.assert(
      fc.property(cellsOf, (cells) => {
        const modality = tableOf(kind, cells);
        const encoded = modality.encode(cells.map((x) => ({ x })));
        const graph = { features: mul(modality.features(modalityInputs(modality)), 1) };
        const values = feedValues(modality, encoded, drawParameters(modality, cells.length), graph);
        expect(evaluate(graph, values).features.data.every((x) => Math.abs(x) <= 16)).toBe(true);
      }),
      { seed: 5, numRuns: 8 },
    );
  });
});

it("survives outliers of 1e12: features of order one, and all but the outliers decoded near the bulk", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(1, -1), (seed, sign) => {
      const rng = random(seed, "outliers");
      const cells = [
        ...Array.from({ length: 1000 }, () => Number((20 + 3 * rng.normal()).toFixed(2))),
        ...[1, 2, 3].map((x) => sign * x * 1e12),
      ];
      const modality = tableOf("real", cells);
      const { values } = modality.encode(cells.map((x) => ({ x }))).arrays;
      const bulk = values!.subarray(0, 1000);
      const deviation = Math.sqrt(Array.from(bulk).reduce((sum, x) => sum + x * x, 0) / 1000);
      expect(Math.abs(deviation - 1)).toBeLessThan(0.2);
      expect(values!.every((x) => Math.abs(x) <= 16)).toBe(true);
      const drawn = modality.decode(new Float32Array(2 * 200), 200, random(seed)).map(({ x }) => Number(x));
      expect(drawn.every((x) => Math.abs(x - 20) < 30)).toBe(true);
    }),
    { seed: 6, numRuns: 20 },
  );
});

describe("likelihoods by column", () => {
  const familyOf = (modality: Modality) => stateOf(modality).family;
  const rng = random(1, "cells");
  const amounts = Array.from({ length: 200 }, (_, i) =>
    i % 4 === 0 ? 0 : Number(Math.exp(3 + rng.normal()).toFixed(2)),
  );

  it("are chosen from the cells, and by the option `likelihood`", () => {
    expect(familyOf(tableOf("positive", amounts))).toBe("hurdle");
    expect(familyOf(tableOf("positive", amounts, { likelihood: "log-normal" }))).toBe("gaussian");
    expect(familyOf(tableOf("real", amounts))).toBe("hurdle");
    expect(familyOf(tableOf("real", amounts, { likelihood: "gaussian" }))).toBe("gaussian");
    expect(familyOf(tableOf("fraction", [0.1, 0.2, 0.7]))).toBe("beta");
    expect(familyOf(tableOf("fraction", [0.1, 1, 0.7]))).toBe("inflated-beta");
    expect(familyOf(tableOf("fraction", [0.1, 1, 0.7], { likelihood: "beta" }))).toBe("beta");
    const counts = Array.from({ length: 200 }, (_, i) => [1, 2, 0, 3, 2, 1, 4, 1][i % 8]!);
    expect(familyOf(tableOf("count", counts))).toBe("poisson");
    expect(familyOf(tableOf("count", counts, { likelihood: "zero-inflated-negative-binomial" }))).toBe(
      "zero-inflated-negative-binomial",
    );
    expect(familyOf(tableOf("count", counts, { likelihood: "hurdle-log-normal" }))).toBe("hurdle");
    expect(() => tableOf("count", counts, { likelihood: "beta" })).toThrow(/column "x": likelihood/);
    expect(() => tableOf("real", amounts, { likelihood: "poisson" })).toThrow(/column "x": likelihood/);
  });

  it("reads the order of levels from the source where no option gives it", () => {
    const cells = ["low", "high", "mid", "low"];
    const order = { levels: ["low", "mid", "high"] };
    expect(stateOf(tableOf("ordinal", cells, {}, order))).toMatchObject(order);
    expect(stateOf(tableOf("ordinal", cells, { levels: ["high", "mid", "low"] }, order))).toMatchObject({
      levels: ["high", "mid", "low"],
    });
  });
});

describe("dates", () => {
  const daily = Array.from({ length: 800 }, (_, i) => new Date(Date.UTC(2020, 0, 1 + i)).toISOString().slice(0, 10));

  it("have the cycles that the column spans", () => {
    const cyclesOf = (cells: readonly Scalar[]) => (stateOf(tableOf("date", cells)) as { cycles: string[] }).cycles;
    expect(cyclesOf(daily)).toEqual(["week", "year"]);
    expect(cyclesOf(daily.slice(0, 30))).toEqual(["week"]);
    expect(cyclesOf(daily.slice(0, 5))).toEqual([]);
    expect(cyclesOf(daily.slice(0, 5).map((day) => `${day}T07:30:00Z`))).toEqual(["day"]);
  });

  it("have the same week feature seven days on, and the likelihood over the instant alone", () => {
    const modality = tableOf("date", daily);
    const [a, b] = [encodeCell(modality, "2020-03-02"), encodeCell(modality, "2020-03-09")] as number[][];
    expect(a!.slice(2, 4).map((x, i) => Math.abs(x - b![2 + i]!) < 1e-9)).toEqual([true, true]);
    expect(a![0]).not.toBe(b![0]);
    expect(modality.parameterShape).toEqual([2]);
  });
});

describe("labels", () => {
  const cells = [...Array.from({ length: 40 }, (_, i) => (i % 2 ? "a|b" : "b")), "b|rare", "rarer"];

  it("drop rare ones, and tell a cell of none but unknown labels", () => {
    const modality = tableOf("multilabel", cells);
    expect(stateOf(modality)).toMatchObject({ labels: ["b", "a"], mayBeEmpty: false });
    expect(encodeCell(modality, "rare|a")).toEqual([0, 1]);
    expect(encodeCell(modality, "rarer")).toBe("category-unseen");
    expect(encodeCell(modality, "")).toBe("category-unseen");
    const many = Array.from(
      { length: 2 * vocabularyRule.most + 20 },
      (_, i) => `label ${i % (vocabularyRule.most + 5)}`,
    );
    expect(stateOf(tableOf("multilabel", many))).toHaveProperty("labels.length", vocabularyRule.most);
  });

  it("keep an empty cell apart from a missing one", () => {
    const modality = tableOf("multilabel", ["a", "", "a|b", "b"], {}, { separator: "|" });
    const { arrays, present } = modality.encode([{ x: "" }, { x: null }]);
    expect([...present]).toEqual([1, 0]);
    expect([...arrays.observed!]).toEqual([1, 0]);
    expect(roundTrip(modality, "")).toBe("");
  });

  it("are judged by the share of labels that are wrong", () => {
    const [score] = tableOf("multilabel", ["a", "a|b", "c|a", "c", "b"]).scores!;
    expect(score!.error(["a|b", "c"], ["a", "c"])).toBeCloseTo(1 / 6);
  });
});
