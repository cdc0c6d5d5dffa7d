/**
 * @file The Runtime in a browser: onnxruntime-web inside a web worker, so that the page stays responsive.
 * In: number of threads, device, where ONNX Runtime's files are served. Out: a Runtime.
 */
import type { Device } from "../device.ts";
import type { Host } from "../host.ts";
import { connect } from "../remote.ts";
import { remoteRuntime, workerEnded } from "../remote-runtime.ts";
import type { Runtime, WorkerSettings } from "../runtime.ts";

export interface WebRuntimeOptions {
  /** Threads inside one operation; the machine's cores, at most 4, by default. More than one needs a cross-origin isolated page. */
  readonly threads?: number;
  /** Where graphs run: the CPU by default, since only there a run replays bit for bit. */
  readonly device?: Device;
  /** Folder from which ort-wasm-simd-threaded*.mjs and .wasm of onnxruntime-web are served; the worker's own by default. */
  readonly wasmPath?: string | URL;
}

/** What the page tells the worker first. */
export interface WebWorkerSettings extends WorkerSettings {
  readonly wasmPath?: string;
}

export function webRuntime(options: WebRuntimeOptions = {}): Runtime {
  const { threads = Math.min(4, navigator.hardwareConcurrency), device = "cpu", wasmPath } = options;
  if (threads > 1 && !crossOriginIsolated)
    console.warn("polyvae: one thread is used, since this page is not cross-origin isolated (docs/browser.md).");
  // Written out here: bundlers look for this very expression.
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const host = connect<Host>({
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen: (receive) => worker.addEventListener("message", ({ data }) => receive(data)),
  });
  worker.addEventListener("error", ({ message }) =>
    // A worker that cannot be fetched gives an event without a message.
    host.fail(
      new Error(message || "Cannot start the engine's worker: its script could not be loaded (docs/browser.md)."),
    ),
  );
  const settings: WebWorkerSettings = {
    threads: crossOriginIsolated ? threads : 1,
    device,
    ...(wasmPath !== undefined && { wasmPath: new URL(wasmPath, location.href).href }),
  };
  worker.postMessage(settings);

  return remoteRuntime(host, () => {
    worker.terminate();
    host.fail(new Error(workerEnded));
  });
}
