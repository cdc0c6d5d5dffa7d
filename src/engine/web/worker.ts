/**
 * @file The web worker on which onnxruntime-web runs. In: settings as the first message, then calls from web/runtime.ts. Out: answers.
 * The build with WebGPU is twice as large as the other (27 MB, 14 MB), so it is loaded only where it is used.
 */
import { chooseDevice } from "../device.ts";
import { createHost } from "../host.ts";
import { serve } from "../remote.ts";
import type { CreateSession } from "../session.ts";
import { webPlatform } from "./platform.ts";
import type { WebWorkerSettings } from "./runtime.ts";

const start = ({ threads, device: asked, wasmPath }: WebWorkerSettings): void => {
  const device = chooseDevice(asked, webPlatform);
  const sessions = device.then(async (chosen) => {
    const { env, InferenceSession } =
      chosen === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
    env.wasm.wasmPaths = withSlash(wasmPath ?? new URL(".", location.href).href);
    env.wasm.numThreads = threads;
    return InferenceSession;
  });
  const create: CreateSession = async (bytes, options) => (await sessions).create(bytes, options);
  serve(createHost(create, { threads, device }), {
    post: (message, transfer) => postMessage(message, { transfer }),
    listen: (receive) => addEventListener("message", ({ data }) => receive(data)),
  });
};

/** ONNX Runtime appends file names as they are. */
const withSlash = (folder: string): string => (folder.endsWith("/") ? folder : `${folder}/`);

addEventListener("message", ({ data }) => start(data as WebWorkerSettings), { once: true });
