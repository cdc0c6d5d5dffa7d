/**
 * @file Vectors as text. In: a cell such as `[0.1, 0.2]`, `0.1 0.2` or `0.1;0.2`. Out: its numbers, NaN where one is none; and back.
 */

/** Numbers of one vector that are still read. */
export const longestVector = 65_536;

/** Undefined where the text is no list of numbers; `nan`, `inf`, `null` and nothing between two commas become NaN. */
export function readVector(text: string): Float32Array | undefined {
  const [, inner = text.trim()] = /^\s*[[({]([^\][(){}]*)[\])}]\s*$/.exec(text) ?? [];
  const parts = inner.trim().split(inner.includes(";") ? ";" : inner.includes(",") ? "," : /\s+/);
  if (inner.trim() === "" || parts.length > longestVector) return undefined;
  const values = new Float32Array(parts.length);
  for (const [i, part] of parts.entries()) {
    const word = part.trim();
    if (!/^([-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?nan|[-+]?inf(inity)?|null|none|)$/i.test(word)) return undefined;
    values[i] = word === "" ? Number.NaN : Number(word);
  }
  return values;
}

/** As JSON writes it, each number with the digits that a float32 holds. */
export const writeVector = (values: Float32Array): string =>
  `[${Array.from(values, (value) => Number(value.toPrecision(7))).join(", ")}]`;

/** Whether a cell names a file of numbers rather than holding them. */
export const namesVectorFile = (text: string): boolean => /\.npy$/i.test(text);
