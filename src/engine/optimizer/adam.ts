/**
 * @file Adam over parameters that live in WebAssembly memory, updated in place and fed to the graph without copying.
 * In: parameter names and sizes, then gradients step by step. Out: views of the parameters, always current.
 * The memory is allocated once: growing it would detach the views.
 */
import { kernelWasm } from "../generated/kernel-wasm.ts";
import type { OptimiserState } from "../runtime.ts";

/** The published defaults (Kingma & Ba 2015, algorithm 1). */
const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];

export interface Adam {
  /** Views into the memory: name → values. Valid as long as the optimiser. */
  readonly parameters: Readonly<Record<string, Float32Array>>;
  /**
   * One update. `scale` multiplies every gradient (global-norm clipping). Parameters without a gradient stay, and this step does
   * not count for them: the corrections of their moments' bias go by their own updates.
   */
  update(gradients: Readonly<Record<string, Float32Array>>, rate: number, scale: number): void;
  /** A copy of everything an update depends on. */
  save(): OptimiserState;
  /** @throws Error when the state is that of other parameters */
  restore(state: OptimiserState): void;
  /** @throws Error when the state is that of other parameters */
  check(state: OptimiserState): void;
}

interface Kernel {
  adam(
    p: number,
    m: number,
    v: number,
    g: number,
    n: number,
    rate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    correction: number,
    scale: number,
  ): void;
}

/** Where the kernel's own data end (see scripts/build.js); everything of ours lies above. */
const base = 4096;
/** Gradients pass through a window that stays in the processor's cache: they are read from memory once. */
const windowLength = 16_384;
const bytesPerFloat = 4;

export function createAdam(sizes: Readonly<Record<string, number>>): Adam {
  const offsets = new Map<string, { start: number; length: number; steps: number }>();
  let total = 0;
  for (const [name, length] of Object.entries(sizes)) {
    offsets.set(name, { start: total, length, steps: 0 });
    total += Math.ceil(length / 4) * 4;
  }

  const firstMoment = total;
  const secondMoment = 2 * total;
  const windowStart = base;
  const stateStart = base + windowLength * bytesPerFloat;
  const pages = Math.ceil((stateStart + 3 * total * bytesPerFloat) / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const kernel = instantiate(memory);
  const state = new Float32Array(memory.buffer, stateStart, 3 * total);
  const window = new Float32Array(memory.buffer, windowStart, windowLength);
  const address = (index: number) => stateStart + index * bytesPerFloat;

  const parameters = Object.fromEntries(
    [...offsets].map(([name, { start, length }]) => [name, state.subarray(start, start + length)]),
  );
  const check = ({ steps, values }: OptimiserState) => {
    if (values.length === state.length && steps.length === offsets.size) return;
    throw new Error(
      `Cannot restore the optimiser: expected ${state.length} values of ${offsets.size} parameters, ` +
        `received ${values.length} of ${steps.length}. Was the state saved for another model?`,
    );
  };

  return {
    parameters,
    update: (gradients, rate, scale) => {
      for (const [name, place] of offsets) {
        const gradient = gradients[name];
        if (!gradient) continue;
        const { start, length } = place;
        const step = ++place.steps;
        const corrected = rate / (1 - beta1 ** step);
        const correction = 1 / Math.sqrt(1 - beta2 ** step);
        for (let done = 0; done < length; done += windowLength) {
          const count = Math.min(windowLength, length - done);
          window.set(gradient.subarray(done, done + count));
          const padded = Math.ceil(count / 4) * 4;
          window.fill(0, count, padded);
          const p = start + done;
          kernel.adam(
            address(p),
            address(firstMoment + p),
            address(secondMoment + p),
            windowStart,
            padded,
            corrected,
            beta1,
            beta2,
            epsilon,
            correction,
            scale,
          );
        }
      }
    },
    save: () => ({ steps: Array.from(offsets.values(), ({ steps }) => steps), values: state.slice() }),
    restore: (saved) => {
      check(saved);
      [...offsets.values()].forEach((place, i) => {
        place.steps = saved.steps[i]!;
      });
      state.set(saved.values);
    },
    check,
  };
}

function instantiate(memory: WebAssembly.Memory): Kernel {
  const bytes = Uint8Array.from(atob(kernelWasm), (character) => character.charCodeAt(0));
  const abort = () => {
    throw new Error("The optimiser's WebAssembly kernel aborted.");
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, abort } });
  return exports as unknown as Kernel;
}
