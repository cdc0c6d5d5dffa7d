/**
 * @file The far side of a Runtime: holds sessions, parameters and optimiser on the thread where ONNX Runtime runs.
 * In: plain requests. Out: plain answers. Knows no thread and no platform: `ort` is passed in.
 */
import { type InferenceSession, type InferenceSessionFactory, Tensor as OrtTensor } from "onnxruntime-common";
import type { LoweredModel } from "./onnx.ts";
import { type Adam, createAdam } from "./optimizer/adam.ts";
import { gradientNormName, gradientPrefix, initialValues, type TrainingPlan, updatePrefix } from "./plan.ts";
import { random } from "./random.ts";
import type { FeedArray, Feeds, OptimiserState, Outputs, StepOptions, StepResult } from "./runtime.ts";

export interface HostOptions {
  readonly threads: number;
}

type Inputs = LoweredModel["inputs"];
type Values = Readonly<Record<string, Float32Array>>;

interface Training {
  readonly adam: Adam;
  readonly gradient: InferenceSession;
  readonly evaluation: InferenceSession;
  readonly plan: TrainingPlan;
  /** Tensors over the optimiser's memory: made once, current for ever. */
  readonly parameters: Readonly<Record<string, OrtTensor>>;
  readonly saved: Map<string, OptimiserState>;
}

export type Host = ReturnType<typeof createHost>;

export function createHost(ort: InferenceSessionFactory, { threads }: HostOptions) {
  const options: InferenceSession.SessionOptions = {
    executionMode: "sequential",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Spinning threads are 1.2-1.9 times slower on shared machines; denormals slow products down by far more.
    extra: { session: { intra_op: { allow_spinning: "0" }, set_denormal_as_zero: "1" } },
  };
  const sessions = new Map<number, InferenceSession>();
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
      sessions.set(++lastId, await ort.create(bytes, options));
      return lastId;
    },

    async run(id: number, feeds: Feeds): Promise<Outputs> {
      const session = sessions.get(id);
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
      await sessions.get(id)?.release();
      sessions.delete(id);
    },

    async createTrainer(plan: TrainingPlan, seed: number): Promise<number> {
      const sizes = plan.parameters.map(({ name, shape }) => [name, shape.reduce((a, b) => a * b, 1)] as const);
      const adam = createAdam(Object.fromEntries(sizes));
      for (const info of plan.parameters) adam.parameters[info.name]!.set(initialValues(info, seed));
      const parameters = Object.fromEntries(
        plan.parameters.map(({ name, shape }) => [name, new OrtTensor("float32", adam.parameters[name]!, shape)]),
      );
      const gradient = await ort.create(plan.gradientModel.bytes, options);
      const evaluation = await ort.create(plan.evaluationModel.bytes, options);
      trainings.set(++lastId, { adam, gradient, evaluation, plan, parameters, saved: new Map() });
      return lastId;
    },

    async step(id: number, feeds: Feeds, { rate, clipNorm, seed, only }: StepOptions): Promise<StepResult> {
      const { adam, gradient, plan, parameters } = training(id);
      const values = floats(await gradient.run({ ...parameters, ...bindAll(plan.gradientModel.inputs, feeds, seed) }));
      const gradientNorm = values[gradientNormName]![0]!;
      const applied = Number.isFinite(gradientNorm) && Number.isFinite(values.loss![0]!);
      if (applied) {
        const scale = clipNorm !== undefined && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1;
        adam.update(namedAfter(gradientPrefix, values, only), rate, scale);
        for (const [name, value] of Object.entries(namedAfter(updatePrefix, values, only))) {
          adam.parameters[name]!.set(value);
        }
      }
      const outputs = Object.entries(values).filter(
        ([name]) => !name.startsWith(gradientPrefix) && !name.startsWith(updatePrefix),
      );
      return { outputs: Object.fromEntries(outputs), gradientNorm, applied };
    },

    async evaluate(id: number, feeds: Feeds, seed: number): Promise<Outputs> {
      const { evaluation, plan, parameters } = training(id);
      return floats(await evaluation.run({ ...parameters, ...bindAll(plan.evaluationModel.inputs, feeds, seed) }));
    },

    parameters(id: number): Values {
      return Object.fromEntries(
        Object.entries(training(id).adam.parameters).map(([name, values]) => [name, values.slice()]),
      );
    },

    setParameters(id: number, values: Values): void {
      const targets = Object.entries(training(id).adam.parameters);
      for (const [name, { length }] of targets) {
        const received = values[name]?.length;
        if (received !== length)
          throw new Error(`Cannot set parameter "${name}": expected ${length} values, received ${received ?? "none"}.`);
      }
      for (const [name, target] of targets) target.set(values[name]!);
    },

    save(id: number, name: string): void {
      const { adam, saved } = training(id);
      saved.set(name, adam.save());
    },

    restore(id: number, name: string): void {
      training(id).adam.restore(savedState(id, name));
    },

    exportState(id: number, name: string): OptimiserState {
      return savedState(id, name);
    },

    importState(id: number, name: string, state: OptimiserState): void {
      const { adam, saved } = training(id);
      adam.check(state);
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

/** Feeds and noise for every input that the model declares. */
const bindAll = (inputs: Inputs, feeds: Feeds, seed: number): Record<string, OrtTensor> =>
  Object.fromEntries(
    inputs.map(({ name, shape, source }) => {
      if (source === "feed") return [name, bind(name, shape, feeds)];
      const dims = shape.map((axis) => (axis === "batch" ? feeds.batch : axis));
      const rng = random(seed, `noise ${name}`);
      const draw = source === "normal" ? rng.normal : rng.uniform;
      const values = new Float32Array(dims.reduce((a, b) => a * b, 1));
      // A loop, since Float32Array.from takes three times as long.
      for (let i = 0; i < values.length; i++) values[i] = draw();
      return [name, new OrtTensor("float32", values, dims)];
    }),
  );

function bind(name: string, shape: readonly (number | "batch")[], feeds: Feeds): OrtTensor {
  const dims = shape.map((axis) => (axis === "batch" ? feeds.batch : axis));
  const length = dims.reduce((a, b) => a * b, 1);
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

const floats = (outputs: InferenceSession.OnnxValueMapType): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value.data as Float32Array]));

/** The outputs `<prefix><parameter>`, by parameter. */
function namedAfter(prefix: string, values: Values, only?: readonly string[]): Values {
  const all = Object.entries(values).flatMap(([name, value]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
  );
  return Object.fromEntries(only ? all.filter(([name]) => only.includes(name)) : all);
}
