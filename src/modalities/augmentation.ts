/**
 * @file Random changes of a picture that leave it what it was, chosen per column: `augmentation: none`, or the changes wanted.
 * In: bytes of items [rows, height, width, channels]. Out: a changed copy. Shifts are on by default; a flip turns a b into a d
 * and a change of light may be what a column is about, so these are asked for.
 */
import * as z from "zod";
import type { Random } from "../engine/random.ts";
import { shiftGrids } from "./shift.ts";

const share = (most: number) => z.number().min(0).max(most);

export const pictureChanges = z.union([
  z.literal("none"),
  z.strictObject({
    /** Largest shift, as a share of each side. */
    shift: share(0.5).default(0.07),
    flip: z.enum(["none", "horizontal", "vertical", "both"]).default("none"),
    /** Largest change of all colours, as a share of the range; added. */
    brightness: share(1).default(0),
    /** Largest change of the distance from middle grey, as a share of it. */
    contrast: share(1).default(0),
  }),
]);

export type PictureChanges = z.output<typeof pictureChanges>;
/** What models of the first version did. */
export const defaultChanges: PictureChanges = { shift: 0.07, flip: "none", brightness: 0, contrast: 0 };

export function changePictures(
  bytes: Uint8Array,
  rows: number,
  shape: readonly [height: number, width: number, channels: number],
  changes: Exclude<PictureChanges, "none">,
  random: Random,
): Uint8Array {
  const { shift, flip, brightness, contrast } = changes;
  const reach = [Math.round(shift * shape[0]), Math.round(shift * shape[1])] as const;
  const result = shiftGrids(bytes, rows, { shape, reach }, random);
  const size = bytes.length / Math.max(1, rows);
  for (let row = 0; row < rows; row++) {
    const item = result.subarray(row * size, (row + 1) * size);
    if ((flip === "horizontal" || flip === "both") && random.uniform() < 0.5) flipColumns(item, shape);
    if ((flip === "vertical" || flip === "both") && random.uniform() < 0.5) flipRows(item, shape);
    if (brightness > 0 || contrast > 0) {
      const added = 255 * brightness * (2 * random.uniform() - 1);
      relight(item, shape[2], added, 1 + contrast * (2 * random.uniform() - 1));
    }
  }
  return result;
}

function flipColumns(item: Uint8Array, [height, width, channels]: readonly [number, number, number]): void {
  const line = width * channels;
  for (let y = 0; y < height; y++) {
    const from = item.slice(y * line, (y + 1) * line);
    for (let x = 0; x < width; x++)
      item.set(from.subarray((width - 1 - x) * channels, (width - x) * channels), y * line + x * channels);
  }
}

function flipRows(item: Uint8Array, [height, width, channels]: readonly [number, number, number]): void {
  const from = item.slice();
  const line = width * channels;
  for (let y = 0; y < height; y++) item.set(from.subarray((height - 1 - y) * line, (height - y) * line), y * line);
}

/** Colours, not opacity. */
function relight(item: Uint8Array, channels: number, added: number, gain: number): void {
  for (let i = 0; i < item.length; i++) {
    if (channels === 4 && i % 4 === 3) continue;
    item[i] = Math.min(Math.max(Math.round(127.5 + gain * (item[i]! - 127.5) + added), 0), 255);
  }
}
