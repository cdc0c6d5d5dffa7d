/**
 * @file Nearest rows by cosine, exactly, over arrays in memory; stores/ keeps and finds them on disk.
 * In: latent means. Out: neighbours, nearest first.
 */

export interface Neighbour {
  /** Number of the candidate row. */
  readonly index: number;
  /** Cosine, -1..1. */
  readonly similarity: number;
}

/**
 * The `k` candidates of greatest cosine for each query, ties in order of index.
 * @param queries [rows, latent] @param candidates [rows, latent]
 * @param skip true for pairs that must not be found, such as a row and itself
 */
export function nearest(
  queries: Float32Array,
  candidates: Float32Array,
  latent: number,
  k: number,
  skip: (query: number, candidate: number) => boolean = () => false,
): Neighbour[][] {
  const from = unitRows(queries, latent);
  const to = unitRows(candidates, latent);
  const count = candidates.length / latent;
  return Array.from({ length: queries.length / latent }, (_, query) => {
    const best: Neighbour[] = [];
    for (let index = 0; index < count; index++) {
      if (skip(query, index)) continue;
      const similarity = dot(from, query, to, index, latent);
      if (best.length < k || similarity > best.at(-1)!.similarity) insert(best, { index, similarity }, k);
    }
    return best;
  });
}

function insert(best: Neighbour[], found: Neighbour, k: number): void {
  let at = best.length;
  while (at > 0 && best[at - 1]!.similarity < found.similarity) at--;
  best.splice(at, 0, found);
  if (best.length > k) best.pop();
}

/** Rows of length 1; a row of zeros stays. */
export function unitRows(values: Float32Array, width: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    let squares = 0;
    for (let d = 0; d < width; d++) squares += values[start + d]! ** 2;
    const inverse = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let d = 0; d < width; d++) result[start + d] = values[start + d]! * inverse;
  }
  return result;
}

function dot(a: Float32Array, row: number, b: Float32Array, other: number, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += a[row * width + d]! * b[other * width + d]!;
  return sum;
}
