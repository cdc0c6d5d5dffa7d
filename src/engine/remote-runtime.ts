/**
 * @file A Runtime whose host lives on another thread. In: the host's methods as calls, and how to end its thread. Out: a Runtime.
 * The same on Node and in a browser: only the threads differ.
 */
import type { Host } from "./host.ts";
import type { Remote } from "./remote.ts";
import type { Feeds, Runtime, Trainer } from "./runtime.ts";

/** Why calls to an engine fail after its worker has gone. */
export const workerEnded = "The engine's worker has ended; make a new runtime.";

export function remoteRuntime(host: Remote<Host>, end: () => void | Promise<void>): Runtime {
  return {
    async load(model) {
      const id = await host.load(model);
      const device = await host.deviceOf(id);
      return { device, run: (feeds) => host.run(id, feeds), release: () => host.release(id) };
    },
    async loadForeign(model) {
      const { id, inputs, outputs } = await host.loadForeign(model);
      return {
        inputs,
        outputs,
        run: (values, output) => host.runForeign(id, values, output),
        release: () => host.release(id),
      };
    },
    async train(plan, seed, options): Promise<Trainer> {
      const id = await host.createTrainer(plan, seed, options);
      return {
        device: await host.deviceOf(id),
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
      await end();
    },
  };
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
