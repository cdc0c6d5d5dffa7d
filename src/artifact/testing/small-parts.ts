/** @file A small model for tests. In: nothing. Out: parts that a model file holds, with networks that stand for ONNX models. */
import { plainReading } from "../../data/testing/reading.ts";
import { modelConfigSchema } from "../../models/config.ts";
import type { ModelParts } from "../../models/trained-model.ts";

export function smallParts(modality = "photo"): ModelParts {
  const bytes = (length: number, step: number) => Uint8Array.from({ length }, (_, i) => (i * step) % 251);
  return {
    record: {
      config: modelConfigSchema.parse({ latent: 2 }),
      modalities: [{ kind: "image", name: modality, width: 8, text: "größe" }],
      data: {
        name: "data.csv",
        fingerprint: "00",
        rows: 30,
        reading: plainReading({ resolved: { photo: { kind: "image", role: "feature" } } }),
        columns: [
          {
            name: modality,
            kind: "image",
            role: "feature",
            why: "",
            present: 30,
            missing: 0,
            distinct: 30,
            examples: [],
          },
        ],
      },
      training: {
        seed: 0,
        epochs: 1,
        bestEpoch: 1,
        steps: 1,
        rows: 24,
        parameters: 10,
        cpuSeconds: 1,
        wallSeconds: 1,
        stopped: "epochs",
        incidents: [],
        history: [{ epoch: 1, rate: 0.001, beta: 1, train: { loss: 1 }, validation: { "lower-bound": -1 } }],
      },
    },
    networks: { [`encoder-${modality}`]: bytes(300, 7), [`decoder-${modality}`]: bytes(200, 13) },
    prior: {
      latent: 2,
      weights: Float32Array.of(0.25, 0.75),
      means: Float32Array.of(-1, 0.5, 1, 2),
      variances: Float32Array.of(1, 1e-4, 3, 4),
    },
  };
}
