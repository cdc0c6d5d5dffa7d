import { expect, test } from "vitest";
import { input } from "../engine/ops.ts";
import { modelConfigSchema } from "./config.ts";
import { decoderNetwork, encoderNetwork } from "./networks.ts";

const config = modelConfigSchema.parse({ width: 24, channels: 4 });

test.each([
  ["a vector", [7], [5, 3], 0],
  ["a small picture", [8, 8, 1], [8, 8, 1], 2],
  ["a picture of odd size", [29, 17, 3], [29, 17, 3], 2],
  ["a spectrogram", [48, 40, 1], [48, 40, 1], 2],
  ["a sequence with a large vocabulary", [24, 32], [24, 500], 1],
  ["a short sequence", [5, 32], [5, 70], 1],
] as const)("networks fit %s", (_, featureShape, parameterShape, gridAxes) => {
  const shaped = { featureShape, parameterShape, gridAxes };
  const hidden = encoderNetwork(shaped, config, 0.5)(input("x", ["batch", ...featureShape]), "encoder");
  expect(hidden.shape).toEqual(["batch", 24]);
  const decoded = decoderNetwork(shaped, config)(input("z", ["batch", 6]), "decoder");
  expect(decoded.shape).toEqual(["batch", ...parameterShape]);
});
