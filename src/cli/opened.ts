/**
 * @file What commands work on, opened and closed again. In: paths and flags. Out: a TrainedModel with its runtime, a Dataset read
 * as the model's was; both closed when the work ends, well or not.
 */
import { loadModel } from "../artifact/node/model-file.ts";
import { DataError } from "../data/data-error.ts";
import type { Dataset } from "../data/dataset.ts";
import { describeIssue, type Issue, mergeIssues, tellingIssues } from "../data/issues.ts";
import { arrayCache } from "../data/node/cache.ts";
import { nodeMediaDecoder } from "../data/node/media-decoder.ts";
import { openData } from "../data/node/open-data.ts";
import type { ReadOptions } from "../data/reading.ts";
import { type NodeRuntimeOptions, nodeRuntime } from "../engine/node/runtime.ts";
import type { Runtime } from "../engine/runtime.ts";
import { type EncodedDataset, encodeDataset } from "../modalities/node/encode-dataset.ts";
import { type ModelParts, openTrainedModel, type TrainedModel } from "../models/trained-model.ts";
import { findConfig, type ReadFlags, readConfigFile, readOptions, withSettings } from "./config.ts";
import type { Config } from "./config-schema.ts";
import { CommandError } from "./failure.ts";
import type { Terminal } from "./terminal.ts";

export async function withRuntime<T>(
  work: (runtime: Runtime) => Promise<T>,
  options: NodeRuntimeOptions = {},
): Promise<T> {
  const runtime = nodeRuntime(options);
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

/** The file is read and verified before the engine starts. */
export async function withModel<T>(
  path: string,
  work: (model: TrainedModel, parts: ModelParts, runtime: Runtime) => Promise<T>,
): Promise<T> {
  const parts = await loadModel(path);
  return withRuntime(async (runtime) => {
    const model = opening(path, () => openTrainedModel(parts, runtime));
    return work(model, parts, runtime).finally(() => model.close());
  });
}

/** A file that is whole may still hold what this version does not know. */
function opening<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    throw new CommandError(`Cannot open ${path}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

export async function withData<T>(
  path: string,
  options: ReadOptions,
  work: (dataset: Dataset) => Promise<T>,
): Promise<T> {
  const dataset = await openData(path, options);
  try {
    return await work(dataset);
  } finally {
    dataset.close();
  }
}

/**
 * Data without a model: read as flags and config say. A config that was found beside another file of the folder may not fit
 * this one: then the refusal says where it came from.
 */
export async function withFoundData<T>(
  path: string,
  flags: ReadFlags,
  terminal: Terminal,
  work: (dataset: Dataset, config: Config) => Promise<T>,
  settings?: Readonly<Record<string, string>>,
): Promise<T> {
  const { config: found, beside } = findConfig(path, flags);
  if (beside !== undefined) terminal.note(`Config: ${beside}`);
  const config = withSettings(found, settings);
  try {
    return await withData(path, readOptions(config, flags), (dataset) => work(dataset, config));
  } catch (error) {
    if (beside === undefined || !(error instanceof DataError) || !/of the config/.test(error.message)) throw error;
    throw new CommandError(
      `${error.message} The config is ${beside}, found beside the data; --no-config leaves it aside.`,
      error,
    );
  }
}

/** Data for a model is read as the model's own was; flags and `--config` override. */
export function inheritedOptions({ record }: ModelParts, flags: ReadFlags): ReadOptions {
  const config = typeof flags.config === "string" ? readConfigFile(flags.config) : {};
  return { ...readOptions(config, flags), reading: record.data.reading };
}

/** All rows as arrays, let go when the work ends, well or not. */
export async function withEncoded<T>(
  dataset: Dataset,
  model: TrainedModel,
  terminal: Terminal,
  work: (encoded: EncodedDataset) => Promise<T>,
): Promise<T> {
  const progress = terminal.progress("reading");
  const encoded = await encodeDataset(dataset, model.modalities, {
    decoder: nodeMediaDecoder,
    cache: arrayCache(),
    extract: model.extract,
    onDecoded: (share) => progress.update(share),
  }).finally(() => progress.end());
  return work(encoded).finally(encoded.close);
}

const shownIssues = 10;

/** The most telling issues as lines on the way, and how many there are. */
export function noteIssues(terminal: Terminal, ...lists: readonly (readonly Issue[])[]): readonly Issue[] {
  const issues = mergeIssues(...lists);
  if (issues.length === 0) return issues;
  terminal.note(`${issues.length} ${issues.length === 1 ? "issue" : "issues"} in the data; the rest goes on`);
  for (const issue of tellingIssues(issues, shownIssues)) terminal.note(`  ${describeIssue(issue)}`);
  if (issues.length > shownIssues) terminal.note(`  … and ${issues.length - shownIssues} more: --json lists them all`);
  return issues;
}

export const issueMessages = (issues: readonly Issue[]) =>
  issues.map((issue) => ({ ...issue, message: describeIssue(issue) }));
