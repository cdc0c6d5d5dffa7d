/** @file `polyvae evaluate`: how good a model is. In: a model and data. Out: metrics, text or JSON, and an HTML report. */

import { writeWhole } from "../../artifact/node/write-file.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { Issue } from "../../data/issues.ts";
import { arrayCache } from "../../data/node/cache.ts";
import { encodePng, nodeMediaDecoder } from "../../data/node/media-decoder.ts";
import { evaluate as evaluateModel } from "../../evaluation/evaluate.ts";
import type { Metrics } from "../../evaluation/metrics.ts";
import { rowValues } from "../../evaluation/node/row-values.ts";
import { readStudyRows } from "../../evaluation/node/study-rows.ts";
import { rowsJudged, type StudyOptions } from "../../evaluation/study.ts";
import type { StudyRows } from "../../evaluation/study-rows.ts";
import type { TrainedModel } from "../../models/trained-model.ts";
import type { ReadFlags } from "../config.ts";
import { renderMetrics } from "../metrics-text.ts";
import { inheritedOptions, issueMessages, noteIssues, withData, withEncoded, withModel } from "../opened.ts";
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
      const study: StudyOptions = {
        runtime,
        seed: flags.seed ?? 0,
        split: flags.split,
        label: flags.label ?? dataset.columns.find(({ role }) => role === "label")?.name,
        fingerprint: dataset.fingerprint,
      };
      const choice = { ...rowsJudged(model, study), seed: study.seed };
      const encoded = await withEncoded(dataset, model, terminal, (all) => readStudyRows(dataset, all, choice));
      const issues = noteIssues(terminal, dataset.issues, encoded.issues);
      const progress = terminal.progress("evaluating");
      const onProgress = (share: number, doing: string) => progress.update(share, doing);
      const metrics = await evaluateModel(model, encoded, { ...study, cache: arrayCache(), onProgress }).finally(
        progress.end,
      );
      if (flags.report !== undefined) {
        terminal.note("Drawing the report");
        await writeReport(flags.report, { model, dataset, encoded, metrics, study, issues });
        terminal.note(`Wrote ${flags.report}`);
      }
      terminal.result(renderMetrics(metrics, terminal.width), { ...metrics, issues: issueMessages(issues) });
    }),
  );
}

interface ReportInput {
  readonly model: TrainedModel;
  readonly dataset: Dataset;
  readonly encoded: StudyRows;
  readonly metrics: Metrics;
  readonly study: StudyOptions;
  readonly issues: readonly Issue[];
}

/** Loaded only here: charts and the map take their time to load. */
async function writeReport(path: string, input: ReportInput): Promise<void> {
  const { renderReport } = await import("../../evaluation/report.ts");
  const { model, dataset, encoded, metrics, study, issues } = input;
  const values = await rowValues(dataset, encoded, model.modalities, nodeMediaDecoder);
  await writeWhole(path, await renderReport(model, encoded, metrics, { ...study, issues, values, encodePng }));
}
