/**
 * @file Contract of an execution engine: runs ONNX models and trains graphs, off the caller's thread.
 * In: models and batches. Out: named arrays. node/ implements it on onnxruntime-node in a worker thread, web/ on onnxruntime-web in a
 * web worker.
 */
import type { ConcreteDevice, Device } from "./device.ts";
import type { TrainerOptions } from "./optimizer/options.ts";
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

export interface UpdateOptions {
  /** Learning rate of this update. */
  readonly rate: number;
  /** Gradients are scaled down so that their global norm is at most this. */
  readonly clipNorm?: number;
  /** Parameters to change, by name; all when absent. The others stay frozen. */
  readonly only?: readonly string[];
}

export interface StepOptions extends UpdateOptions {
  /** Names the noise of this step: the same seed draws the same noise. */
  readonly seed: number;
}

export interface AccumulateOptions {
  readonly seed: number;
  /** Factor of the batch's gradients in the sum, 1 by default. Mean losses of equal parts of a batch: 1 / their number. */
  readonly weight?: number;
}

export interface UpdateResult {
  readonly gradientNorm: number;
  /** False when loss or gradient were not finite: nothing was changed. */
  readonly applied: boolean;
}

export interface StepResult extends UpdateResult {
  readonly outputs: Outputs;
}

export interface ReadOptions {
  /** From the moving averages of the parameters in place of the parameters; false. */
  readonly averaged?: boolean;
}

/** Everything that a step depends on besides its feeds. */
export interface OptimiserState {
  /** What `values` holds, one after the other: parameters, first and second moments, and what the trainer's options add. */
  readonly layout: readonly string[];
  /** Updates that each parameter has had, in the parameters' order. */
  readonly steps: readonly number[];
  readonly values: Float32Array;
}

/** Parameters and optimiser state of one training run, held where the graph runs. */
export interface Trainer {
  /** Where its steps run; the optimiser always runs on the CPU. */
  readonly device: ConcreteDevice;
  /** One gradient step, by this batch alone. The arrays of `feeds` are handed over and must not be used again. */
  step(feeds: Feeds, options: StepOptions): Promise<StepResult>;
  /**
   * The first half of a step: adds the batch's gradients to the trainer's sum, and gives loss and terms. Nothing is changed but
   * running statistics, which follow every batch. A loss that is not finite spoils the sum. The arrays of `feeds` are handed over.
   */
  accumulate(feeds: Feeds, options: AccumulateOptions): Promise<Outputs>;
  /** The second half: one update by the sum, which is then cleared. @throws Error when nothing was accumulated */
  update(options: UpdateOptions): Promise<UpdateResult>;
  /**
   * A copy of the sum, gradient after gradient; zeros where nothing was accumulated. The order is the same in every trainer of the
   * plan, so that trainers on other data, whose arrays are averaged and set, go on as one.
   */
  gradients(): Promise<Float32Array>;
  /** Puts values in place of the sum. @throws Error when they are too many or too few */
  setGradients(values: Float32Array): Promise<void>;
  /** Loss and terms without gradients. @throws Error when averages are asked for that the trainer does not keep */
  evaluate(feeds: Feeds, seed: number, options?: ReadOptions): Promise<Outputs>;
  /** Copies of all parameters: name → values. @throws Error when averages are asked for that the trainer does not keep */
  parameters(options?: ReadOptions): Promise<Readonly<Record<string, Float32Array>>>;
  /**
   * The averages, where they are kept, go on from these values.
   * @throws Error naming a parameter that is absent or of another length; nothing is changed then
   */
  setParameters(values: Readonly<Record<string, Float32Array>>): Promise<void>;
  /** Keeps parameters, averages and optimiser state under a name, in memory, for `restore`. */
  save(name: string): Promise<void>;
  /** Clears what was accumulated: gradients of other parameters. @throws Error when nothing was kept under this name */
  restore(name: string): Promise<void>;
  /** A copy of what `save` kept, to be written down; `importState` puts it back under the name, in this run or a later one. */
  exportState(name: string): Promise<OptimiserState>;
  importState(name: string, state: OptimiserState): Promise<void>;
  release(): Promise<void>;
}

/** An input or output of a network that was not made here; null stands for an axis of any size. */
export interface ForeignValue {
  readonly name: string;
  /** As ONNX calls it: float32, int64, … */
  readonly type: string;
  readonly shape: readonly (number | null)[];
}

/** Values with their whole shape. Integers may be given for float32, int64 and uint8 inputs alike where they fit. */
export interface ShapedArray {
  readonly shape: readonly number[];
  readonly data: FeedArray;
}

/** A network that somebody else made: axes of any size, inputs of more types. Always on the CPU. */
export interface ForeignNetwork {
  readonly inputs: readonly ForeignValue[];
  readonly outputs: readonly ForeignValue[];
  /** One output, which must be float32. @throws Error as ONNX Runtime tells it */
  run(inputs: Readonly<Record<string, ShapedArray>>, output: string): Promise<ShapedArray & { data: Float32Array }>;
  release(): Promise<void>;
}

export interface Runtime {
  load(model: Uint8Array): Promise<Executable>;
  /** @throws Error where the bytes are no ONNX model that can be run */
  loadForeign(model: Uint8Array): Promise<ForeignNetwork>;
  /** @throws Error naming an option that is out of its range, or a group that fits no parameter */
  train(plan: TrainingPlan, seed: number, options?: TrainerOptions): Promise<Trainer>;
  /** Waits for the calls under way, then ends the thread; later calls are refused. */
  close(): Promise<void>;
}

/** What a runtime tells the worker that it starts. */
export interface WorkerSettings {
  readonly threads: number;
  readonly device: Device;
}
