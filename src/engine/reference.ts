/**
 * @file Plain float64 arithmetic on dense arrays: the independent reference against which every ONNX lowering is checked.
 * In: NdArrays (row-major). Out: NdArrays. Written for clarity, not speed.
 */

export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, axis) => product * axis, 1);

export const ndarray = (shape: readonly number[], data: ArrayLike<number>): NdArray => ({
  shape,
  data: Float64Array.from(data),
});

/** Row-major strides, in elements. */
function strides(shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) result[i] = result[i + 1]! * shape[i + 1]!;
  return result;
}

/** Builds an array by asking for each element at its index. */
export function build(shape: readonly number[], at: (index: readonly number[]) => number): NdArray {
  const data = new Float64Array(sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < data.length; i++) {
    data[i] = at(index);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return { shape, data };
}

/** Element at an index of higher or equal rank; axes of size 1 are stretched. */
export function broadcastAt(x: NdArray, index: readonly number[]): number {
  const skip = index.length - x.shape.length;
  let offset = 0;
  for (let axis = 0; axis < x.shape.length; axis++) {
    offset = offset * x.shape[axis]! + (x.shape[axis] === 1 ? 0 : index[axis + skip]!);
  }
  return x.data[offset]!;
}

export const at = (x: NdArray, index: readonly number[]): number => broadcastAt(x, index);

export const map = (f: (x: number) => number, x: NdArray): NdArray => ({ shape: x.shape, data: x.data.map(f) });

export function map2(f: (a: number, b: number) => number, a: NdArray, b: NdArray): NdArray {
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape = Array.from({ length: rank }, (_, i) => {
    const x = a.shape[i - rank + a.shape.length] ?? 1;
    const y = b.shape[i - rank + b.shape.length] ?? 1;
    return x === 1 ? y : x;
  });
  return build(shape, (index) => f(broadcastAt(a, index), broadcastAt(b, index)));
}

/** Folds `axes` away, from `initial`; kept axes become 1. */
export function reduce(
  f: (accumulated: number, x: number) => number,
  initial: number,
  x: NdArray,
  axes: readonly number[],
  keep: boolean,
): NdArray {
  const kept = x.shape.map((axis, i) => (axes.includes(i) ? 1 : axis));
  const data = new Float64Array(sizeOf(kept)).fill(initial);
  const step = strides(kept).map((stride, i) => (axes.includes(i) ? 0 : stride));
  build(x.shape, (index) => {
    const offset = index.reduce((sum, i, axis) => sum + i * step[axis]!, 0);
    data[offset] = f(data[offset]!, at(x, index));
    return 0;
  });
  return { shape: keep ? kept : kept.filter((_, i) => !axes.includes(i)), data };
}

/** erf(x) to 1e-15 by its series of positive terms, 2/√π e^(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (2n + 1)!! (Abramowitz & Stegun 7.1.6). */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) total += term *= (2 * x * x) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

/** a [..., m, k] x b [..., k, n] → [..., m, n], equal leading axes. */
export function matmul(a: NdArray, b: NdArray): NdArray {
  const inner = a.shape.at(-1)!;
  return build([...a.shape.slice(0, -1), b.shape.at(-1)!], (index) => {
    const lead = index.slice(0, -2);
    const [row, column] = index.slice(-2) as [number, number];
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += at(a, [...lead, row, k]) * at(b, [...lead, k, column]);
    return sum;
  });
}

export function transpose(x: NdArray, order: readonly number[]): NdArray {
  const shape = order.map((axis) => x.shape[axis]!);
  return build(shape, (index) => {
    const source = new Array<number>(order.length);
    order.forEach((axis, i) => {
      source[axis] = index[i]!;
    });
    return at(x, source);
  });
}

/** All axes but the last flattened into one. */
export const asMatrix = (x: NdArray): NdArray => ({
  shape: [x.data.length / Math.max(1, x.shape.at(-1) ?? 1), x.shape.at(-1) ?? 1],
  data: x.data,
});
