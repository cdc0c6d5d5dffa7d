/** @file Damaged pictures and sounds. In: a random stream. Out: what went wrong in decoding one of them. */
import { fuzzMedia } from "../../src/data/node/testing/fuzz-media.ts";
import type { FuzzFamily } from "./case.ts";

/** Bits flipped, ends cut, headers that lie: decoded or refused as a fact about the file, in bounded time and memory. */
export const damagedMedia: FuzzFamily = {
  name: "damaged media",
  share: 0.2,
  async run(rng) {
    const { failures } = await fuzzMedia(1, rng.below(2 ** 31));
    return failures[0];
  },
};
