/**
 * @file The training loop. In: encoded rows, modalities, configs, a Runtime. Out: networks as ONNX, the fitted prior, the record.
 * Replays bit for bit from its seed on the same machine, unless a wall-clock budget ends it.
 */
import { DataError } from "../data/data-error.ts";
import { splits } from "../data/records.ts";
import { lower } from "../engine/onnx.ts";
import { planTraining, type TrainingPlan } from "../engine/plan.ts";
import { chooseWhere, random } from "../engine/random.ts";
import type { Feeds, Outputs, Runtime, Trainer, UpdateOptions } from "../engine/runtime.ts";
import type { EncodedRows } from "../modalities/encoded-rows.ts";
import type { Modality } from "../modalities/modality.ts";
import type { ModelConfig } from "../models/config.ts";
import { chooseNetworks, settle } from "../models/networks/choose.ts";
import { type NetworkRecord, networkRecords } from "../models/networks/report.ts";
import { fitMixture, type Mixture } from "../models/prior.ts";
import { type EpochRecord, type ModelParts, openNetworks, type TrainingRecord } from "../models/trained-model.ts";
import { buildVae, type VaeGraph } from "../models/vae.ts";
import { feedsOf, inBatches, inParts, presentCounts } from "./batches.ts";
import type { Checkpoints } from "./checkpoint.ts";
import type { TrainingConfig } from "./config.ts";
import { epochSteps, epochWindows, type TrainsOn } from "./epoch-order.ts";
import { bestState, createMonitor, type Monitor } from "./monitor.ts";
import { rateFactor, scheduleFor } from "./schedule.ts";
import { readAs, trainerOptions } from "./trainer-options.ts";

export interface FitInput {
  readonly rows: EncodedRows;
  /** Each row's split, by its place in `splits` of data/records.ts: which to learn from, which to judge by when to stop. */
  readonly splits: Uint8Array;
  readonly modalities: readonly Modality[];
  readonly model: ModelConfig;
  readonly training: TrainingConfig;
}

export interface FitHooks {
  /** Before the first step: rows that hold something, to learn from and to judge by. */
  onStart?(rows: LearntRows): void;
  /** Once they are chosen, after `onStart`. */
  onNetworks?(networks: readonly NetworkRecord[]): void;
  /** After every step: the share spent of the epochs or minutes that may come, in 0..1. */
  onStep?(progress: { readonly epoch: number; readonly epochs: number; readonly share: number }): void;
  onEpoch?(record: EpochRecord, isBest: boolean): void;
  readonly signal?: AbortSignal;
  /** Where the run is written down as it goes, and taken up again from. */
  readonly checkpoints?: Checkpoints;
}

export interface LearntRows {
  readonly train: number;
  /** Held-out rows by which epochs are judged: a seeded choice of very many. */
  readonly validation: number;
  /** Training rows in one epoch; fewer than all where there are very many. */
  readonly epochRows: number;
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
  const rows = learntRows(given);
  if (rows.train === 0) {
    const among = given.splits.reduce((count, split) => count + (split === trainCode ? 1 : 0), 0);
    throw new DataError(
      `Cannot train: expected rows with a value to learn from, found none among ${among} training rows. ` +
        "Look at the issues told: perhaps no file could be read.",
    );
  }
  const chosen = chooseNetworks(modalities, given.model.networks);
  const data = { ...given, model: { ...given.model, networks: settle(chosen) } };
  const graph = buildVae(modalities, data.model);
  const plan = planTraining(graph.loss, graph.terms, graph.evaluation, { batch: training.batch });
  const trainer = await runtime.train(plan, training.seed, trainerOptions(training, plan));
  const { epochRows } = rows;
  hooks.onStart?.({ train: rows.train, validation: rows.validation.length, epochRows });
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
  const prior = await fitPrior(data, rows.trains, networks, runtime);
  const spent = clock();
  return {
    model: data.model,
    networks,
    prior,
    record: {
      ...run,
      networks: told,
      seed: training.seed,
      rows: rows.train,
      validationRows: rows.validation.length,
      ...(rows.parts > 1 && { epochRows }),
      parameters: plan.parameters.reduce((count, { shape }) => count + shape.reduce((a, b) => a * b, 1), 0),
      cpuSeconds: earlier.cpuSeconds + spent.cpuSeconds,
      wallSeconds: earlier.wallSeconds + spent.wallSeconds,
    },
  };
}

const trainCode = splits.indexOf("train");
const validationCode = splits.indexOf("validation");

/** More held-out rows than this judge an epoch hardly better. */
const mostValidation = 10_000;
/** Where rows are read from disk, held-out rows are looked at at least as often. */
const defaultEpochRows = 100_000;

/** What is learnt from, and in which portions. */
interface RunRows extends Omit<LearntRows, "validation"> {
  readonly trains: TrainsOn;
  readonly validation: readonly number[];
  /** Epochs that together take every row once. */
  readonly parts: number;
}

function learntRows({ rows, splits: codes, training }: FitInput): RunRows {
  const { count, usable } = rows;
  const isOf = (code: number) => (row: number) => codes[row] === code && usable[row] === 1;
  const trains = isOf(trainCode);
  let train = 0;
  for (let row = 0; row < count; row++) if (trains(row)) train++;
  const most = training.epochRows ?? (rows.blockRows < count ? defaultEpochRows : train);
  const parts = Math.max(1, Math.ceil(train / most));
  const validation = chooseWhere(count, isOf(validationCode), mostValidation, random(training.seed, "held-out rows"));
  return { train, trains, validation, parts, epochRows: Math.ceil(train / parts) };
}

interface Run {
  readonly data: FitInput;
  readonly rows: RunRows;
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
  const schedule = scheduleFor(training, Math.ceil(run.rows.epochRows / training.batch));
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
    const worth = worthOf(validation, run.data.modalities.length) ?? trained.means["lower-bound"] ?? Number.NaN;
    // Before the monitor decides, for that is about the next epoch.
    const rate = monitor.state.rate * rateFactor(training)({ share: budget.share(epoch), step: steps });
    const decision = await monitor.epochEnded(epoch, worth);
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

/**
 * By what held-out rows judge an epoch: their lower bound, unrescaled. With several modalities it is the objective itself, its sign
 * turned: in the bound a picture of thousands of values would drown a table, which had long learnt its training rows by heart.
 */
const worthOf = (validation: Readonly<Record<string, number>>, modalities: number): number | undefined =>
  modalities > 1 && validation.loss !== undefined ? -validation.loss : validation["lower-bound"];

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
  const { data, trainer, hooks } = run;
  const { training, modalities } = data;
  const { epoch, epochs, beta, firstStep } = plan;
  const { size, parts } = epochParts(run, epoch);
  const only = frozenTo(run, epoch);
  const factor = rateFactor(training);
  const totals = meanTerms();
  const shareAfter = (steps: number) => budget.share(epoch - 1 + steps / size);
  const ended = (steps: number, stopped?: EpochResult["stopped"]) => ({ means: totals.means(), steps, stopped });
  // In 32 bits, as streams are named: a product of a large seed (the time, say) would lose its last digits, the steps.
  const seedOf = ({ step, part }: Part) =>
    (Math.imul(training.seed, 1_000_003) + (firstStep + step) * training.accumulate + part) | 0;
  const prepareNext = async () => {
    const next = parts.next();
    if (next.done) return undefined;
    const own = next.value;
    const augmentation = training.augment ? random(seedOf(own), "augmentation") : undefined;
    const batch = await data.rows.read(own.indices);
    return { own, feeds: feedsOf(batch, modalities, { beta, augmentation }), present: presentCounts(batch) };
  };

  let taken: Parameters<typeof totals.add>[] = [];
  for (let coming = await prepareNext(); coming; ) {
    const { own, feeds, present } = coming;
    const { step, part } = own;
    const reason = step > 0 && part === 0 ? budget.spent() : undefined;
    if (reason) return ended(step, reason);
    const rate = monitor.state.rate * factor({ share: shareAfter(step), step: firstStep + step });
    const options = { rate, clipNorm: training.clipNorm, seed: seedOf(own), ...(only && { only }) };
    // The next rows are read and put together here while the step runs on its own thread.
    const [learnt, next] = await Promise.all([learn(trainer, feeds, own, options), prepareNext()]);
    coming = next;
    taken.push([learnt.outputs, present]);
    if (learnt.applied === undefined) continue;
    if (learnt.applied) for (const terms of taken) totals.add(...terms);
    else if (!(await monitor.recover(epoch))) return ended(step + 1, "no-improvement");
    taken = [];
    hooks.onStep?.({ epoch, epochs, share: shareAfter(step + 1) });
  }
  return ended(size);
}

/** The epoch's steps, and what each takes at once; the blocks of the rows that come next are read ahead. */
function epochParts({ data, rows }: Run, epoch: number): { readonly size: number; readonly parts: Generator<Part> } {
  const { seed, batch, accumulate } = data.training;
  const plan = { size: batch, seed, epoch, parts: rows.parts };
  function* parts(): Generator<Part> {
    const windows = epochWindows(data.rows, rows.trains, plan);
    let step = 0;
    for (let window = windows.next(); !window.done; ) {
      const next = windows.next();
      data.rows.prefetch([...window.value.blocks, ...(next.done ? [] : next.value.blocks)]);
      for (const indices of window.value.batches) yield* partsOf(indices, step++, accumulate);
      window = next;
    }
  }
  return { size: epochSteps(data.rows, rows.trains, plan), parts: parts() };
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
    const batch = await data.rows.read(indices);
    const present = presentCounts(batch);
    const outputs = await trainer.evaluate(
      feedsOf(batch, data.modalities, { beta: data.model.beta }),
      data.training.seed + i,
      readAs(data.training),
    );
    totals.add(outputs, present);
  }
  return totals.means();
}

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

/** Posteriors of more rows than this tell the mixture hardly more. */
const mostPriorRows = 65_536;
const priorBytes = 64 * 1024 * 1024;

/** The mixture from which new rows are drawn, fitted to the posteriors of training rows: a seeded choice of very many. */
async function fitPrior(
  { rows, modalities, model: { latent }, training }: FitInput,
  trains: TrainsOn,
  networks: ModelParts["networks"],
  runtime: Runtime,
): Promise<Mixture> {
  const chosen = chooseWhere(rows.count, trains, mostPriorRows, random(training.seed, "prior rows"));
  const mean = new Float32Array(chosen.length * latent);
  const variance = new Float32Array(chosen.length * latent);
  const model = openNetworks(modalities, latent, networks, runtime);
  const atOnce = Math.max(256, Math.floor(priorBytes / rows.rowBytes));
  for (let start = 0; start < chosen.length; start += atOnce) {
    const posterior = await model.posterior(await rows.read(chosen.slice(start, start + atOnce)));
    mean.set(posterior.mean, start * latent);
    variance.set(posterior.variance, start * latent);
  }
  await model.close();
  return fitMixture(mean, variance, latent, { components: training.mixture, seed: training.seed });
}
