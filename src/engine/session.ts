/**
 * @file Sessions on a device. In: ONNX models. Out: sessions of ONNX Runtime, on the accelerator where the model was seen to give
 * the CPU's values there, else on the CPU.
 */
import { type InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";
import { type ConcreteDevice, warnOfFallback } from "./device.ts";
import { random } from "./random.ts";
import { staticSize } from "./tensor.ts";

/** The one function of ONNX Runtime that is needed, from whichever package fits the platform. */
export type CreateSession = (bytes: Uint8Array, options: InferenceSession.SessionOptions) => Promise<InferenceSession>;

export interface SessionOptions {
  /** Threads inside one operation. */
  readonly threads: number;
  readonly device: ConcreteDevice | Promise<ConcreteDevice>;
}

export interface Opened {
  readonly session: InferenceSession;
  readonly device: ConcreteDevice;
}

/** Tensors by input name. */
export type OrtFeeds = Readonly<Record<string, OrtTensor>>;

/** Rows of the batch on which an accelerator is compared with the CPU. */
const trialRows = 2;
/** Largest difference between devices, as a share of an output's largest magnitude: float32 sums in another order stay far below. */
const tolerance = 1e-3;
/** The same as a share of the largest magnitude of all outputs: a gradient that is zero by its mathematics is rounding noise only. */
const noise = 1e-6;

/**
 * Opens models one after the other. The first that an accelerator cannot run, or runs wrong, moves this and all later ones to the
 * CPU, and one line says so.
 */
export function sessionOpener(create: CreateSession, { threads, device }: SessionOptions) {
  const optionsOn = (provider: ConcreteDevice): InferenceSession.SessionOptions => ({
    executionProviders: [provider],
    executionMode: "sequential",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Errors only: that an accelerator leaves bookkeeping of shapes to the CPU is no news for a user.
    logSeverityLevel: 3,
    // A thread that waits a little before it sleeps is there for the next operation; one that waits for ever is in the way on shared
    // machines. Denormals slow products down by far more.
    extra: { session: { intra_op: { allow_spinning: "1", spin_duration_us: "250" }, set_denormal_as_zero: "1" } },
  });
  let failed = false;

  /** @param known values for inputs whose scale matters, the parameters; the others are made up for the comparison */
  return async (bytes: Uint8Array, known: OrtFeeds = {}): Promise<Opened> => {
    const wanted = await device;
    const reference = await create(bytes, optionsOn("cpu"));
    if (wanted === "cpu" || failed) return { session: reference, device: "cpu" };
    try {
      const session = await create(bytes, optionsOn(wanted));
      const difference = await firstDifference(session, reference, known);
      if (difference !== undefined) throw new Error(`${difference} differs from the CPU's`);
      await reference.release();
      return { session, device: wanted };
    } catch (error) {
      failed = true;
      warnOfFallback(wanted, causeOf(error));
      return { session: reference, device: "cpu" };
    }
  };
}

/** The first output in which two sessions of one model disagree, as part of a sentence. */
export async function firstDifference(
  session: InferenceSession,
  reference: InferenceSession,
  known: OrtFeeds = {},
): Promise<string | undefined> {
  const feeds = Object.fromEntries(
    reference.inputMetadata.map((input) => [input.name, known[input.name] ?? madeUp(input)]),
  );
  const [values, expected] = [await session.run(feeds), await reference.run(feeds)];
  const floats = ({ data }: OrtTensor) => data as Float32Array;
  const largest = Math.max(...reference.outputNames.map((name) => magnitude(floats(expected[name]!))));
  const wrong = reference.outputNames.find((name) => {
    const right = floats(expected[name]!);
    return !agree(floats(values[name]!), right, tolerance * magnitude(right) + noise * largest);
  });
  return wrong === undefined ? undefined : `output "${wrong}"`;
}

/** Floats in [0, 1), which any likelihood accepts; integers 0 and 1, which are marks, categories and indices alike. */
function madeUp(input: InferenceSession.ValueMetadata): OrtTensor {
  if (!input.isTensor) throw new Error(`input "${input.name}" is not a tensor`);
  const dims = input.shape.map((axis) => (typeof axis === "number" ? axis : trialRows));
  const { length } = new Float32Array(staticSize(dims));
  const rng = random(0, `trial ${input.name}`);
  if (input.type === "float32") return new OrtTensor(Float32Array.from({ length }, rng.uniform), dims);
  const integers = Array.from({ length }, (_, i) => i % 2);
  return input.type === "int32"
    ? new OrtTensor("int32", Int32Array.from(integers), dims)
    : new OrtTensor("uint8", Uint8Array.from(integers), dims);
}

const magnitude = (values: Float32Array): number =>
  values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);

const agree = (values: Float32Array, expected: Float32Array, allowed: number): boolean =>
  values.length === expected.length &&
  expected.every((value, i) =>
    Number.isFinite(value) ? Math.abs(values[i]! - value) <= allowed : Object.is(values[i], value),
  );

/** ONNX Runtime's messages begin with the place in its source, and may span lines. */
export const causeOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/\s+/g, " ")
    .replace(/^\/\S+\.(cc|h):\d+ .*? was false\. /, "")
    .replace(/[\s.]+$/, "");
