/**
 * @file Small random shifts of grids: the change that leaves a picture or a sound what it was. In: bytes of items
 * [rows, height, width, channels]. Out: a copy, each item moved by its own offset; what enters at an edge repeats the edge.
 */
import type { Random } from "../engine/random.ts";

export interface ShiftSettings {
  /** [height, width, channels] of one item. */
  readonly shape: readonly number[];
  /** Largest shift along height and width, in cells. */
  readonly reach: readonly [number, number];
}

export function shiftGrids(
  bytes: Uint8Array,
  rows: number,
  { shape, reach }: ShiftSettings,
  random: Random,
): Uint8Array {
  const [height, width, channels] = shape as [number, number, number];
  const size = height * width * channels;
  const result = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    const down = offset(reach[0], random);
    const right = offset(reach[1], random);
    for (let y = 0; y < height; y++) {
      const line = row * size + held(y - down, height) * width * channels;
      for (let x = 0; x < width; x++) {
        const from = line + held(x - right, width) * channels;
        const to = row * size + (y * width + x) * channels;
        for (let c = 0; c < channels; c++) result[to + c] = bytes[from + c]!;
      }
    }
  }
  return result;
}

const offset = (reach: number, random: Random): number => random.below(2 * reach + 1) - reach;
const held = (index: number, length: number): number => Math.min(Math.max(index, 0), length - 1);
