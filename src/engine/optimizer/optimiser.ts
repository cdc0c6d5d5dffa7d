/**
 * @file Adam and its kin over parameters that live in WebAssembly memory, updated in place and fed to the graph without copying.
 * In: parameter names and sizes, options, then gradients step by step. Out: views of the parameters, always current.
 * The memory is allocated once: growing it would detach the views.
 */
import { kernelWasm } from "../generated/kernel-wasm.ts";
import type { OptimiserState } from "../runtime.ts";
import {
  adamSettings,
  averageDecay,
  type ParameterSettings,
  parameterSettings,
  type TrainerOptions,
} from "./options.ts";

type Values = Readonly<Record<string, Float32Array>>;

export interface Optimiser {
  /** Views into the memory: name → values. Valid as long as the optimiser. */
  readonly parameters: Values;
  /**
   * Views of the moving averages; of the parameter itself as long as it had no update.
   * @throws Error when none are kept
   */
  averages(): Values;
  /**
   * One update. `scale` multiplies every gradient (global-norm clipping). Parameters without a gradient stay, and this step does
   * not count for them: the corrections of their moments' and average's bias go by their own updates.
   */
  update(gradients: Values, rate: number, scale: number): void;
  /** Puts values in place of the parameters, and of their averages. @throws Error naming what is absent or of another length */
  set(values: Values): void;
  /** A copy of everything an update depends on. */
  save(): OptimiserState;
  /** @throws Error when the state is that of other parameters or options */
  restore(state: OptimiserState): void;
  /** @throws Error when the state is that of other parameters or options */
  check(state: OptimiserState): void;
}

type Adam = [n: number, rate: number, beta1: number, beta2: number, epsilon: number, correction: number, scale: number];

interface Kernel {
  adam(p: number, m: number, v: number, g: number, ...adam: Adam): void;
  adamw(p: number, m: number, v: number, g: number, ...rest: [...Adam, decay: number]): void;
  amsgrad(p: number, m: number, v: number, largest: number, g: number, ...rest: [...Adam, decay: number]): void;
  average(a: number, p: number, n: number, weight: number): void;
}

interface Place extends ParameterSettings {
  readonly start: number;
  readonly length: number;
  /** Updates so far. */
  steps: number;
}

/** Where the kernel's own data end (see scripts/build.js); everything of ours lies above. */
const base = 4096;
/** Gradients pass through a window that stays in the processor's cache: they are read from memory once. */
const windowLength = 16_384;
const bytesPerFloat = 4;

/** @throws Error naming an option that is out of its range, or a group that fits no parameter */
export function createOptimiser(sizes: Readonly<Record<string, number>>, options: TrainerOptions = {}): Optimiser {
  const { beta1, beta2, epsilon, amsgrad } = adamSettings(options.optimiser);
  const decay = averageDecay(options);
  const { places, total } = placesOf(sizes, options);
  const layout = ["parameters", "first moments", "second moments"];
  const largest = amsgrad ? layout.push("largest second moments") - 1 : 0;
  const mean = decay === undefined ? 0 : layout.push("averages") - 1;
  const windowStart = base;
  const stateStart = base + windowLength * bytesPerFloat;
  const length = layout.length * total;
  const pages = Math.ceil((stateStart + length * bytesPerFloat) / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const kernel = instantiate(memory);
  const state = new Float32Array(memory.buffer, stateStart, length);
  const window = new Float32Array(memory.buffer, windowStart, windowLength);
  const viewsOf = (array: number): Values =>
    Object.fromEntries(
      [...places].map(([name, { start, length: own }]) => {
        const from = array * total + start;
        return [name, state.subarray(from, from + own)];
      }),
    );
  const parameters = viewsOf(0);
  const means = decay === undefined ? undefined : viewsOf(mean);

  const current = () => ({ layout, steps: Array.from(places.values(), ({ steps }) => steps), values: state });

  function updateWindow(at: number, count: number, place: Place, rate: number, scale: number): void {
    const { steps, weightDecay } = place;
    const address = (array: number) => stateStart + (array * total + at) * bytesPerFloat;
    const [p, m, v] = [address(0), address(1), address(2)];
    const corrected = rate / (1 - beta1 ** steps);
    const adam: Adam = [count, corrected, beta1, beta2, epsilon, 1 / Math.sqrt(1 - beta2 ** steps), scale];
    if (amsgrad) kernel.amsgrad(p, m, v, address(largest), windowStart, ...adam, rate * weightDecay);
    else if (weightDecay > 0) kernel.adamw(p, m, v, windowStart, ...adam, rate * weightDecay);
    else kernel.adam(p, m, v, windowStart, ...adam);
    if (decay !== undefined) kernel.average(address(mean), p, count, (1 - decay) / (1 - decay ** steps));
  }

  return {
    parameters,
    averages: () => {
      if (!means) {
        throw new Error(
          "Cannot read averaged parameters: this trainer keeps none; give `average: { decay }` when it is made.",
        );
      }
      const own = [...places].map(([name, { steps }]) => [name, (steps > 0 ? means : parameters)[name]!]);
      return Object.fromEntries(own) as Values;
    },
    update: (gradients, rate, scale) => {
      for (const [name, place] of places) {
        const gradient = gradients[name];
        if (!gradient || place.frozen) continue;
        place.steps++;
        for (let done = 0; done < place.length; done += windowLength) {
          const count = Math.min(windowLength, place.length - done);
          window.set(gradient.subarray(done, done + count));
          window.fill(0, count, padded(count));
          updateWindow(place.start + done, padded(count), place, rate * place.rate, scale);
        }
      }
    },
    set: (values) => {
      for (const [name, place] of places) {
        const received = values[name]?.length;
        if (received !== place.length) {
          throw new Error(
            `Cannot set parameter "${name}": expected ${place.length} values, received ${received ?? "none"}.`,
          );
        }
      }
      for (const views of means ? [parameters, means] : [parameters])
        for (const name of places.keys()) views[name]!.set(values[name]!);
    },
    save: () => ({ ...current(), values: state.slice() }),
    restore: (saved) => {
      checkState(current(), saved);
      [...places.values()].forEach((place, i) => {
        place.steps = saved.steps[i]!;
      });
      state.set(saved.values);
    },
    check: (saved) => {
      checkState(current(), saved);
    },
  };
}

/** Where each parameter lies, and the length of them all. */
function placesOf(sizes: Readonly<Record<string, number>>, options: TrainerOptions) {
  const settings = parameterSettings(Object.keys(sizes), options);
  const places = new Map<string, Place>();
  let total = 0;
  for (const [name, length] of Object.entries(sizes)) {
    places.set(name, { ...settings[name]!, start: total, length, steps: 0 });
    total += padded(length);
  }
  return { places, total };
}

function checkState(own: OptimiserState, received: OptimiserState): void {
  if (received.layout.join() !== own.layout.join()) {
    throw new Error(
      `Cannot restore the optimiser: expected [${own.layout.join(", ")}], received [${received.layout.join(", ")}]. ` +
        "Was the state saved with other options?",
    );
  }
  if (received.values.length === own.values.length && received.steps.length === own.steps.length) return;
  throw new Error(
    `Cannot restore the optimiser: expected ${own.values.length} values of ${own.steps.length} parameters, ` +
      `received ${received.values.length} of ${received.steps.length}. Was the state saved for another model?`,
  );
}

/** The kernel takes four values at a time. */
const padded = (length: number): number => Math.ceil(length / 4) * 4;

function instantiate(memory: WebAssembly.Memory): Kernel {
  const bytes = Uint8Array.from(atob(kernelWasm), (character) => character.charCodeAt(0));
  const abort = () => {
    throw new Error("The optimiser's WebAssembly kernel aborted.");
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, abort } });
  return exports as unknown as Kernel;
}
