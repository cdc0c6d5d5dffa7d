import { describe, expect, it } from "vitest";
import type { Values } from "../data/records.ts";
import { random } from "../engine/random.ts";
import { changePictures } from "./augmentation.ts";
import { fitImage, planImage } from "./image.ts";

const shape = [2, 3, 1] as const;
const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
const still = { shift: 0, flip: "none", brightness: 0, contrast: 0 } as const;

/** All results of some draws, as text. */
const results = (changes: { flip?: "horizontal" | "vertical" | "both" }) =>
  new Set(
    Array.from({ length: 40 }, (_, seed) =>
      [...changePictures(bytes, 1, shape, { ...still, ...changes }, random(seed))].join(" "),
    ),
  );

describe("changes of a picture", () => {
  it("are none without being asked for", () => expect([...results({})]).toEqual(["1 2 3 4 5 6"]));

  it("mirror it, or leave it", () => {
    expect([...results({ flip: "horizontal" })].sort()).toEqual(["1 2 3 4 5 6", "3 2 1 6 5 4"]);
    expect([...results({ flip: "vertical" })].sort()).toEqual(["1 2 3 4 5 6", "4 5 6 1 2 3"]);
    expect(results({ flip: "both" }).size).toBe(4);
  });

  it("make colours lighter or darker by no more than they may, and leave opacity", () => {
    const grey = Uint8Array.from({ length: 4 * 50 }, (_, i) => (i % 4 === 3 ? 77 : 128));
    const changed = changePictures(grey, 50, [1, 1, 4], { ...still, brightness: 0.1 }, random(3));
    const colours = changed.filter((_, i) => i % 4 !== 3);
    expect(changed.filter((_, i) => i % 4 === 3).every((x) => x === 77)).toBe(true);
    expect(Math.min(...colours)).toBeGreaterThanOrEqual(128 - 26);
    expect(Math.max(...colours)).toBeLessThanOrEqual(128 + 26);
    expect(new Set(colours).size).toBeGreaterThan(10);
  });

  it("are chosen by the column, or none", () => {
    const photo = { width: 3, height: 2, channels: 1 as const, pixels: bytes };
    const rows: Values[] = [{ photo }];
    const request = planImage("photo", [photo], {})!;
    const augment = (augmentation: unknown) =>
      fitImage("photo", request, rows, augmentation === undefined ? {} : { augmentation })!.augment;
    expect(augment("none")).toBeUndefined();
    expect(augment(undefined)).toBeDefined();
    expect(() => augment({ flipp: "both" })).toThrow(/augmentation/);
  });
});
