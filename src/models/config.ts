/**
 * @file What a model is made of, as one plain validated object. In: a config file's `model` part. Out: ModelConfig with defaults.
 */
import * as z from "zod";
import { networkSchema } from "./networks/setting.ts";

export const modelConfigSchema = z.strictObject({
  latent: z.number().int().min(1).max(1024).default(32).describe("Size of the shared latent space."),
  objective: z.enum(["mvtcae", "elbo"]).default("mvtcae").describe("What is minimised; see docs/math/objectives.md."),
  beta: z.number().min(0).default(2.5).describe("Weight of the divergences after warm-up."),
  alpha: z
    .number()
    .min(0)
    .max(1)
    .default(5 / 6)
    .describe("MVTCAE: share of the modalities' own bottlenecks."),
  contrast: z.number().min(0).default(40).describe("Weight of InfoNCE between the modalities' means; 0 leaves it out."),
  dropout: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.3)
    .describe("Share of an encoder's last hidden units dropped while training."),
  subsets: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("Share of rows that are encoded from a random subset of their modalities while training."),
  hiding: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("Share of rows of which random cells of the table are hidden from the encoder while training."),
  balance: z.boolean().default(true).describe("Scale likelihoods inside the loss to equal event sizes."),
  networks: z
    .record(z.string().min(1), networkSchema)
    .default({})
    .describe(
      "Networks by modality: `image: conv-medium`, or parts, or layers of your own; chosen where nothing is said.",
    ),
  width: z
    .number()
    .int()
    .min(8)
    .max(4096)
    .default(256)
    .describe("Units of a dense hidden layer in a small network; see docs/networks.md."),
  channels: z
    .number()
    .int()
    .min(4)
    .max(512)
    .default(16)
    .describe("Channels of the first convolution in a small network; doubled at each halving."),
});

export type ModelConfig = z.infer<typeof modelConfigSchema>;
