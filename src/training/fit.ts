/**
 * @file The training loop. In: encoded rows, modalities, configs, a Runtime. Out: networks as ONNX, the fitted prior, the record.
 * Replays bit for bit from its seed on the same machine, unless a wall-clock budget ends it.
 */
import { DataError } from "../data/data-error.ts";
import { lower } from "../engine/onnx.ts";
import { planTraining, type TrainingPlan } from "../engine/plan.ts";
import { random } from "../engine/random.ts";
import type { Feeds, Outputs, Runtime, Trainer, UpdateOptions } from "../engine/runtime.ts";
import { selectRows } from "../modalities/batch.ts";
import type { Batch, Modality } from "../modalities/modality.ts";
import type { ModelConfig } from "../models/config.ts";
import { chooseNetworks, settle } from "../models/networks/choose.ts";
import { type NetworkRecord, networkRecords } from "../models/networks/report.ts";
import { fitMixture, type Mixture } from "../models/prior.ts";
import { type EpochRecord, type ModelParts, openNetworks, type TrainingRecord } from "../models/trained-model.ts";
import { buildVae, type VaeGraph } from "../models/vae.ts";
import { epochBatches, feedsOf, inBatches, inParts, type TrainingRows, trainingRows, usableRows } from "./batches.ts";
import type { Checkpoints } from "./checkpoint.ts";
import type { TrainingConfig } from "./config.ts";
import { bestState, createMonitor, type Monitor } from "./monitor.ts";
import { rateFactor, scheduleFor } from "./schedule.ts";
import { readAs, trainerOptions } from "./trainer-options.ts";

export interface FitInput {
  readonly batch: Batch;
  /** Indices of the rows to learn from, and of those held out to judge when to stop. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly modalities: readonly Modality[];
  readonly model: ModelConfig;
  readonly training: TrainingConfig;
}

export interface FitHooks {
  /** Before the first step: rows that hold something, to learn from and to judge by. */
  onStart?(rows: { readonly train: number; readonly validation: number }): void;
  /** Once they are chosen, after `onStart`. */
  onNetworks?(networks: readonly NetworkRecord[]): void;
  /** After every step: the share spent of the epochs or minutes that may come, in 0..1. */
  onStep?(progress: { readonly epoch: number; readonly epochs: number; readonly share: number }): void;
  onEpoch?(record: EpochRecord, isBest: boolean): void;
  readonly signal?: AbortSignal;
  /** Where the run is written down as it goes, and taken up again from. */
  readonly checkpoints?: Checkpoints;
}

export interface Fitted {
  /** The config given, with every network chosen. */
  readonly model: ModelConfig;
  readonly networks: ModelParts["networks"];
  readonly prior: Mixture;
  readonly record: TrainingRecord;
}

/**
 * Fits networks and prior; what held-out rows say best decides which weights are kept.
 * @throws DataError when no training row has a value in any modality
 */
export async function fitModel(given: FitInput, runtime: Runtime, hooks: FitHooks = {}): Promise<Fitted> {
  const clock = startClock();
  const { modalities, training } = given;
  const rows = {
    all: trainingRows(given.batch),
    train: usableRows(given.batch, given.train),
    validation: usableRows(given.batch, given.validation),
  };
  const chosen = chooseNetworks(modalities, given.model.networks);
  const data = { ...given, model: { ...given.model, networks: settle(chosen) } };
  const graph = buildVae(modalities, data.model);
  const plan = planTraining(graph.loss, graph.terms, graph.evaluation, { batch: training.batch });
  if (rows.train.length === 0) {
    throw new DataError(
      `Cannot train: expected rows with a value to learn from, found none among ${given.train.length} training rows. ` +
        "Look at the issues told: perhaps no file could be read.",
    );
  }
  const trainer = await runtime.train(plan, training.seed, trainerOptions(training, plan));
  hooks.onStart?.({ train: rows.train.length, validation: rows.validation.length });
  const told = networkRecords(chosen, graph.networks);
  hooks.onNetworks?.(told);
  const { earlier, ...run } = await runEpochs({ data, rows, trainer, plan, hooks, clock });

  if (run.bestEpoch === 0) {
    const reason = run.incidents.at(-1) ?? "no epoch gave a finite held-out bound";
    throw new Error(`Cannot train: ${reason}. Lower the learning rate (rate: ${training.rate / 10}) and try again.`);
  }
  await trainer.restore(bestState);
  const networks = storeNetworks(graph, await trainer.parameters(readAs(training)));
  await trainer.release();
  const prior = await fitPrior(data, rows.train, networks, runtime);
  const spent = clock();
  return {
    model: data.model,
    networks,
    prior,
    record: {
      ...run,
      networks: told,
      seed: training.seed,
      rows: rows.train.length,
      parameters: plan.parameters.reduce((count, { shape }) => count + shape.reduce((a, b) => a * b, 1), 0),
      cpuSeconds: earlier.cpuSeconds + spent.cpuSeconds,
      wallSeconds: earlier.wallSeconds + spent.wallSeconds,
    },
  };
}

interface Run {
  readonly data: FitInput;
  readonly rows: {
    readonly all: TrainingRows;
    readonly train: readonly number[];
    readonly validation: readonly number[];
  };
  readonly trainer: Trainer;
  readonly plan: TrainingPlan;
  readonly hooks: FitHooks;
  readonly clock: Clock;
}

interface Spent {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

type Clock = () => Spent;

/** Time since now, of all threads and by the clock. */
function startClock(): Clock {
  const [wall, before] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(before);
    return { cpuSeconds: (user + system) / 1e6, wallSeconds: (performance.now() - wall) / 1e3 };
  };
}

type RunRecord = Pick<TrainingRecord, "epochs" | "bestEpoch" | "steps" | "stopped" | "incidents" | "history">;

async function runEpochs(run: Run): Promise<RunRecord & { readonly earlier: Spent }> {
  const { training, model } = run.data;
  const { checkpoints } = run.hooks;
  const schedule = scheduleFor(training, Math.ceil(run.rows.train.length / training.batch));
  const resumed = await checkpoints?.load(run.trainer);
  const earlier: Spent = resumed ?? { cpuSeconds: 0, wallSeconds: 0 };
  const monitor = await createMonitor(run.trainer, training, schedule, resumed?.monitor);
  const budget = budgetOf(run, schedule.epochs);
  const history: EpochRecord[] = [...(resumed?.history ?? [])];
  let steps = resumed?.steps ?? 0;
  let stopped: TrainingRecord["stopped"] = "epochs";
  const write = async () => {
    const { cpuSeconds, wallSeconds } = run.clock();
    const total = { cpuSeconds: earlier.cpuSeconds + cpuSeconds, wallSeconds: earlier.wallSeconds + wallSeconds };
    await checkpoints?.save(run.trainer, { steps, history, monitor: monitor.state, ...total });
    return wallSeconds;
  };
  let written = 0;

  for (let epoch = history.length + 1; epoch <= schedule.epochs; epoch++) {
    const beta = model.beta * Math.min(1, epoch / Math.max(1, schedule.warmUp));
    const trained = await trainEpoch(run, monitor, budget, { epoch, beta, firstStep: steps, epochs: schedule.epochs });
    steps += trained.steps;
    const validation = await heldOut(run);
    const bound = validation["lower-bound"] ?? trained.means["lower-bound"] ?? Number.NaN;
    // Before the monitor decides, for that is about the next epoch.
    const rate = monitor.state.rate * rateFactor(training)({ share: budget.share(epoch), step: steps });
    const decision = await monitor.epochEnded(epoch, bound);
    const record = { epoch, rate, beta, train: trained.means, validation };
    history.push(record);
    run.hooks.onEpoch?.(record, monitor.state.bestEpoch === epoch);
    if (run.clock().wallSeconds - written >= secondsBetweenCheckpoints) written = await write();
    const reason = trained.stopped ?? budget.spent();
    if (reason || decision === "stop") {
      stopped = reason ?? "no-improvement";
      break;
    }
  }
  // A run that was ended from outside may be taken up again; one that ran its course may not.
  if (stopped === "minutes" || stopped === "interrupted") await write();
  else await checkpoints?.clear();
  const { bestEpoch, incidents } = monitor.state;
  return { epochs: history.length, bestEpoch, steps, stopped, incidents, history, earlier };
}

/** At most this much work is lost when the process is killed. */
const secondsBetweenCheckpoints = 30;

/** What ends a run from outside: the user, or the minutes allowed. */
interface Budget {
  /** Share spent of the epochs or the minutes, whichever is more, after this many epochs. */
  share(epochs: number): number;
  spent(): "interrupted" | "minutes" | undefined;
}

function budgetOf({ data, hooks, clock }: Run, epochs: number): Budget {
  const { minutes = Number.POSITIVE_INFINITY } = data.training;
  const elapsed = () => clock().wallSeconds / 60 / minutes;
  return {
    share: (done) => Math.min(1, Math.max(done / epochs, elapsed())),
    spent: () => (hooks.signal?.aborted ? "interrupted" : elapsed() >= 1 ? "minutes" : undefined),
  };
}

interface EpochPlan {
  readonly epoch: number;
  readonly epochs: number;
  readonly beta: number;
  readonly firstStep: number;
}

interface EpochResult {
  readonly means: Record<string, number>;
  readonly steps: number;
  readonly stopped: TrainingRecord["stopped"] | undefined;
}

async function trainEpoch(run: Run, monitor: Monitor, budget: Budget, plan: EpochPlan): Promise<EpochResult> {
  const { data, rows, trainer, hooks } = run;
  const { training, modalities } = data;
  const { epoch, epochs, beta, firstStep } = plan;
  const batches = epochBatches(rows.train, training.batch, training.seed, epoch);
  const parts = batches.flatMap((batch, step) => partsOf(batch, step, training.accumulate));
  const only = frozenTo(run, epoch);
  const factor = rateFactor(training);
  const totals = meanTerms();
  const shareAfter = (steps: number) => budget.share(epoch - 1 + steps / batches.length);
  const ended = (steps: number, stopped?: EpochResult["stopped"]) => ({ means: totals.means(), steps, stopped });
  // In 32 bits, as streams are named: a product of a large seed (the time, say) would lose its last digits, the steps.
  const seedOf = ({ step, part }: Part) =>
    (Math.imul(training.seed, 1_000_003) + (firstStep + step) * training.accumulate + part) | 0;
  const prepare = (own: Part) => {
    const augmentation = training.augment ? random(seedOf(own), "augmentation") : undefined;
    return feedsOf(rows.all, modalities, own.indices, { beta, augmentation });
  };

  let feeds = prepare(parts[0]!);
  let taken: Parameters<typeof totals.add>[] = [];
  for (const [i, own] of parts.entries()) {
    const { step, part } = own;
    const reason = step > 0 && part === 0 ? budget.spent() : undefined;
    if (reason) return ended(step, reason);
    const rate = monitor.state.rate * factor({ share: shareAfter(step), step: firstStep + step });
    const options = { rate, clipNorm: training.clipNorm, seed: seedOf(own), ...(only && { only }) };
    const pending = learn(trainer, feeds, own, options);
    // The next rows are put together here while the step runs on its own thread.
    const next = parts[i + 1];
    if (next) feeds = prepare(next);
    const { outputs, applied } = await pending;
    taken.push([outputs, presentCounts(rows.all.batch, own.indices)]);
    if (applied === undefined) continue;
    if (applied) for (const terms of taken) totals.add(...terms);
    else if (!(await monitor.recover(epoch))) return ended(step + 1, "no-improvement");
    taken = [];
    hooks.onStep?.({ epoch, epochs, share: shareAfter(step + 1) });
  }
  return ended(batches.length);
}

/** Rows that are taken at once: a step's, or a part of them. */
interface Part {
  readonly step: number;
  readonly part: number;
  readonly indices: readonly number[];
  /** Of the step's rows. */
  readonly share: number;
  readonly isLast: boolean;
}

const partsOf = (batch: readonly number[], step: number, count: number): Part[] =>
  inParts(batch, count).map((indices, part, all) => ({
    step,
    part,
    indices,
    share: indices.length / batch.length,
    isLast: part === all.length - 1,
  }));

/** The whole step in one call, or a part of it; `applied` is undefined until the last part. */
async function learn(
  trainer: Trainer,
  feeds: Feeds,
  { share, isLast }: Part,
  { seed, ...update }: UpdateOptions & { readonly seed: number },
): Promise<{ readonly outputs: Outputs; readonly applied: boolean | undefined }> {
  if (share === 1) return trainer.step(feeds, { ...update, seed });
  const outputs = await trainer.accumulate(feeds, { seed, weight: share });
  return { outputs, applied: isLast ? (await trainer.update(update)).applied : undefined };
}

/** In the alternating schedule odd epochs change encoders and even epochs decoders; in the joint one nothing is frozen. */
function frozenTo({ data, plan }: Run, epoch: number): string[] | undefined {
  if (data.training.schedule === "joint") return undefined;
  const isDecoder = (name: string) => name.startsWith("decoder-");
  return plan.parameters.map(({ name }) => name).filter((name) => isDecoder(name) === (epoch % 2 === 0));
}

/** Terms on held-out rows, with the same noise every epoch so that epochs compare. */
async function heldOut({ data, rows, trainer }: Run): Promise<Record<string, number>> {
  const totals = meanTerms();
  for (const [i, indices] of inBatches(rows.validation, 256).entries()) {
    const outputs = await trainer.evaluate(
      feedsOf(rows.all, data.modalities, indices, { beta: data.model.beta }),
      data.training.seed + i,
      readAs(data.training),
    );
    totals.add(outputs, presentCounts(rows.all.batch, indices));
  }
  return totals.means();
}

/** Rows of a batch in which each modality has a value. */
const presentCounts = (batch: Batch, indices: readonly number[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(batch).map(([name, { present }]) => [
      name,
      indices.reduce((count, row) => count + present[row]!, 0),
    ]),
  );

/** Means over rows: a modality's log-likelihood over the rows that hold it, everything else over all rows. */
function meanTerms() {
  const sums = new Map<string, { sum: number; count: number }>();
  return {
    add(outputs: Outputs, present: Readonly<Record<string, number>>) {
      const rows = outputs["lower-bound"]!.length;
      for (const [name, values] of Object.entries(outputs)) {
        const entry = sums.get(name) ?? { sum: 0, count: 0 };
        const sum = values.reduce((a, b) => a + b, 0);
        entry.sum += values.length === 1 && rows > 1 ? sum * rows : sum;
        entry.count += name.startsWith("log-likelihood/") ? present[name.slice("log-likelihood/".length)]! : rows;
        sums.set(name, entry);
      }
    },
    means: (): Record<string, number> =>
      Object.fromEntries([...sums].flatMap(([name, { sum, count }]) => (count > 0 ? [[name, sum / count]] : []))),
  };
}

/** Every encoder and decoder as an ONNX model of its own, weights inside. */
const storeNetworks = (graph: VaeGraph, stored: Readonly<Record<string, Float32Array>>): Record<string, Uint8Array> =>
  Object.fromEntries(Object.entries(graph.networks).map(([name, outputs]) => [name, lower(outputs, { stored }).bytes]));

/** The mixture from which new rows are drawn, fitted to the posteriors of the training rows. */
async function fitPrior(
  data: FitInput,
  rows: readonly number[],
  networks: ModelParts["networks"],
  runtime: Runtime,
): Promise<Mixture> {
  const { latent } = data.model;
  const model = openNetworks(data.modalities, latent, networks, runtime);
  const { mean, variance } = await model.posterior(selectRows(data.batch, rows));
  await model.close();
  return fitMixture(mean, variance, latent, { components: data.training.mixture, seed: data.training.seed });
}
