/** @file The public API on Node. Everything that users may import, by name. */

export * from "./core.ts";
export { nodeMediaDecoder } from "./data/node/media-decoder.ts";
export { openData } from "./data/node/open-data.ts";
export { nodeRuntime } from "./engine/node/runtime.ts";
export { type Given, type Model, openModel, type Settings, type Space, train } from "./library.ts";
