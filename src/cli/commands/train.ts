/** @file `polyvae train`: a data set → a model file. In: a data file and settings. Out: the file, and how training went. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { saveModel } from "../../artifact/node/model-file.ts";
import { checkUsable, type Dataset } from "../../data/dataset.ts";
import { describeIssue, type Issue } from "../../data/issues.ts";
import { arrayCache } from "../../data/node/cache.ts";
import { nodeMediaDecoder } from "../../data/node/media-decoder.ts";
import type { Modality } from "../../modalities/modality.ts";
import type { EncodeOptions } from "../../modalities/node/encode-dataset.ts";
import type { NetworkRecord } from "../../models/networks/report.ts";
import type { ModelRecord } from "../../models/trained-model.ts";
import { type Checkpoints, cachedCheckpoints } from "../../training/checkpoint.ts";
import { type TrainHooks, type TrainSettings, train as trainModel } from "../../training/train.ts";
import { type TrainFlags, trainSettings } from "../config.ts";
import type { Config } from "../config-schema.ts";
import { issueMessages, noteIssues, withFoundData, withRuntime } from "../opened.ts";
import { checkOutputFile } from "../outputs.ts";
import { formatSeconds, type OutputOptions, type Terminal, terminalFor } from "../terminal.ts";

interface Out {
  readonly out: string;
}

export async function train(data: string, flags: TrainFlags & OutputOptions & Out): Promise<void> {
  const terminal = terminalFor(flags);
  checkOutputFile(flags.out, [data]);
  const learn = async (dataset: Dataset, config: Config): Promise<void> => {
    const settings = trainSettings(config, flags);
    checkUsable(dataset);
    const interrupt = untilInterrupted(terminal);
    const progress = showProgress(terminal);
    const { parts, issues } = await withRuntime(
      (runtime) =>
        trainModel(dataset, settings, runtime, {
          decoder: nodeMediaDecoder,
          cache: arrayCache(),
          checkpoints: checkpointsOf(dataset, settings, flags, terminal),
          signal: interrupt.signal,
          ...progress.hooks,
        }),
      { device: settings.training.device },
    ).finally(() => {
      interrupt.done();
      progress.end();
    });
    const all = noteIssues(terminal, dataset.issues, issues);
    for (const incident of parts.record.training.incidents) terminal.note(`Note: ${incident}`);
    await saveModel(flags.out, parts);
    terminal.result(summary(flags.out, parts.record), report(flags.out, parts.record, all));
  };
  await withFoundData(data, flags, terminal, learn, flags.set);
}

/** One run: the same data, read and learnt in the same way, for the same file; how long it may take is no part of its name. */
function checkpointsOf(
  dataset: Dataset,
  settings: TrainSettings,
  flags: TrainFlags & Out,
  terminal: Terminal,
): Checkpoints {
  const { epochs: _epochs, minutes: _minutes, ...training } = settings.training;
  const run = [resolve(flags.out), dataset.fingerprint, dataset.reading, settings.model, training];
  const key = createHash("sha256").update(JSON.stringify(run)).digest("hex");
  const kept = cachedCheckpoints(arrayCache(), key);
  const load: Checkpoints["load"] = async (trainer) => {
    if (!flags.resume) return undefined;
    const progress = await kept.load(trainer);
    const found = progress
      ? `Going on after epoch ${progress.history.length}`
      : "Nothing to resume: no such run was cut off";
    terminal.note(`${found}${progress ? "" : "; starting anew"}`);
    return progress;
  };
  return { ...kept, load };
}

/** Ctrl-C once ends training and keeps the best weights; twice ends the process. */
function untilInterrupted(terminal: Terminal): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const stop = () => {
    terminal.note("\nInterrupted: keeping the best weights so far. Once more ends at once.");
    controller.abort();
  };
  process.once("SIGINT", stop);
  return { signal: controller.signal, done: () => void process.off("SIGINT", stop) };
}

interface Shown {
  readonly hooks: TrainHooks & Pick<EncodeOptions, "onDecoded">;
  end(): void;
}

function showProgress(terminal: Terminal): Shown {
  const reading = terminal.progress("reading");
  let training: ReturnType<Terminal["progress"]> | undefined;
  let bound = "";
  const hooks: Shown["hooks"] = {
    onModalities: (modalities) =>
      terminal.note(`Learning one latent space over ${modalities.map(describeModality).join(", ")}`),
    onDecoded: (share) => reading.update(share),
    onLeakage: (issues) => {
      reading.end();
      for (const issue of issues) terminal.note(`Warning: ${describeIssue(issue)}`);
    },
    onStart: (rows) => {
      reading.end();
      const inParts = rows.epochRows < rows.train ? `, ${rows.epochRows} in an epoch` : "";
      terminal.note(`${rows.train} training rows${inParts}, ${rows.validation} held out to judge when to stop`);
    },
    onNetworks: (networks) => {
      for (const network of networks) terminal.note(`  ${describeNetwork(network)}`);
      training = terminal.progress("training");
    },
    onStep: ({ share, epoch, epochs }) => training?.update(share, `epoch ${epoch}/${epochs}${bound}`),
    onEpoch: ({ validation }, isBest) => {
      const held = validation["lower-bound"];
      if (held !== undefined) bound = `, held-out bound ${held.toFixed(1)}${isBest ? " (best)" : ""}`;
    },
  };
  return { hooks, end: () => training?.end() };
}

const describeModality = ({ name, columns }: Modality): string =>
  columns.length === 1 && columns[0] === name ? name : `${name} (${columns.join(", ")})`;

function describeNetwork({ modality, encoder, decoder, reason, parameters }: NetworkRecord): string {
  const names = encoder === decoder ? encoder : `${encoder}, decoder ${decoder}`;
  const [reads, writes] = [parameters.encoder, parameters.decoder].map((count) => count.toLocaleString("en"));
  return `${modality}: ${names} (${reason}); ${reads} weights to read it, ${writes} to write it`;
}

const endings: Readonly<Record<ModelRecord["training"]["stopped"], string>> = {
  epochs: "all epochs done",
  minutes: "time was up",
  "no-improvement": "no further improvement",
  interrupted: "interrupted",
};

function summary(path: string, { config, modalities, training }: ModelRecord): string {
  const { epochs, epochRows, bestEpoch, wallSeconds, stopped, parameters } = training;
  const names = modalities.map(({ name }) => name).join(", ");
  return [
    `Saved ${path}`,
    `  latent space of ${config.latent} numbers over ${names}; ${parameters.toLocaleString("en")} weights`,
    `  ${epochs} ${epochs === 1 ? "epoch" : "epochs"}${epochRows === undefined ? "" : ` of ${epochRows} rows`} in ${formatSeconds(wallSeconds)} (${endings[stopped]}), best after epoch ${bestEpoch}`,
  ].join("\n");
}

function report(path: string, { config, modalities, data, training }: ModelRecord, issues: readonly Issue[]) {
  const { name, fingerprint, rows } = data;
  return {
    model: path,
    config,
    modalities: modalities.map(({ kind, name: modality }) => ({ kind, name: modality })),
    data: { name, fingerprint, rows },
    training,
    issues: issueMessages(issues),
  };
}
