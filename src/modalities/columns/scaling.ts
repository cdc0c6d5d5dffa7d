/**
 * @file Robust standardisation. In: numbers of one column, outliers and all. Out: centre and scale, and the squash that
 * keeps a cell of 1e30 from drowning the others while staying invertible.
 */

/** Quantile by linear interpolation (numpy's default); `sorted` ascends and is not empty. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}

export const ascending = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();

/**
 * Median, and the interquartile range as a standard deviation. Where more than half of the values are one value the range
 * is 0: wider ranges are tried, then the deviation of all; a constant has scale 1.
 */
export function robustScale(values: readonly number[]): { center: number; scale: number } {
  const sorted = ascending(values);
  const center = quantile(sorted, 0.5);
  // Share of a normal distribution on either side, and how many deviations lie between.
  const ranges = [
    [0.25, 1.349],
    [0.1, 2.563],
    [0.02, 4.107],
  ] as const;
  for (const [tail, deviations] of ranges) {
    const scale = (quantile(sorted, 1 - tail) - quantile(sorted, tail)) / deviations;
    if (scale > 0 && Number.isFinite(scale)) return { center, scale };
  }
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - center) ** 2, 0) / values.length);
  return { center, scale: deviation > 0 && Number.isFinite(deviation) ? deviation : 1 };
}

/** Within ± this many scales values stay as they are. */
const linearRange = 8;
/** Nothing is further out than this: about 1,500 scales before squashing. */
const furthest = 16;

/** Identity within ±8, then 8 + asinh(distance), at most 16. */
export function squash(x: number): number {
  const size = Math.abs(x);
  if (size <= linearRange) return x;
  return Math.sign(x) * Math.min(linearRange + Math.asinh(size - linearRange), furthest);
}

export function unsquash(s: number): number {
  const size = Math.min(Math.abs(s), furthest);
  return size <= linearRange ? Math.sign(s) * size : Math.sign(s) * (linearRange + Math.sinh(size - linearRange));
}

/** Digits after the point of a number as it is written, 15 e-notation included. */
function decimalsOf(value: number): number {
  const [digits = "", exponent = "0"] = String(value).split("e");
  return Math.max(0, (digits.split(".")[1]?.length ?? 0) - Number(exponent));
}

/** Digits after the point that all values keep; null beyond 9, where they are no writing precision but arithmetic. */
export function commonDecimals(values: readonly number[]): number | null {
  const most = values.reduce((sofar, value) => Math.max(sofar, decimalsOf(value)), 0);
  return most > 9 ? null : most;
}

export function roundTo(value: number, decimals: number | null): number {
  // Beyond 2^53 / 10^decimals every double is already a multiple of the unit.
  if (decimals === null || Math.abs(value) > 1e14 / 10 ** decimals) return value;
  // Plus 0, since what rounds to it from below is written "-0".
  return Number(value.toFixed(decimals)) + 0;
}

export const average = (values: readonly number[]): number =>
  // Divided first: a sum of huge values must not overflow.
  values.reduce((sum, x) => sum + x / values.length, 0);
