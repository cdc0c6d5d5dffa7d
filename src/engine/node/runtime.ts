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
      worker.postMessage(message, transfer);
      // Not before: a message that cannot be posted gets no answer.
      if (underWay++ === 0) worker.ref();
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
    async train(plan, seed, options): Promise<Trainer> {
      const id = await host.createTrainer(plan, seed, options);
      return {
        step: async (feeds, step) => host.transferring("step", [id, feeds, step], buffersOf(feeds)),
        accumulate: async (feeds, part) => host.transferring("accumulate", [id, feeds, part], buffersOf(feeds)),
        update: (update) => host.update(id, update),
        gradients: () => host.gradients(id),
        setGradients: (values) => host.setGradients(id, values),
        evaluate: (feeds, noise, reading) => host.evaluate(id, feeds, noise, reading),
        parameters: (reading) => host.parameters(id, reading),
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

/** The buffers to hand over. @throws Error where an earlier step was given one of them */
function buffersOf({ arrays }: Feeds): ArrayBuffer[] {
  const gone = Object.keys(arrays).find((name) => arrays[name]!.buffer.byteLength === 0);
  if (gone !== undefined) {
    throw new Error(
      `Cannot step: expected values for "${gone}", received an array that is empty or was handed over to an earlier step; ` +
        "give each step arrays of its own.",
    );
  }
  return [...new Set(Object.values(arrays).map(({ buffer }) => buffer as ArrayBuffer))];
}
