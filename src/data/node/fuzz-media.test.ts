import { expect, test } from "vitest";
import { fuzzMedia } from "./testing/fuzz-media.ts";

test("corrupted media are decoded or refused with a listed fault, never anything else", async () => {
  const { cases, decoded, refused, failures } = await fuzzMedia(150, 1);
  expect(failures).toEqual([]);
  const told = Object.values(refused).reduce((a, b) => a + b, 0);
  expect(decoded + told).toBe(cases);
  // Both ends are met: changes that do no harm, and some that do.
  expect(Math.min(decoded, told)).toBeGreaterThan(20);
}, 60_000);
