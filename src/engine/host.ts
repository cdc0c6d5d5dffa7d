/**
 * @file The far side of a Runtime: holds sessions, parameters and optimiser on the thread where ONNX Runtime runs.
 * In: plain requests. Out: plain answers. Knows no thread and no platform: how sessions are made is passed in.
 */
import { type InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import type { ConcreteDevice } from "./device.ts";
import type { LoweredModel } from "./onnx.ts";
import { type Accumulator, createAccumulator } from "./optimizer/accumulator.ts";
import { createOptimiser, type Optimiser } from "./optimizer/optimiser.ts";
import type { TrainerOptions } from "./optimizer/options.ts";
import { gradientNormName, gradientPrefix, initialValues, type TrainingPlan, updatePrefix } from "./plan.ts";
import { random } from "./random.ts";
import type {
  AccumulateOptions,
  FeedArray,
  Feeds,
  ForeignValue,
  OptimiserState,
  Outputs,
  ReadOptions,
  ShapedArray,
  StepOptions,
  StepResult,
  UpdateOptions,
  UpdateResult,
} from "./runtime.ts";
import { type CreateSession, causeOf, type Opened, type SessionOptions, sessionOpener } from "./session.ts";
import { staticSize } from "./tensor.ts";

type Inputs = LoweredModel["inputs"];
type Values = Readonly<Record<string, Float32Array>>;

interface Training {
  readonly optimiser: Optimiser;
  readonly accumulator: Accumulator;
  readonly gradient: InferenceSession;
  readonly evaluation: InferenceSession;
  readonly device: ConcreteDevice;
  readonly plan: TrainingPlan;
  /** Tensors over the optimiser's memory: made once, current for ever. */
  readonly parameters: Readonly<Record<string, OrtTensor>>;
  readonly saved: Map<string, OptimiserState>;
}

export type Host = ReturnType<typeof createHost>;

export function createHost(create: CreateSession, options: SessionOptions) {
  const open = sessionOpener(create, options);
  // Networks of others are not judged by made-up values: their inputs may be anything.
  const openForeign = sessionOpener(create, { ...options, device: "cpu" });
  const sessions = new Map<number, Opened>();
  const trainings = new Map<number, Training>();
  let lastId = 0;

  const training = (id: number): Training => {
    const found = trainings.get(id);
    if (!found) throw new Error("This trainer was released and cannot be used again.");
    return found;
  };

  const savedState = (id: number, name: string): OptimiserState => {
    const state = training(id).saved.get(name);
    if (!state) throw new Error(`Cannot restore "${name}": it was never saved.`);
    return state;
  };

  return {
    async load(bytes: Uint8Array): Promise<number> {
      sessions.set(++lastId, await open(bytes));
      return lastId;
    },

    async loadForeign(bytes: Uint8Array) {
      const opened = await openForeign(bytes).catch((error: unknown) => {
        throw new Error(causeOf(error));
      });
      sessions.set(++lastId, opened);
      const { inputMetadata, outputMetadata } = opened.session;
      return { id: lastId, inputs: inputMetadata.map(foreignValue), outputs: outputMetadata.map(foreignValue) };
    },

    async runForeign(id: number, values: Readonly<Record<string, ShapedArray>>, output: string) {
      const session = sessions.get(id)?.session;
      if (!session) throw new Error("This model was released and cannot be run again.");
      const types = new Map(session.inputMetadata.map((info) => [info.name, info.isTensor ? info.type : ""]));
      const feeds = Object.entries(values).map(
        ([name, value]) => [name, foreignTensor(value, types.get(name))] as const,
      );
      const { [output]: found } = await session.run(Object.fromEntries(feeds), [output]);
      return { shape: [...found!.dims], data: found!.data as Float32Array };
    },

    /** Where a loaded model or a trainer's steps run. */
    deviceOf: (id: number): ConcreteDevice => sessions.get(id)?.device ?? training(id).device,

    async run(id: number, feeds: Feeds): Promise<Outputs> {
      const session = sessions.get(id)?.session;
      if (!session) throw new Error("This model was released and cannot be run again.");
      const inputs = session.inputMetadata.map((input) => {
        if (!input.isTensor) throw new Error(`Input "${input.name}" is not a tensor.`);
        return {
          name: input.name,
          shape: input.shape.map((axis) => (typeof axis === "number" ? axis : ("batch" as const))),
        };
      });
      const tensors = Object.fromEntries(inputs.map(({ name, shape }) => [name, bind(name, shape, feeds)]));
      return floats(await session.run(tensors));
    },

    async release(id: number): Promise<void> {
      await sessions.get(id)?.session.release();
      sessions.delete(id);
    },

    async createTrainer(plan: TrainingPlan, seed: number, trainer?: TrainerOptions): Promise<number> {
      const sizes = plan.parameters.map(({ name, shape }) => [name, staticSize(shape)] as const);
      const optimiser = createOptimiser(Object.fromEntries(sizes), trainer);
      for (const info of plan.parameters) optimiser.parameters[info.name]!.set(initialValues(info, seed));
      const parameters = tensorsOf(plan, optimiser.parameters);
      const { session: gradient, device } = await open(plan.gradientModel.bytes, parameters);
      const { session: evaluation } = await open(plan.evaluationModel.bytes, parameters);
      const trained = new Set(gradient.outputNames);
      const accumulator = createAccumulator(
        Object.fromEntries(sizes.filter(([name]) => trained.has(gradientPrefix + name))),
      );
      const saved = new Map<string, OptimiserState>();
      trainings.set(++lastId, { optimiser, accumulator, gradient, evaluation, device, plan, parameters, saved });
      return lastId;
    },

    async step(id: number, feeds: Feeds, { seed, ...options }: StepOptions): Promise<StepResult> {
      const values = await runGradients(training(id), feeds, seed);
      const gradientNorm = values[gradientNormName]![0]!;
      const applied = Number.isFinite(gradientNorm) && Number.isFinite(values.loss![0]!);
      if (applied) {
        applyGradients(training(id), namedAfter(gradientPrefix, values), gradientNorm, options);
        applyUpdates(training(id), values, options.only);
      }
      return { outputs: outputsOf(values), gradientNorm, applied };
    },

    async accumulate(id: number, feeds: Feeds, { seed, weight = 1 }: AccumulateOptions): Promise<Outputs> {
      const values = await runGradients(training(id), feeds, seed);
      // A loss that is not finite leaves its mark wherever the sum is added up, so that no update takes it.
      const factor = Number.isFinite(values.loss![0]!) ? weight : Number.NaN;
      training(id).accumulator.add(namedAfter(gradientPrefix, values), factor);
      if (Number.isFinite(factor)) applyUpdates(training(id), values);
      return outputsOf(values);
    },

    update(id: number, options: UpdateOptions): UpdateResult {
      const { accumulator } = training(id);
      if (accumulator.isEmpty())
        throw new Error("Cannot update: no gradients were accumulated; call accumulate or setGradients first.");
      const gradientNorm = accumulator.norm();
      const applied = Number.isFinite(gradientNorm);
      if (applied) applyGradients(training(id), accumulator.gradients(), gradientNorm, options);
      accumulator.clear();
      return { gradientNorm, applied };
    },

    gradients(id: number): Float32Array {
      return training(id).accumulator.values();
    },

    setGradients(id: number, values: Float32Array): void {
      training(id).accumulator.set(values);
    },

    async evaluate(id: number, feeds: Feeds, seed: number, { averaged = false }: ReadOptions = {}): Promise<Outputs> {
      const { evaluation, plan, parameters, optimiser } = training(id);
      const weights = averaged ? tensorsOf(plan, optimiser.averages()) : parameters;
      return floats(await evaluation.run({ ...weights, ...bindAll(plan.evaluationModel.inputs, feeds, seed) }));
    },

    parameters(id: number, { averaged = false }: ReadOptions = {}): Values {
      const { optimiser } = training(id);
      const values = Object.entries(averaged ? optimiser.averages() : optimiser.parameters);
      return Object.fromEntries(values.map(([name, own]) => [name, own.slice()]));
    },

    setParameters(id: number, values: Values): void {
      training(id).optimiser.set(values);
    },

    save(id: number, name: string): void {
      const { optimiser, saved } = training(id);
      saved.set(name, optimiser.save());
    },

    restore(id: number, name: string): void {
      training(id).optimiser.restore(savedState(id, name));
      training(id).accumulator.clear();
    },

    exportState(id: number, name: string): OptimiserState {
      return savedState(id, name);
    },

    importState(id: number, name: string, state: OptimiserState): void {
      const { optimiser, saved } = training(id);
      optimiser.check(state);
      saved.set(name, state);
    },

    async releaseTrainer(id: number): Promise<void> {
      const found = trainings.get(id);
      trainings.delete(id);
      await found?.gradient.release();
      await found?.evaluation.release();
    },
  };
}

async function runGradients({ gradient, plan, parameters }: Training, feeds: Feeds, seed: number): Promise<Values> {
  return floats(await gradient.run({ ...parameters, ...bindAll(plan.gradientModel.inputs, feeds, seed) }));
}

function applyGradients(
  { optimiser }: Training,
  gradients: Values,
  norm: number,
  { rate, clipNorm, only }: UpdateOptions,
): void {
  const scale = clipNorm !== undefined && norm > clipNorm ? clipNorm / norm : 1;
  const chosen = only
    ? Object.fromEntries(Object.entries(gradients).filter(([name]) => only.includes(name)))
    : gradients;
  optimiser.update(chosen, rate, scale);
}

/** Running statistics take the values that the graph gave them. */
function applyUpdates({ optimiser }: Training, values: Values, only?: readonly string[]): void {
  for (const [name, value] of Object.entries(namedAfter(updatePrefix, values))) {
    if (!only || only.includes(name)) optimiser.parameters[name]!.set(value);
  }
}

const tensorsOf = ({ parameters }: TrainingPlan, values: Values): Record<string, OrtTensor> =>
  Object.fromEntries(parameters.map(({ name, shape }) => [name, new OrtTensor("float32", values[name]!, shape)]));

/** Feeds and noise for every input that the model declares. */
const bindAll = (inputs: Inputs, feeds: Feeds, seed: number): Record<string, OrtTensor> =>
  Object.fromEntries(
    inputs.map(({ name, shape, source }) => {
      if (source === "feed") return [name, bind(name, shape, feeds)];
      const dims = shape.map((axis) => (axis === "batch" ? feeds.batch : axis));
      const rng = random(seed, `noise ${name}`);
      const draw = source === "normal" ? rng.normal : rng.uniform;
      const values = new Float32Array(staticSize(dims));
      // A loop, since Float32Array.from takes three times as long.
      for (let i = 0; i < values.length; i++) values[i] = draw();
      return [name, new OrtTensor("float32", values, dims)];
    }),
  );

function bind(name: string, shape: readonly (number | "batch")[], feeds: Feeds): OrtTensor {
  const dims = shape.map((axis) => (axis === "batch" ? feeds.batch : axis));
  const length = staticSize(dims);
  const values = feeds.arrays[name];
  if (values?.length !== length) {
    const received = values ? `${values.length} values` : `nothing (given: ${Object.keys(feeds.arrays).join(", ")})`;
    throw new Error(
      `Cannot run the graph: expected [${dims.join(", ")}] = ${length} values for "${name}", received ${received}.`,
    );
  }
  return tensorOf(values, dims);
}

function tensorOf(values: FeedArray, dims: number[]): OrtTensor {
  if (values instanceof Float32Array) return new OrtTensor("float32", values, dims);
  return values instanceof Int32Array ? new OrtTensor("int32", values, dims) : new OrtTensor("uint8", values, dims);
}

const foreignValue = (info: InferenceSession.ValueMetadata): ForeignValue => ({
  name: info.name,
  type: info.isTensor ? info.type : "no tensor",
  shape: info.isTensor ? info.shape.map((axis) => (typeof axis === "number" && axis > 0 ? axis : null)) : [],
});

function foreignTensor({ shape, data }: ShapedArray, type: string | undefined): OrtTensor {
  if (type === "int64") return new OrtTensor("int64", BigInt64Array.from(data, BigInt), shape);
  if (type === "float32")
    return new OrtTensor("float32", data instanceof Float32Array ? data : Float32Array.from(data), shape);
  return tensorOf(data, [...shape]);
}

const floats = (outputs: InferenceSession.OnnxValueMapType): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value.data as Float32Array]));

/** The outputs `<prefix><parameter>`, by parameter. */
const namedAfter = (prefix: string, values: Values): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );

const outputsOf = (values: Values): Outputs =>
  Object.fromEntries(
    Object.entries(values).filter(([name]) => !name.startsWith(gradientPrefix) && !name.startsWith(updatePrefix)),
  );
