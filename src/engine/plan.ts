/**
 * @file What a training run executes: one model that returns loss, named terms and all gradients, one without gradients.
 * In: a scalar loss and named terms. Out: plain data that can be posted to the thread where it runs.
 */
import { gradients } from "./differentiate.ts";
import { layOut } from "./layout.ts";
import { type LoweredModel, lower } from "./onnx.ts";
import type { Initialiser } from "./ops.ts";
import { add, constant, mul, sqrt, sumOfSquares } from "./ops.ts";
import { countParts } from "./parts.ts";
import { random } from "./random.ts";
import { intern } from "./simplify.ts";
import { isOp, staticSize, type Tensor, topologicalOrder } from "./tensor.ts";

export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
}

export interface ExecutableModel {
  readonly bytes: Uint8Array;
  readonly inputs: LoweredModel["inputs"];
}

export interface TrainingPlan {
  readonly parameters: readonly ParameterInfo[];
  /**
   * Outputs: `loss`, the terms, `gradient-norm`, `gradient/<parameter>` for each parameter that is learnt, and
   * `update/<parameter>`, its next value, for each one that is tracked.
   */
  readonly gradientModel: ExecutableModel;
  /** Outputs: those of `evaluation`. */
  readonly evaluationModel: ExecutableModel;
}

export interface PlanOptions {
  /** Rows of most batches; the plan runs at any size and is laid out for this one. */
  readonly batch?: number;
}

export const gradientPrefix = "gradient/";
export const updatePrefix = "update/";
export const gradientNormName = "gradient-norm";

/**
 * @param evaluation what `evaluate` returns where that differs from loss and terms: the same without dropout, say
 * @throws ShapeError when the loss is not a scalar; Error when it depends on no parameter, when a term reads one that the
 *   loss does not, or when a term takes a name of the plan's own
 */
export function planTraining(
  loss: Tensor,
  terms: Readonly<Record<string, Tensor>> = {},
  evaluation: Readonly<Record<string, Tensor>> = { ...terms, loss },
  { batch = 128 }: PlanOptions = {},
): TrainingPlan {
  const outputs = intern({ ...terms, loss });
  const parameters = parametersOf([outputs.loss!]);
  const updates = runningUpdates(outputs.loss!);
  const learnt = parameters.filter((node) => !updates.has(node));
  if (learnt.length === 0) throw new Error("Cannot train: the loss depends on no parameter.");
  checkTerms(terms, evaluation, new Set(parameters.map(({ attributes }) => attributes.name)));
  const slopes = gradients(outputs.loss!, learnt);
  const squares = slopes.map(sumOfSquares);
  const named = Object.fromEntries([
    ...learnt.map((node, i) => [gradientPrefix + node.attributes.name, slopes[i]!] as const),
    ...Array.from(updates, ([node, value]) => [updatePrefix + node.attributes.name, value] as const),
  ]);
  const norm = sqrt(squares.reduce(add, constant(0)));
  const whole = layOut({ ...outputs, [gradientNormName]: norm, ...named });
  return {
    parameters: parameters.map(({ attributes }) => attributes),
    gradientModel: executable(whole, batch),
    evaluationModel: executable(evaluation, batch),
  };
}

/** Tracked parameter → its value after a step; one that is tracked in several places takes them one after the other. */
function runningUpdates(loss: Tensor): Map<Tensor<"parameter">, Tensor> {
  const updates = new Map<Tensor<"parameter">, Tensor>();
  for (const node of topologicalOrder([loss])) {
    if (!isOp(node, "track")) continue;
    const [, running, observed] = node.inputs as [Tensor, Tensor<"parameter">, Tensor];
    const { momentum } = node.attributes;
    updates.set(running, add(mul(updates.get(running) ?? running, 1 - momentum), mul(observed, momentum)));
  }
  return updates;
}

const parametersOf = (outputs: readonly Tensor[]) =>
  topologicalOrder(outputs).filter((node) => isOp(node, "parameter"));

function checkTerms(
  terms: Readonly<Record<string, Tensor>>,
  evaluation: Readonly<Record<string, Tensor>>,
  trained: ReadonlySet<string>,
): void {
  const taken = Object.keys(terms).find(
    (name) =>
      ["loss", gradientNormName].includes(name) || name.startsWith(gradientPrefix) || name.startsWith(updatePrefix),
  );
  if (taken !== undefined)
    throw new Error(`Cannot train: the plan itself returns "${taken}"; give the term another name.`);
  const untrained = parametersOf([...Object.values(terms), ...Object.values(evaluation)]).find(
    ({ attributes }) => !trained.has(attributes.name),
  );
  if (untrained) {
    throw new Error(
      `Cannot train: a term reads parameter "${untrained.attributes.name}", which the loss does not depend on; ` +
        "add it to the loss, or make it a constant.",
    );
  }
}

function executable(outputs: Readonly<Record<string, Tensor>>, batch: number): ExecutableModel {
  const { bytes, inputs } = lower(outputs, { parts: countParts(topologicalOrder(Object.values(outputs)), batch) });
  return { bytes, inputs };
}

/** First values of a parameter, flat, from a stream of its own: they do not depend on what else the graph holds. */
export function initialValues({ name, shape, initialiser }: ParameterInfo, seed: number): Float32Array {
  const values = new Float32Array(staticSize(shape));
  const rng = random(seed, `parameter ${name}`);
  switch (initialiser.kind) {
    case "constant":
      return values.fill(initialiser.value);
    case "uniform":
      return values.map(() => (2 * rng.uniform() - 1) * initialiser.limit);
    case "normal":
      return values.map(() => rng.normal() * initialiser.deviation);
  }
}
