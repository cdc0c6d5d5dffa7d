/**
 * @file The table modality: all tabular columns of a data set as one, missing cell by cell.
 * In: cells. Out: `values` [cells] in each column's target space (0 where missing) and `observed` [cells]; features are the
 * zero-filled features of the cells, then the mask (HI-VAE, 1807.03653). Columns stand in the order of their families.
 * Densities of numbers are those of the standardised value: they differ from the user's units by a constant per column.
 * `eventSize` counts bits: a number 4 (known to a tenth of its deviation), a choice among K log₂ K, in the same measure in
 * which a black-and-white pixel counts 1.
 */
import * as z from "zod";
import type { Column, Scalar, Values } from "../data/records.ts";
import { cast, concat, linear, mul, select, slice, sum } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";
import { codecOf, fitColumn } from "./columns/codecs.ts";
import { type ColumnState, columnState, type Fault, familyNames, isFault, type Prediction } from "./columns/column.ts";
import { familyOf } from "./columns/families.ts";
import { columnScore } from "./columns/score.ts";
import { expandMatrix } from "./likelihoods/ordinal.ts";
import { complete, type Encoded, type Modality, type ModalityState } from "./modality.ts";
import { readState } from "./options.ts";

const tableState = z.object({ kind: z.literal("table"), name: z.string(), columns: z.array(columnState).min(1) });

/** Fits every column on its present cells in training rows; null where no column holds anything. */
export function fitTable(
  name: string,
  columns: readonly Column[],
  options: Readonly<Record<string, unknown>>,
  sample: readonly Values[],
): Modality | null {
  const fitted = columns.flatMap((column) =>
    fitColumn(column, presentCells(sample, column.name), options[column.name]),
  );
  const ordered = familyNames.flatMap((family) => fitted.filter((state) => state.family === family));
  return ordered.length === 0 ? null : openTable({ kind: "table", name, columns: ordered });
}

const isCell = (value: Values[string] | undefined): value is Scalar =>
  value !== null && value !== undefined && typeof value !== "object";

const presentCells = (sample: readonly Values[], column: string): Scalar[] =>
  sample.map((row) => row[column]).filter(isCell);

export function openTable(stored: ModalityState): Modality {
  const state = readState(tableState, stored, stored.name);
  const { columns } = state;
  const groups = groupByFamily(columns);
  const encoders = columns.map((column) => ({ name: column.name, encode: codecOf(column).encoder(column) }));
  const featureWidths = groups.flatMap((group) => group.featureWidths);
  const features = featureWidths.reduce((a, b) => a + b, 0);
  const parameters = groups.reduce((total, group) => total + group.parameterWidth, 0);
  return {
    name: state.name,
    columns: columns.map(({ name }) => name),
    state,
    media: {},
    arrays: {
      values: { shape: [columns.length], type: "float32" },
      observed: { shape: [columns.length], type: "uint8" },
    },
    featureShape: [features + columns.length],
    parameterShape: [parameters],
    gridAxes: 0,
    eventSize: Math.max(
      1,
      groups.reduce((total, group) => total + group.bits, 0),
    ),
    cellMask: "observed",

    features({ values, observed }) {
      const mask = cast(observed!);
      const cells = groups.map((group) => group.features(slice(values!, 1, group.from, group.to)));
      return concat([mul(concat(cells, 1), linear(mask, expandMatrix(featureWidths))), mask], 1);
    },
    logLikelihood(raw, { values, observed }) {
      const densities = groups.map((group) =>
        group.logDensity(
          slice(values!, 1, group.from, group.to),
          slice(raw, 1, group.start, group.start + group.parameterWidth),
        ),
      );
      return sum(select(cast(observed!), concat(densities, 1), 0), [1]);
    },
    encode: (rows) => encodeCells(encoders, rows),
    typical(raw, rows) {
      const values = Float32Array.from(
        Array.from({ length: rows }, (_, row) => predictRow(row, raw).map(({ prediction }) => prediction.value)).flat(),
      );
      return complete(rows, { values, observed: new Uint8Array(values.length).fill(1) });
    },
    decode(raw, rows, random) {
      const decodeRow = (row: number): Values => {
        const cells = predictRow(row, raw, random).map(({ column, prediction }) => [
          column.name,
          codecOf(column).decode(prediction, column),
        ]);
        return Object.fromEntries(cells) as Values;
      };
      return Array.from({ length: rows }, (_, row) => decodeRow(row));
    },
    scores: columns.map(columnScore),
  };

  /** Every column of one row, in the order of `columns`. */
  function predictRow(row: number, raw: Float32Array, random?: Random) {
    return groups.flatMap(({ predict, states, start, parameterWidth }) => {
      const own = raw.subarray(row * parameters + start, row * parameters + start + parameterWidth);
      return predict(own, random).map((prediction, i) => ({ column: states[i]!, prediction }));
    });
  }
}

/** Columns of one family: where they lie among the cells (from..to) and their parameters among all (from `start`). */
interface Group {
  readonly states: readonly ColumnState[];
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly parameterWidth: number;
  readonly featureWidths: readonly number[];
  readonly bits: number;
  features(values: Tensor): Tensor;
  logDensity(values: Tensor, parameters: Tensor): Tensor;
  readonly predict: (parameters: Float32Array, random?: Random) => Prediction[];
}

function groupByFamily(columns: readonly ColumnState[]): Group[] {
  const groups: Group[] = [];
  let [from, start] = [0, 0];
  for (const name of familyNames) {
    const states = columns.filter(({ family }) => family === name);
    if (states.length === 0) continue;
    const family = familyOf(name);
    const parameterWidth = family.parameterWidth(states);
    groups.push({
      states,
      from,
      to: from + states.length,
      start,
      parameterWidth,
      featureWidths: states.map((state) => family.featureWidth(state)),
      bits: states.reduce((total, state) => total + family.bits(state), 0),
      features: (values) => family.features(values, states),
      logDensity: (values, parameters) => family.logDensity(values, parameters, states),
      predict: (parameters, random) => family.predict(parameters, states, random),
    });
    from += states.length;
    start += parameterWidth;
  }
  return groups;
}

interface CellEncoder {
  readonly name: string;
  readonly encode: (cell: Scalar) => number | Fault;
}

function encodeCells(columns: readonly CellEncoder[], rows: readonly Values[]): Encoded {
  const values = new Float32Array(rows.length * columns.length);
  const observed = new Uint8Array(rows.length * columns.length);
  const present = new Uint8Array(rows.length);
  const issues: Encoded["issues"][number][] = [];
  rows.forEach((cells, row) => {
    columns.forEach(({ name, encode }, i) => {
      const cell = cells[name];
      if (!isCell(cell)) return;
      const target = encode(cell);
      if (isFault(target)) {
        issues.push({ code: target, column: name, row, value: String(cell) });
        return;
      }
      values[row * columns.length + i] = target;
      observed[row * columns.length + i] = 1;
      present[row] = 1;
    });
  });
  return { rows: rows.length, arrays: { values, observed }, present, issues };
}
