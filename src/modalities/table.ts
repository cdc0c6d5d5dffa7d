/**
 * @file The table modality: all tabular columns of a data set as one, missing cell by cell.
 * In: cells. Out: `values` [numbers] in each column's target space (0 where missing) and `observed` [cells]; features are the
 * zero-filled features of the cells, then the mask (HI-VAE, 1807.03653). Columns stand in the order of their families.
 * Densities of numbers are those of the standardised value: they differ from the user's units by a constant per column.
 * `eventSize` counts bits: a number 4 (known to a tenth of its deviation), a choice among K log₂ K, in the same measure in
 * which a black-and-white pixel counts 1.
 * Cells that are given back are always ones that their column allows: numbers and dates within the range of training, with as
 * many digits, whole counts, known categories, levels and labels.
 */
import * as z from "zod";
import type { Column, Scalar, Values } from "../data/records.ts";
import { cast, concat, linear, mul, select, slice, sum } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Tensor } from "../engine/tensor.ts";
import { codecOf, fitColumn } from "./columns/codecs.ts";
import { type ColumnState, columnState, type Fault, familyNames, isFault, type Target } from "./columns/column.ts";
import { familyOf } from "./columns/families.ts";
import { columnScore } from "./columns/score.ts";
import { expandMatrix } from "./likelihoods/ordinal.ts";
import { cellMarks } from "./marks.ts";
import type { Encoded, Modality, ModalityState } from "./modality.ts";
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
  const widths = groups.flatMap((group) => group.widths);
  const encoders = columns.map((column, i) => ({
    name: column.name,
    width: widths[i]!,
    encode: codecOf(column).encoder(column),
  }));
  const featureWidths = groups.flatMap((group) => group.featureWidths);
  const parameters = groups.reduce((all, group) => all + group.parameterWidth, 0);
  const encode = (rows: readonly Values[]) => encodeCells(encoders, rows);
  return {
    name: state.name,
    columns: columns.map(({ name }) => name),
    state,
    media: {},
    arrays: {
      values: { shape: [total(widths)], type: "float32" },
      observed: { shape: [columns.length], type: "uint8" },
    },
    featureShape: [total(featureWidths) + columns.length],
    parameterShape: [parameters],
    gridAxes: 0,
    eventSize: Math.max(1, total(groups.map(({ bits }) => bits))),
    cellMask: "observed",
    marks({ arrays }, row) {
      const size = total(widths);
      const values = (arrays.values as Float32Array).subarray(row * size, (row + 1) * size);
      const mask = arrays.observed as Uint8Array;
      return cellMarks(values, mask.subarray(row * columns.length, (row + 1) * columns.length), widths);
    },

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
    encode,
    typical: (raw, rows) => encode(consensus([raw], rows)),
    consensus,
    decode: (raw, rows, random) =>
      random ? Array.from({ length: rows }, (_, row) => drawRow(row, raw, random)) : consensus([raw], rows),
    scores: columns.map(columnScore),
  };

  /** A family's own parameters among a row's. */
  function ownOf({ start, parameterWidth }: Group, raw: Float32Array, row: number): Float32Array {
    return raw.subarray(row * parameters + start, row * parameters + start + parameterWidth);
  }

  function drawRow(row: number, raw: Float32Array, random: Random): Values {
    const cells = groups.flatMap((group) =>
      group
        .draw(ownOf(group, raw, row), random)
        .map((target, i) => [group.states[i]!.name, codecOf(group.states[i]!).decode(target, group.states[i]!)]),
    );
    return Object.fromEntries(cells) as Values;
  }

  function consensus(raws: readonly Float32Array[], rows: number, wanted?: readonly string[]): Values[] {
    const isWanted = ({ name }: ColumnState) => wanted?.includes(name) ?? true;
    const asked = groups.filter(({ states }) => states.some(isWanted));
    const consensusOfRow = (row: number): Values => {
      const cells = asked.flatMap((group) => {
        const beliefs = raws.map((raw) => group.belief(ownOf(group, raw, row)));
        return group.states.flatMap((own, i) => {
          if (!isWanted(own)) return [];
          const codec = codecOf(own);
          const expected = beliefs.map((belief) => codec.expected(belief[i]!, own));
          return [[own.name, codec.typical(averageOf(expected), own)]];
        });
      });
      return Object.fromEntries(cells) as Values;
    };
    return Array.from({ length: rows }, (_, row) => consensusOfRow(row));
  }
}

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const averageOf = (targets: readonly Target[]): Target =>
  targets.length === 1
    ? targets[0]!
    : targets[0]!.map((_, i) => targets.reduce((sum, target) => sum + target[i]! / targets.length, 0));

/** Columns of one family: where they lie among the numbers (from..to) and their parameters among all (from `start`). */
interface Group {
  readonly states: readonly ColumnState[];
  readonly from: number;
  readonly to: number;
  readonly start: number;
  readonly widths: readonly number[];
  readonly parameterWidth: number;
  readonly featureWidths: readonly number[];
  readonly bits: number;
  features(values: Tensor): Tensor;
  logDensity(values: Tensor, parameters: Tensor): Tensor;
  readonly draw: (parameters: Float32Array, random: Random) => Target[];
  readonly belief: (parameters: Float32Array) => Target[];
}

function groupByFamily(columns: readonly ColumnState[]): Group[] {
  const groups: Group[] = [];
  let [from, start] = [0, 0];
  for (const name of familyNames) {
    const states = columns.filter(({ family }) => family === name);
    if (states.length === 0) continue;
    const family = familyOf(name);
    const parameterWidth = family.parameterWidth(states);
    const widths = states.map((state) => family.width(state));
    groups.push({
      states,
      from,
      to: from + total(widths),
      start,
      widths,
      parameterWidth,
      featureWidths: states.map((state) => family.featureWidth(state)),
      bits: total(states.map((state) => family.bits(state))),
      features: (values) => family.features(values, states),
      logDensity: (values, parameters) => family.logDensity(values, parameters, states),
      draw: (parameters, random) => family.draw(parameters, states, random),
      belief: (parameters) => family.belief(parameters, states),
    });
    from += total(widths);
    start += parameterWidth;
  }
  return groups;
}

interface CellEncoder {
  readonly name: string;
  readonly width: number;
  readonly encode: (cell: Scalar) => Target | Fault;
}

function encodeCells(columns: readonly CellEncoder[], rows: readonly Values[]): Encoded {
  const width = total(columns.map((column) => column.width));
  const values = new Float32Array(rows.length * width);
  const observed = new Uint8Array(rows.length * columns.length);
  const present = new Uint8Array(rows.length);
  const issues: Encoded["issues"][number][] = [];
  rows.forEach((cells, row) => {
    let at = row * width;
    columns.forEach(({ name, encode, width: own }, i) => {
      const start = at;
      at += own;
      const cell = cells[name];
      if (!isCell(cell)) return;
      const target = encode(cell);
      if (isFault(target)) {
        issues.push({ code: target, column: name, row, value: String(cell) });
        return;
      }
      values.set(target, start);
      observed[row * columns.length + i] = 1;
      present[row] = 1;
    });
  });
  return { rows: rows.length, arrays: { values, observed }, present, issues };
}
