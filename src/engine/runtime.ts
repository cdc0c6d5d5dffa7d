/**
 * @file Contract of an execution engine: runs ONNX models and trains graphs, off the caller's thread.
 * In: models and batches. Out: named arrays. node/ implements it on onnxruntime-node in a worker thread, web/ on onnxruntime-web in a
 * web worker.
 */
import type { ConcreteDevice, Device } from "./device.ts";
import type { TrainingPlan } from "./plan.ts";

export type FeedArray = Float32Array | Int32Array | Uint8Array;

/** Values for a run: arrays by input name, row-major, and the size that the batch axis takes. */
export interface Feeds {
  readonly batch: number;
  readonly arrays: Readonly<Record<string, FeedArray>>;
}

export type Outputs = Readonly<Record<string, Float32Array>>;

export interface Executable {
  /** Where it runs. */
  readonly device: ConcreteDevice;
  /** @throws Error naming an input that is absent or of the wrong length */
  run(feeds: Feeds): Promise<Outputs>;
  release(): Promise<void>;
}

export interface StepOptions {
  /** Learning rate of this step. */
  readonly rate: number;
  /** Gradients are scaled down so that their global norm is at most this. */
  readonly clipNorm?: number;
  /** Names the noise of this step: the same seed draws the same noise. */
  readonly seed: number;
  /** Parameters to change, by name; all when absent. The others stay frozen. */
  readonly only?: readonly string[];
}

export interface StepResult {
  readonly outputs: Outputs;
  readonly gradientNorm: number;
  /** False when loss or gradient were not finite: nothing was changed. */
  readonly applied: boolean;
}

/** Everything that a step depends on besides its feeds. */
export interface OptimiserState {
  /** Updates that each parameter has had, in the parameters' order. */
  readonly steps: readonly number[];
  /** Parameters, first and second moments, one after the other. */
  readonly values: Float32Array;
}

/** Parameters and optimiser state of one training run, held where the graph runs. */
export interface Trainer {
  /** Where its steps run; the optimiser always runs on the CPU. */
  readonly device: ConcreteDevice;
  /** One gradient step. The arrays of `feeds` are handed over and must not be used again. */
  step(feeds: Feeds, options: StepOptions): Promise<StepResult>;
  /** Loss and terms without gradients. */
  evaluate(feeds: Feeds, seed: number): Promise<Outputs>;
  /** Copies of all parameters: name → values. */
  parameters(): Promise<Readonly<Record<string, Float32Array>>>;
  /** @throws Error naming a parameter that is absent or of another length; nothing is changed then */
  setParameters(values: Readonly<Record<string, Float32Array>>): Promise<void>;
  /** Keeps parameters and optimiser state under a name, in memory, for `restore`. */
  save(name: string): Promise<void>;
  /** @throws Error when nothing was kept under this name */
  restore(name: string): Promise<void>;
  /** A copy of what `save` kept, to be written down; `importState` puts it back under the name, in this run or a later one. */
  exportState(name: string): Promise<OptimiserState>;
  importState(name: string, state: OptimiserState): Promise<void>;
  release(): Promise<void>;
}

export interface Runtime {
  load(model: Uint8Array): Promise<Executable>;
  train(plan: TrainingPlan, seed: number): Promise<Trainer>;
  close(): Promise<void>;
}

/** What a runtime tells the worker that it starts. */
export interface WorkerSettings {
  readonly threads: number;
  readonly device: Device;
}
