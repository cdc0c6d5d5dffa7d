/**
 * A modality of one's own, whole: series of a 3-d accelerometer. A cell is a list of numbers, x y z of the first sample, then of the
 * second, …: `[0.1, 9.8, 0.2, 0.1, 9.7, …]`, or the name of a .npy file of [samples, 3]. docs/new-modality.md goes through it.
 */
import {
  clip,
  type Encoded,
  logNormal,
  type Modality,
  type ModalityKind,
  type ModalityState,
  slice,
  sum,
  type Value,
} from "polyvae";

const axes = 3;

interface State extends ModalityState {
  readonly samples: number;
  /** Of each axis. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

function seriesOf(value: Value | null | undefined): number[] | undefined {
  const cell = value instanceof Float32Array ? [...value] : typeof value === "string" ? parse(value) : [];
  return cell.length >= axes && cell.length % axes === 0 && cell.every(Number.isFinite) ? cell : undefined;
}

const parse = (text: string): number[] => (text.match(/[^\s,;[\]]+/g) ?? []).map(Number);

function open(state: ModalityState): Modality {
  const { name, samples, mean, deviation } = state as State;
  const size = samples * axes;
  /** Raw outputs of the decoder, [samples, 6]: three means, three log variances. */
  const predicted = (parameters: Float32Array, row: number) =>
    Float32Array.from({ length: size }, (_, i) => {
      const at = 2 * axes * (row * samples + Math.floor(i / axes)) + (i % axes);
      return parameters[at]!;
    });
  return {
    name,
    columns: [name],
    state,
    media: { [name]: { media: "vector" } },
    arrays: { series: { shape: [samples, axes], type: "float32" } },
    featureShape: [samples, axes],
    parameterShape: [samples, 2 * axes],
    // Neighbours along the first axis are related: the default networks convolve over it.
    gridAxes: 1,
    eventSize: size,
    features: ({ series }) => series!,
    logLikelihood(parameters, { series }) {
      const logVariance = clip(slice(parameters, 2, axes, 2 * axes), -6, 3);
      return sum(logNormal(series!, slice(parameters, 2, 0, axes), logVariance), [1, 2]);
    },
    encode(rows): Encoded {
      const series = new Float32Array(rows.length * size);
      const present = new Uint8Array(rows.length);
      const issues: Encoded["issues"][number][] = [];
      rows.forEach((row, i) => {
        const found = seriesOf(row[name]);
        if (!found && (row[name] ?? null) !== null)
          issues.push({ code: "value-not-readable", column: name, row: i, value: String(row[name]).slice(0, 80) });
        if (!found) return;
        present[i] = 1;
        // A longer series is cut; a shorter one rests where it ends.
        const at = (j: number) => (j < found.length ? found[j]! : found[found.length - axes + (j % axes)]!);
        for (let j = 0; j < size; j++) series[i * size + j] = (at(j) - mean[j % axes]!) / deviation[j % axes]!;
      });
      return { rows: rows.length, arrays: { series }, present, issues };
    },
    typical(parameters, rows) {
      const series = new Float32Array(rows * size);
      for (let row = 0; row < rows; row++) series.set(predicted(parameters, row), row * size);
      return { rows, arrays: { series }, present: new Uint8Array(rows).fill(1), issues: [] };
    },
    decode: (parameters, rows) =>
      Array.from({ length: rows }, (_, row) => ({
        [name]: predicted(parameters, row).map((x, j) => mean[j % axes]! + deviation[j % axes]! * x),
      })),
  };
}

export const accelerometer: ModalityKind = {
  plan: () => ({ media: "vector" }),
  fit({ name, sample }) {
    const all = sample.map((row) => seriesOf(row[name])).filter((series) => series !== undefined);
    if (all.length === 0) return null;
    const lengths = all.map(({ length }) => length / axes).sort((a, b) => a - b);
    const ofAxis = [0, 1, 2].map((axis) => all.flat().filter((_, j) => j % axes === axis));
    const average = (numbers: readonly number[]) => numbers.reduce((total, x) => total + x / numbers.length, 0);
    const mean = ofAxis.map(average);
    const deviation = ofAxis.map((own, axis) => Math.sqrt(average(own.map((x) => (x - mean[axis]!) ** 2))) || 1);
    return open({ kind: "accelerometer", name, samples: lengths[lengths.length >> 1]!, mean, deviation });
  },
  open,
};
