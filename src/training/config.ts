/**
 * @file How a model is trained, as one plain validated object. In: a config file's training part. Out: TrainingConfig with defaults.
 */
import * as z from "zod";
import { devices } from "../engine/device.ts";

export const trainingConfigSchema = z.strictObject({
  epochs: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Passes over the training rows, at most; 100, or more for small data."),
  minutes: z
    .number()
    .positive()
    .optional()
    .describe("Wall-clock budget; training then ends with the best weights so far."),
  batch: z.number().int().min(2).default(64).describe("Rows in one step."),
  rate: z.number().positive().default(2e-3).describe("Learning rate of Adam."),
  warmUp: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe("Epochs over which the weight of the divergences rises to beta; as many as make 320 steps."),
  patience: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Epochs without a better held-out bound before the rate falls; as many as make 200 steps, at least 3."),
  rateDrops: z
    .number()
    .int()
    .min(0)
    .default(2)
    .describe("How often the rate falls, to a third, before training stops."),
  clipNorm: z.number().positive().default(100).describe("Largest global norm of the gradient."),
  augment: z.boolean().default(true).describe("Learn from slightly shifted pictures and sounds, anew in every epoch."),
  schedule: z
    .enum(["joint", "alternating"])
    .default("joint")
    .describe("joint: all weights in every step; alternating: epochs of encoders and of decoders in turn."),
  mixture: z
    .number()
    .int()
    .min(1)
    .max(200)
    .default(10)
    .describe("Components of the Gaussian mixture from which new rows are generated."),
  device: z
    .enum(devices)
    .default("cpu")
    .describe(
      "Where steps run: cpu, webgpu, cuda, or auto: WebGPU where it gives this model's values right, else the CPU.",
    ),
  seed: z.number().int().default(0).describe("Names every random draw: same seed, same machine, same model."),
});

export type TrainingConfig = z.infer<typeof trainingConfigSchema>;
