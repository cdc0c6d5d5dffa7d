/**
 * @file What ONNX Runtime computes of a modality against float64, for tests. In: a modality, encoded rows, parameters.
 * Out: nothing, or an assertion that fails: features, log-likelihood, and the slope of the latter by the parameters.
 */
import { concat, mul, reshape } from "../../engine/ops.ts";
import { sizeOf } from "../../engine/reference.ts";
import type { Runtime } from "../../engine/runtime.ts";
import { staticSize } from "../../engine/tensor.ts";
import { type Argument, checkLowering } from "../../engine/testing/check-graph.ts";
import type { Encoded, Modality } from "../modality.ts";

export async function checkModality(
  runtime: Runtime,
  modality: Modality,
  encoded: Encoded,
  parameters: Float32Array,
): Promise<void> {
  const names = Object.keys(modality.arrays);
  const args: Argument[] = [
    { shape: ["batch", ...modality.parameterShape], values: [...parameters] },
    ...names.map((name) => {
      const { shape, type } = modality.arrays[name]!;
      return { shape: ["batch", ...shape] as const, values: [...encoded.arrays[name]!], type };
    }),
  ];
  const flat = staticSize(modality.featureShape);
  await checkLowering(
    runtime,
    (raw, ...inputs) => {
      const arrays = Object.fromEntries(names.map((name, i) => [name, inputs[i]!]));
      // Per value: so that the tolerance is that of one number, not of the sum over thousands.
      const density = mul(modality.logLikelihood(raw!, arrays), 1 / sizeOf(modality.parameterShape));
      const features = reshape(modality.features(arrays), ["batch", flat]);
      const extent = modality.extent ? [modality.extent(arrays)] : [];
      return concat([reshape(density, ["batch", 1]), features, ...extent], 1);
    },
    args,
    encoded.rows,
  );
}
