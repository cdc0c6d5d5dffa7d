/**
 * @file What a value is made of, as a set of numbers: near-duplicates share nearly all of theirs. In: encoded arrays. Out: marks.
 * A picture's marks are the places on a 16 x 16 grid where it grows notably lighter or darker, with the direction: they outlast
 * another size, compression, a change of colour or brightness. A picture of few such places could be anything: it is
 * marked as a whole, and its twin is only what equals it byte for byte.
 */
const grid = 16;
/** A change is notable from this share of the picture's own deviation, so that paler copies have the same marks. */
const notableShare = 0.15;
/** Of 255: below, a change is noise or compression. */
const noise = 4;
/** Pictures with fewer marks look like many others: a digit, a flag of three stripes. */
const telling = 128;
/** Next to nothing to be seen: blank pictures are no one's twins. */
const blank = 8;

/** @param shape [height, width, channels] of uint8 values, of which a fourth is opacity */
export function gridMarks(
  values: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
): Uint32Array {
  const rows = Math.min(grid, height);
  const columns = Math.min(grid, width);
  const light = shrink(values, { height, width, channels, rows, columns });
  const notable = Math.max(noise, notableShare * deviation(light));
  const marks: number[] = [];
  const mark = (at: number, change: number, direction: number) => {
    if (Math.abs(change) > notable) marks.push(at * 4 + direction + (change > 0 ? 1 : 0));
  };
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const at = y * columns + x;
      if (x + 1 < columns) mark(at, light[at + 1]! - light[at]!, 0);
      if (y + 1 < rows) mark(at, light[at + columns]! - light[at]!, 2);
    }
  if (marks.length < blank) return new Uint32Array(0);
  return marks.length < telling ? Uint32Array.of(hashBytes(values)) : Uint32Array.from(marks);
}

interface Shrinking {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly rows: number;
  readonly columns: number;
}

/** Mean lightness of each cell of the small grid. */
function shrink(values: Uint8Array, { height, width, channels, rows, columns }: Shrinking): Float64Array {
  const sums = new Float64Array(rows * columns);
  const counts = new Float64Array(rows * columns);
  const colours = Math.min(3, channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * channels;
      let light = 0;
      for (let c = 0; c < colours; c++) light += values[from + c]! / colours;
      const cell = Math.floor((y * rows) / height) * columns + Math.floor((x * columns) / width);
      sums[cell]! += channels === 4 ? (light * values[from + 3]!) / 255 : light;
      counts[cell]!++;
    }
  return sums.map((sum, cell) => sum / counts[cell]!);
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
}

/** Rows of fewer cells are alike by chance. */
const fewestCells = 8;

/** Of rows with fewer cells than this one in ten may not differ: their twins equal them. */
const manyCells = 40;

/** A table's row: each observed cell with its column. @param widths how many values each column's cell takes */
export function cellMarks(values: Float32Array, observed: Uint8Array, widths: readonly number[]): Uint32Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const marks: number[] = [];
  let at = 0;
  widths.forEach((width, column) => {
    let mark = Math.imul(column + 1, 0x9e3779b9);
    for (const end = at + width; at < end; at++) mark = mixed(mark ^ bits[at]!);
    if (observed[column] === 1) marks.push(mark);
  });
  if (marks.length < fewestCells) return new Uint32Array(0);
  return marks.length < manyCells
    ? Uint32Array.of(marks.reduce((all, mark) => mixed(all ^ mark)))
    : Uint32Array.from(marks);
}

/** Shorter texts recur by nature: names, categories. */
const fewestPairs = 8;

/** A text: each pair of neighbouring tokens. */
export function tokenMarks(tokens: ArrayLike<number>): Uint32Array {
  const marks = new Set<number>();
  for (let i = 1; i < tokens.length; i++) marks.add(mixed(Math.imul(tokens[i - 1]! + 1, 0x9e3779b9) ^ tokens[i]!));
  return marks.size < fewestPairs ? new Uint32Array(0) : Uint32Array.from(marks);
}

function hashBytes(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return mixed(h);
}

/** A bijection of 32 bits that spreads neighbours apart. */
export function mixed(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
