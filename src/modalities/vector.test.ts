import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Values } from "../data/records.ts";
import { readVector, writeVector } from "../data/vectors.ts";
import { random } from "../engine/random.ts";
import { gaussian } from "./likelihoods/gaussian.ts";
import { softBoundAt } from "./likelihoods/likelihood.ts";
import { logNormaliserAt } from "./likelihoods/von-mises-fisher.ts";
import type { Encoded } from "./modality.ts";
import { modalityContract } from "./testing/modality-contract.ts";
import { fitVector } from "./vector.ts";
import { lengthOf } from "./vector-space.ts";

const rng = random(4, "vectors");
const draw = (size: number, scale = 1) => Float32Array.from({ length: size }, (_, d) => scale * rng.normal() + d);
const unit = (vector: Float32Array, norm = 1) => vector.map((x) => (norm * x) / lengthOf(vector));
const rowsOf = (vectors: readonly Float32Array[]): Values[] => vectors.map((vec) => ({ vec }));

const expectClose = (decoded: Values, sample: Values) => {
  const [found, expected] = [decoded.vec as Float32Array, sample.vec as Float32Array];
  expect(found).toHaveLength(expected.length);
  for (const [d, x] of found.entries()) expect(x).toBeCloseTo(expected[d]!, 3);
};

modalityContract("vectors of any length, Gaussian", () => {
  const samples = rowsOf(Array.from({ length: 6 }, () => draw(5, 3)));
  const modality = fitVector("vec", samples, undefined)!;
  return {
    modality,
    samples,
    parametersFor: ({ arrays, rows }: Encoded) =>
      Float32Array.from({ length: rows * 10 }, (_, i) =>
        i % 10 < 5 ? arrays.values![Math.floor(i / 10) * 5 + (i % 10)]! : -5,
      ),
    expectSame: expectClose,
    densityAt: (parameters, { arrays }, row) =>
      [0, 1, 2, 3, 4].reduce((total, d) => {
        const own = [parameters[row * 10 + d]!, parameters[row * 10 + 5 + d]!];
        return total + gaussian.logDensityAt(arrays.values![row * 5 + d]!, own);
      }, 0),
  };
});

modalityContract("vectors of one length, by direction", () => {
  const samples = rowsOf(Array.from({ length: 6 }, () => unit(draw(4, 3), 2.5)));
  const modality = fitVector("vec", samples, undefined)!;
  return {
    modality,
    samples,
    parametersFor: ({ arrays, rows }: Encoded) =>
      Float32Array.from({ length: rows * 5 }, (_, i) =>
        i % 5 < 4 ? arrays.values![Math.floor(i / 5) * 4 + (i % 5)]! : 4,
      ),
    expectSame: expectClose,
    densityAt: (parameters, { arrays }, row) => {
      const raw = parameters.subarray(row * 5, row * 5 + 4);
      const kappa = 4 * Math.exp(softBoundAt(parameters[row * 5 + 4]!, -3, 6));
      const cosine = raw.reduce((total, x, d) => total + x * arrays.values![row * 4 + d]!, 0) / lengthOf(raw);
      return logNormaliserAt(kappa, 4) + kappa * cosine;
    },
  };
});

describe("vectors as text", () => {
  it("are read in the ways that files spell them", () => {
    const expected = Float32Array.of(0.1, -2, 3e-4);
    for (const text of ["[0.1, -2, 3e-4]", "0.1 -2  .0003", "0.1;-2;3e-4", "(0.1,-2,+0.0003)", " [0.1\n -2 3e-4] "])
      expect(readVector(text)).toEqual(expected);
    expect(readVector("[1, nan, 2]")).toEqual(Float32Array.of(1, Number.NaN, 2));
    expect(readVector("[1, null]")![1]).toBeNaN();
    for (const text of ["", "[]", "red", "1, two", "[[1, 2], [3, 4]]", "0x10 2", "1..2 3"])
      expect(readVector(text)).toBeUndefined();
  });

  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, noNaN: true, noDefaultInfinity: true }), (vector) => {
        const again = readVector(writeVector(vector))!;
        for (const [d, x] of vector.entries()) expect(Math.abs(again[d]! - x)).toBeLessThanOrEqual(1e-6 * Math.abs(x));
      }),
    );
  });
});

describe("the vector modality", () => {
  it("learns directions where all vectors are equally long, else numbers, unless told", () => {
    const units = Array.from({ length: 9 }, () => unit(draw(3)));
    const kindOf = (vectors: Float32Array[], options?: unknown) =>
      fitVector("vec", rowsOf(vectors), options)!.state.likelihood;
    expect(kindOf(units)).toBe("cosine");
    expect(kindOf([...units, draw(3, 5)])).toBe("gaussian");
    expect(kindOf(units, { likelihood: "gaussian" })).toBe("gaussian");
    expect(kindOf([draw(1), draw(1)])).toBe("gaussian");
    expect(() => fitVector("vec", rowsOf(units), { likelihood: "euclid" })).toThrow(/options of column "vec"/);
  });

  it("takes what cannot be a vector of its length as missing, and says why", () => {
    const modality = fitVector("vec", [{ vec: "1 2 3" }, { vec: "4 5 7" }, { vec: "7,8,10" }], undefined)!;
    const { present, issues } = modality.encode([
      { vec: "1 2 3" },
      { vec: "1 2" },
      { vec: "1 nan 3" },
      { vec: "red" },
      { vec: Float32Array.of(1, 2, Number.POSITIVE_INFINITY) },
      { vec: null },
      { vec: "1e39 0 0" },
    ]);
    expect([...present]).toEqual([1, 0, 0, 0, 0, 0, 0]);
    expect(issues.map((issue) => [issue.row, "detail" in issue && issue.detail])).toEqual([
      [1, "holds 2 numbers, the model expects 3"],
      [2, "number 2 of 3 is not finite"],
      [3, "is no list of numbers"],
      [4, "number 3 of 3 is not finite"],
      [6, "number 1 of 3 is not finite"],
    ]);
  });

  it("has no direction for a vector of zeros", () => {
    const modality = fitVector("vec", rowsOf([unit(draw(3)), unit(draw(3))]), { likelihood: "cosine" })!;
    const { present, issues } = modality.encode([{ vec: new Float32Array(3) }]);
    expect(present[0]).toBe(0);
    expect(issues).toMatchObject([{ detail: "has length 0, so it has no direction" }]);
  });

  it("holds against dimensions that never change and values far out", () => {
    const vectors = Array.from({ length: 30 }, (_, i) =>
      Float32Array.of(1, i === 7 ? 1e30 : rng.normal(), i < 3 ? 1 : 0),
    );
    const modality = fitVector("vec", rowsOf(vectors), undefined)!;
    const { arrays } = modality.encode(rowsOf(vectors));
    expect(arrays.values!.every((x) => Math.abs(x) <= 16)).toBe(true);
  });

  it("is nothing where no cell is a vector", () => {
    expect(fitVector("vec", [{ vec: null }, { vec: "red" }], undefined)).toBeNull();
  });
});
