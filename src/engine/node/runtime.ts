/**
 * @file The Runtime on Node: onnxruntime-node inside a worker thread, so that the caller's event loop stays free.
 * In: number of threads. Out: a Runtime. The worker keeps the process alive only while a call is under way.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Host, HostOptions } from "../host.ts";
import { connect } from "../remote.ts";
import type { Feeds, Runtime, Trainer } from "../runtime.ts";

export interface NodeRuntimeOptions {
  /** Threads inside one operation; the machine's cores by default. */
  readonly threads?: number;
}

export function nodeRuntime({ threads = Math.min(8, availableParallelism()) }: NodeRuntimeOptions = {}): Runtime {
  const worker = startWorker({ threads });
  let underWay = 0;
  worker.unref();
  const host = connect<Host>({
    post: (message, transfer) => {
      if (underWay++ === 0) worker.ref();
      worker.postMessage(message, transfer);
    },
    listen: (receive) =>
      worker.on("message", (message) => {
        if (--underWay === 0) worker.unref();
        receive(message);
      }),
  });
  worker.on("error", (error) => host.fail(error instanceof Error ? error : new Error(String(error))));
  worker.on("exit", () => host.fail(new Error("The engine's worker has ended; make a new runtime.")));

  return {
    async load(model) {
      const id = await host.load(model);
      return { run: (feeds) => host.run(id, feeds), release: () => host.release(id) };
    },
    async train(plan, seed): Promise<Trainer> {
      const id = await host.createTrainer(plan, seed);
      return {
        step: (feeds, options) => host.transferring("step", [id, feeds, options], buffersOf(feeds)),
        evaluate: (feeds, noise) => host.evaluate(id, feeds, noise),
        parameters: () => host.parameters(id),
        setParameters: (values) => host.setParameters(id, values),
        save: (name) => host.save(id, name),
        restore: (name) => host.restore(id, name),
        exportState: (name) => host.exportState(id, name),
        importState: (name, state) => host.importState(id, name, state),
        release: () => host.releaseTrainer(id),
      };
    },
    async close() {
      await worker.terminate();
    },
  };
}

/** The published package holds JavaScript; from source (tests, benches) the worker must first register a TypeScript loader. */
function startWorker(options: HostOptions): Worker {
  if (!import.meta.url.endsWith(".ts"))
    return new Worker(new URL("./worker.js", import.meta.url), { workerData: options });
  const loader = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const entry = JSON.stringify(new URL("./worker.ts", import.meta.url).href);
  const start = `import(${loader}).then(({ register }) => (register(), import(${entry})))`;
  return new Worker(start, { eval: true, workerData: options });
}

const buffersOf = ({ arrays }: Feeds): ArrayBuffer[] => [
  ...new Set(Object.values(arrays).map(({ buffer }) => buffer as ArrayBuffer)),
];
