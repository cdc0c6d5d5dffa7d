/** @file The part of the public API that runs anywhere, by name: index.ts adds what needs Node, browser.ts what needs a browser. */

export { DataError } from "./data/data-error.ts";
export type { Reading } from "./data/dataset.ts";
export { describeIssue, type Issue } from "./data/issues.ts";
export { type MediaDecoder, MediaError } from "./data/media.ts";
export type { Column, Image, Sound, Value, Values } from "./data/records.ts";
export { learnedPositions, multiHeadAttention, transformerBlock } from "./engine/attention.ts";
export { convolution, transposedConvolution } from "./engine/convolution.ts";
export { type Device, devices } from "./engine/device.ts";
export { gradients } from "./engine/differentiate.ts";
export {
  type LogisticMixture,
  logCategorical,
  logDiscretisedLogisticMixture,
  logLaplace,
  logLogistic,
  logNormal,
  sampleGumbelSoftmax,
  sampleLaplace,
  sampleLogistic,
  sampleNormal,
} from "./engine/distributions.ts";
export {
  clip,
  digamma,
  gelu,
  logGamma,
  logSigmoid,
  logSumExp,
  mean,
  minimum,
  oneHot,
  silu,
  softsign,
  square,
  topK,
} from "./engine/functions.ts";
export { dense, dropout, embedding, flatten, type Layer, sequential, unflatten } from "./engine/layers.ts";
export { batchNormalisation, groupNormalisation, layerNormalisation } from "./engine/normalisation.ts";
export { lower } from "./engine/onnx.ts";
export {
  abs,
  add,
  cast,
  concat,
  constant,
  cumulativeSum,
  div,
  equal,
  erf,
  exp,
  expand,
  gather,
  greater,
  input,
  linear,
  log,
  logSoftmax,
  matmul,
  max,
  maximum,
  mul,
  neg,
  noise,
  pad,
  parameter,
  putAdd,
  relu,
  reshape,
  select,
  sigmoid,
  slice,
  softmax,
  softplus,
  sqrt,
  stopGradient,
  sub,
  sum,
  take,
  tanh,
  topIndices,
  track,
  transpose,
} from "./engine/ops.ts";
export type { AdamOptions, AverageOptions, ParameterGroup, TrainerOptions } from "./engine/optimizer/options.ts";
export { planTraining, type TrainingPlan } from "./engine/plan.ts";
export { averagePooling, globalAveragePooling, globalMaxPooling, maxPooling } from "./engine/pooling.ts";
export { printGraph } from "./engine/print.ts";
export { type Random, random, shuffle } from "./engine/random.ts";
export { gru } from "./engine/recurrent.ts";
export type { Executable, Runtime, Trainer } from "./engine/runtime.ts";
export { type Shape, ShapeError, type Tensor } from "./engine/tensor.ts";
export { upsampling } from "./engine/upsampling.ts";
export type { Encoded, Modality, ModalityKind, ModalityKinds, ModalityState } from "./modalities/modality.ts";
export { type ModelConfig, modelConfigSchema } from "./models/config.ts";
export { divergence, divergenceFromStandard, type Gaussian, productOfExperts } from "./models/gaussian.ts";
export { type Evidence, elbo, lowerBound, mvtcae, type Objective } from "./models/objectives.ts";
export { type ModelParts, openTrainedModel, type TrainedModel } from "./models/trained-model.ts";
export { buildVae } from "./models/vae.ts";
export { type TrainingConfig, trainingConfigSchema } from "./training/config.ts";
export {
  constantRate,
  cosineFall,
  firstPlateau,
  linearWarmUp,
  nextPlateau,
  type Plateau,
  productOfRates,
  type RateFactor,
  stepwiseFall,
} from "./training/schedule.ts";
