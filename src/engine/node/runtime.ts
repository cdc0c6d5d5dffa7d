/**
 * @file The Runtime on Node: onnxruntime-node inside a worker thread, so that the caller's event loop stays free.
 * In: number of threads, device. Out: a Runtime. The worker keeps the process alive only while a call is under way.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Device } from "../device.ts";
import type { Host } from "../host.ts";
import { connect } from "../remote.ts";
import { remoteRuntime, workerEnded } from "../remote-runtime.ts";
import type { Runtime, WorkerSettings } from "../runtime.ts";

export interface NodeRuntimeOptions {
  /** Threads inside one operation; the machine's cores by default. */
  readonly threads?: number;
  /** Where graphs run: the CPU by default, since only there a run replays bit for bit. */
  readonly device?: Device;
}

export function nodeRuntime(options: NodeRuntimeOptions = {}): Runtime {
  const { threads = Math.min(8, availableParallelism()), device = "cpu" } = options;
  const worker = startWorker({ threads, device });
  let underWay = 0;
  const onIdle: (() => void)[] = [];
  worker.unref();
  const host = connect<Host>({
    post: (message, transfer) => {
      worker.postMessage(message, transfer);
      // Not before: a message that cannot be posted gets no answer.
      if (underWay++ === 0) worker.ref();
    },
    listen: (receive) =>
      worker.on("message", (message) => {
        if (--underWay === 0) worker.unref();
        receive(message);
        if (underWay === 0) for (const resolve of onIdle.splice(0)) resolve();
      }),
  });
  worker.on("error", (error) => host.fail(error instanceof Error ? error : new Error(String(error))));
  const ended = new Promise<void>((resolve) => {
    worker.on("exit", () => {
      host.fail(new Error(workerEnded));
      resolve();
    });
  });
  const idle = () => new Promise<void>((resolve) => (underWay === 0 ? resolve() : onIdle.push(resolve)));

  return remoteRuntime(host, async () => {
    // A thread that is ended inside ONNX Runtime takes the whole process with it.
    await Promise.race([idle(), ended]);
    await worker.terminate();
  });
}

/** The published package holds JavaScript; from source (tests, benches) the worker must first register a TypeScript loader. */
function startWorker(options: WorkerSettings): Worker {
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL("./worker.js", import.meta.url), { workerData: options });
  const loader = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const entry = JSON.stringify(new URL("./worker.ts", import.meta.url).href);
  const start = `import(${loader}).then(({ register }) => (register(), import(${entry})))`;
  return new Worker(start, { eval: true, workerData: options });
}
