/** @file The models that the benches run, at the sizes that are reported. In: names. Out: BenchCases. */
import type { BenchCase } from "./case.ts";
import { convVae } from "./conv-vae.ts";
import { mlpVae } from "./mlp-vae.ts";
import { textTransformer } from "./text-transformer.ts";
import { trimodal } from "./trimodal.ts";

export const benchCases = {
  "mlp-vae": () => mlpVae({ cells: 784, hidden: [512, 512], latent: 32 }),
  "conv-vae": () => convVae({ side: 32, channels: [32, 64, 128], latent: 32 }),
  trimodal: () =>
    trimodal({
      image: [784, 512, 512],
      audio: [1024, 512, 512],
      text: [256],
      letters: 5,
      alphabet: 27,
      latent: 32,
    }),
  "text-transformer": () =>
    textTransformer({ vocabulary: 1000, time: 32, width: 128, heads: 4, hidden: 512, blocks: 2, latent: 32 }),
} satisfies Readonly<Record<string, () => BenchCase>>;

export type CaseName = keyof typeof benchCases;
export const caseNames = Object.keys(benchCases) as CaseName[];
