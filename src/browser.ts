/** @file The public API in a browser (`polyvae/browser`): graphs, their training, and the uses of a model file. */

export { unpackModel } from "./artifact/format/pack.ts";
export * from "./core.ts";
export { type WebRuntimeOptions, webRuntime } from "./engine/web/runtime.ts";
export { encode, encodeGiven } from "./uses/encode.ts";
export { generate } from "./uses/generate.ts";
export { type Imputed, impute } from "./uses/impute.ts";
export { translate } from "./uses/translate.ts";
