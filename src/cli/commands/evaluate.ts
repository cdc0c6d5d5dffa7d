/** @file `polyvae evaluate`: how good a model is. In: a model and data. Out: metrics, text or JSON, and an HTML report. */

import type { Dataset } from "../../data/dataset.ts";
import { arrayCache, type CacheEntry } from "../../data/node/cache.ts";
import { evaluate as evaluateModel } from "../../evaluation/evaluate.ts";
import type { JudgeCache } from "../../evaluation/judge.ts";
import type { ModelParts } from "../../models/trained-model.ts";
import type { ReadFlags } from "../config.ts";
import { renderMetrics } from "../metrics-text.ts";
import { encodeForModel, inheritedOptions, noteIssues, withData, withModel } from "../opened.ts";
import { checkOutputFile } from "../outputs.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";

export interface EvaluateFlags extends ReadFlags, OutputOptions {
  readonly split?: "train" | "validation" | "test" | "all";
  readonly report?: string;
}

export async function evaluate(path: string, data: string, flags: EvaluateFlags): Promise<void> {
  const terminal = terminalFor(flags);
  if (flags.report !== undefined) checkOutputFile(flags.report, [path, data]);
  await withModel(path, (model, parts, runtime) =>
    withData(data, inheritedOptions(parts, flags), async (dataset) => {
      const encoded = await encodeForModel(dataset, model, terminal);
      noteIssues(terminal, dataset.issues, encoded.issues);
      const progress = terminal.progress("evaluating");
      const metrics = await evaluateModel(model, encoded, {
        runtime,
        seed: flags.seed ?? 0,
        split: flags.split ?? defaultSplit(dataset, parts),
        label: flags.label ?? dataset.columns.find(({ role }) => role === "label")?.name,
        fingerprint: dataset.fingerprint,
        cache: judgeCache(),
        onProgress: (share, doing) => progress.update(share, doing),
      }).finally(progress.end);
      terminal.result(renderMetrics(metrics, terminal.width), metrics);
    }),
  );
}

/** Rows that the model has not seen: the test rows of its own file, every row of any other. */
const defaultSplit = ({ fingerprint }: Dataset, { record }: ModelParts): "test" | "all" =>
  fingerprint === record.data.fingerprint ? "test" : "all";

/** Judges are kept as other arrays are: weights that are no shared memory. */
function judgeCache(): JudgeCache {
  const cache = arrayCache();
  return { get: cache.get, put: (key, entry) => cache.put(key, entry as CacheEntry) };
}
