/**
 * @file The suite that every modality passes. In: a modality, samples, and what only it knows: parameters that mean an item,
 * and its density on plain numbers. Out: tests.
 */
import { describe, expect, it } from "vitest";
import type { Values } from "../../data/records.ts";
import { gradients } from "../../engine/differentiate.ts";
import { evaluate } from "../../engine/evaluate.ts";
import { input, mul, sum } from "../../engine/ops.ts";
import { random } from "../../engine/random.ts";
import { type NdArray, ndarray, sizeOf } from "../../engine/reference.ts";
import { isOp, type Tensor, topologicalOrder } from "../../engine/tensor.ts";
import { arrayInputName, modalityInputs } from "../batch.ts";
import type { Encoded, Modality, ModalityKinds } from "../modality.ts";
import { openModality } from "../open-modality.ts";

export interface ModalityCase {
  readonly modality: Modality;
  /** Where the modality is none of the built-in ones: what opens its state. */
  readonly kinds?: ModalityKinds;
  /** Complete rows. */
  readonly samples: readonly Values[];
  /** Parameters whose likelihood is concentrated on the encoded rows. */
  parametersFor(encoded: Encoded): Float32Array;
  /** What was decoded from them is the sample. */
  expectSame(decoded: Values, sample: Values): void;
  /** log p of one encoded row by plain arithmetic. */
  densityAt(parameters: Float32Array, encoded: Encoded, row: number): number;
}

const arrayTypes = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };
const parametersName = "parameters";

/** Seeded normal parameters for some rows. */
export function drawParameters({ parameterShape }: Modality, rows: number, scale = 1): Float32Array {
  const rng = random(11, "parameters");
  return Float32Array.from({ length: rows * sizeOf(parameterShape) }, () => scale * rng.normal());
}

/** Values for the inputs of a graph made of a modality's features and likelihood; parameters of networks are drawn. */
export function feedValues(
  modality: Modality,
  encoded: Encoded,
  parameters: Float32Array,
  graph: Readonly<Record<string, Tensor>>,
): Record<string, NdArray> {
  const values: Record<string, NdArray> = {
    [parametersName]: ndarray([encoded.rows, ...modality.parameterShape], parameters),
  };
  for (const [name, { shape }] of Object.entries(modality.arrays))
    values[arrayInputName(modality.name, name)] = ndarray([encoded.rows, ...shape], encoded.arrays[name]!);
  for (const node of topologicalOrder(Object.values(graph))) {
    if (!isOp(node, "parameter")) continue;
    const rng = random(5, node.attributes.name);
    const drawn = Float64Array.from({ length: sizeOf(node.attributes.shape) }, () => rng.normal());
    values[node.attributes.name] = { shape: node.attributes.shape, data: drawn };
  }
  return values;
}

/** log p of each row, and its slope by the parameters, in float64. */
export function likelihoodOf(modality: Modality, encoded: Encoded, parameters: Float32Array) {
  const raw = input(parametersName, ["batch", ...modality.parameterShape]);
  const value = modality.logLikelihood(raw, modalityInputs(modality));
  const [slope] = gradients(sum(value), [raw]);
  const graph = { value, slope: slope! };
  const result = evaluate(graph, feedValues(modality, encoded, parameters, graph));
  return { shape: value.shape, value: result.value.data, slope: result.slope.data };
}

export function modalityContract(name: string, make: () => ModalityCase): void {
  describe(`${name}: the contract of a modality`, () => {
    const { modality, kinds, samples, parametersFor, expectSame, densityAt } = make();
    const encoded = modality.encode(samples);
    const rows = samples.length;
    const sizes = (of: Encoded) => Object.entries(of.arrays).map(([array, { length }]) => [array, length]);

    it("encodes every row into arrays of the declared shapes and types", () => {
      expect(encoded.rows).toBe(rows);
      expect([...encoded.present]).toEqual(samples.map(() => 1));
      expect(encoded.issues).toEqual([]);
      expect(Object.keys(encoded.arrays)).toEqual(Object.keys(modality.arrays));
      for (const [array, { shape, type }] of Object.entries(modality.arrays)) {
        expect(encoded.arrays[array]).toBeInstanceOf(arrayTypes[type]);
        expect(encoded.arrays[array]).toHaveLength(rows * sizeOf(shape));
      }
    });

    it("gives features of the declared shape, finite and of order one", () => {
      const features = modality.features(modalityInputs(modality));
      expect(features.shape).toEqual(["batch", ...modality.featureShape]);
      const graph = { features: mul(features, 1) };
      const { data } = evaluate(graph, feedValues(modality, encoded, drawParameters(modality, rows), graph)).features;
      expect(data.every((x) => Math.abs(x) <= 20)).toBe(true);
      expect(data.some((x) => x !== 0)).toBe(true);
    });

    it("decodes parameters that mean a row to that row", () => {
      const decoded = modality.decode(parametersFor(encoded), rows);
      expect(decoded).toHaveLength(rows);
      decoded.forEach((values, row) => {
        expectSame(values, samples[row]!);
      });
    });

    it("has in the graph the density that plain arithmetic gives", () => {
      const parameters = drawParameters(modality, rows);
      const { shape, value } = likelihoodOf(modality, encoded, parameters);
      expect(shape).toEqual(["batch"]);
      samples.forEach((_, row) => {
        const expected = densityAt(parameters, encoded, row);
        expect(Math.abs(value[row]! - expected)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
      });
    });

    it("stays finite, slope and all, for parameters far out", () => {
      const { value, slope } = likelihoodOf(modality, encoded, drawParameters(modality, rows, 40));
      expect(value.every(Number.isFinite) && slope.every(Number.isFinite)).toBe(true);
    });

    it("prefers parameters that mean the row to any others", () => {
      const meant = likelihoodOf(modality, encoded, parametersFor(encoded)).value;
      const other = likelihoodOf(modality, encoded, drawParameters(modality, rows)).value;
      meant.forEach((value, row) => {
        expect(value).toBeGreaterThan(other[row]!);
      });
    });

    it("has the slope that differences of its value give", () => {
      const parameters = drawParameters(modality, rows);
      const { slope } = likelihoodOf(modality, encoded, parameters);
      const rng = random(3, "probes");
      for (let probe = 0; probe < 12; probe++) {
        const at = rng.below(parameters.length);
        // A step that float32 parameters hold exactly.
        const moved = (delta: number) => {
          const changed = parameters.slice();
          changed[at] = Math.fround(changed[at]! + delta);
          const total = likelihoodOf(modality, encoded, changed).value.reduce((a, b) => a + b, 0);
          return { total, at: changed[at] };
        };
        const [up, down] = [moved(1e-3), moved(-1e-3)];
        expect(slope[at]!).toBeCloseTo((up.total - down.total) / (up.at - down.at), 3);
      }
    });

    it("is the same after its state has been written and read", () => {
      const again = openModality(JSON.parse(JSON.stringify(modality.state)) as Modality["state"], kinds);
      expect(again.state).toEqual(modality.state);
      expect(again.encode(samples)).toEqual(encoded);
      const parameters = drawParameters(modality, rows);
      expect(again.decode(parameters, rows)).toEqual(modality.decode(parameters, rows));
      expect(again.decode(parameters, rows, random(1))).toEqual(modality.decode(parameters, rows, random(1)));
    });

    it("gives typical items as arrays of its own shapes", () => {
      const typical = modality.typical(parametersFor(encoded), rows);
      expect(sizes(typical)).toEqual(sizes(encoded));
      expect([...typical.present]).toEqual(samples.map(() => 1));
    });

    it.skipIf(!modality.extent)(
      "marks places of the item along the first axis of its features (skipped: all are)",
      () => {
        const extent = modality.extent!(modalityInputs(modality));
        expect(extent.shape).toEqual(["batch", modality.featureShape[0]]);
        const graph = { extent: mul(extent, 1) };
        const { data } = evaluate(graph, feedValues(modality, encoded, drawParameters(modality, rows), graph)).extent;
        const length = modality.featureShape[0]!;
        for (let row = 0; row < rows; row++) {
          const places = [...data.slice(row * length, (row + 1) * length)];
          expect(places[0]).toBe(1);
          expect(places).toEqual([...places].sort((a, b) => b - a));
          expect(new Set([0, 1, ...places]).size).toBe(2);
        }
      },
    );

    it.skipIf(!modality.sequence)("reads its own tokens back, in which none is unsaid (skipped: no sequence)", () => {
      const { array, length, size, unsaid, values } = modality.sequence!;
      expect(Object.keys(modality.arrays)).toEqual([array]);
      expect(modality.parameterShape).toEqual([length, size]);
      const tokens = encoded.arrays[array] as Int32Array;
      expect(tokens.some((token) => unsaid.includes(token))).toBe(false);
      values(tokens, rows).forEach((own, row) => {
        expectSame(own, samples[row]!);
      });
    });

    it.skipIf(!modality.events)("counts at least one event in each row (skipped: rows are alike)", () => {
      const count = (some: readonly Values[]) => modality.events!.count(modality.encode(some));
      for (const sample of samples) expect(count([sample])).toBeGreaterThanOrEqual(1);
      expect(count([...samples, {}])).toBe(samples.reduce((sum, sample) => sum + count([sample]), 0));
    });

    it("takes a missing row as missing: absent, all zeros, no issue", () => {
      const missing = modality.encode([{}, Object.fromEntries(modality.columns.map((column) => [column, null]))]);
      expect([...missing.present]).toEqual([0, 0]);
      expect(missing.issues).toEqual([]);
      expect(Object.values(missing.arrays).every((array) => array.every((x) => x === 0))).toBe(true);
    });
  });
}
