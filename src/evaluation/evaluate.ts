/**
 * @file Evaluation: a model and encoded data → every figure of `polyvae evaluate`. A figure that cannot be had is left out,
 * and `notes` says why.
 */

import type { TrainedModel } from "../models/trained-model.ts";
import { conditionalCoherence, isCompetent, jointCoherence, leastAccuracy } from "./coherence.ts";
import { definitions } from "./definitions.ts";
import { imputation } from "./imputation.ts";
import { type Judge, type JudgeCache, trainJudge } from "./judge.ts";
import { latentAccuracy } from "./latent-accuracy.ts";
import { lowerBound } from "./likelihood.ts";
import { isReason, type Metrics } from "./metrics.ts";
import { reconstruction } from "./reconstruction.ts";
import { retrieval } from "./retrieval.ts";
import { openStudy, type Study, type StudyOptions } from "./study.ts";
import type { StudyRows } from "./study-rows.ts";

export interface EvaluateOptions extends StudyOptions {
  readonly cache?: JudgeCache | undefined;
  onProgress?(share: number, doing: string): void;
}

/** @throws Error where the split holds no usable row */
export async function evaluate(model: TrainedModel, encoded: StudyRows, options: EvaluateOptions): Promise<Metrics> {
  const study = openStudy(model, encoded, options);
  const notes: Record<string, string> = {};
  const tell = (share: number, doing: string) => options.onProgress?.(share, doing);
  const leak = model.modalities.find(({ columns }) => columns.some((column) => column === options.label));
  if (leak) notes.label = `the model has learnt from "${options.label}" itself: figures that judge by it flatter`;
  const { judges, accuracies } = await trainJudges(study, options, notes, (share, doing) => tell(0.5 * share, doing));
  tell(0.5, "coherence");
  const coherence = await coherences(study, judges, notes);
  tell(0.7, "latent space");
  const probe = await latentAccuracy(study);
  if (typeof probe !== "number") notes.latentAccuracy = probe.reason;
  tell(0.75, "reconstruction");
  const reconstructed = await reconstruction(study);
  for (const [name, { baseline }] of Object.entries(reconstructed))
    if (baseline === undefined)
      notes[`reconstruction ${name} baseline`] =
        "the evaluated data holds no training rows to learn a constant answer from";
  const bound = await lowerBound(study);
  tell(0.8, "imputation");
  const imputed = await imputation(study, (share) => tell(0.8 + 0.15 * share, "imputation"));
  if (Object.keys(imputed).length === 0) notes.imputation = "no column of the evaluated rows has cells to impute";
  tell(0.95, "search");
  const search = await retrieval(study);
  if (Object.keys(search).length === 0) notes.search = "fewer than two modalities have more than 10 evaluated rows";
  for (const judge of judges) await judge.release();
  tell(1, "done");

  const { cpuSeconds, wallSeconds, epochs } = model.record.training;
  return withoutHoles(
    {
      split: study.split,
      rows: study.rows.length,
      rowsAvailable: study.available,
      ...(options.label !== undefined && { label: options.label }),
      ...coherence,
      judges: accuracies,
      ...(typeof probe === "number" && { latentAccuracy: probe }),
      lowerBound: bound,
      reconstruction: reconstructed,
      imputation: imputed,
      search,
      training: { cpuSeconds, wallSeconds, epochs },
      notes,
      definitions,
    },
    notes,
  );
}

async function trainJudges(
  study: Study,
  { cache, runtime, seed }: EvaluateOptions,
  notes: Record<string, string>,
  tell: (share: number, doing: string) => void,
): Promise<{ judges: Judge[]; accuracies: Record<string, number> }> {
  const { model, encoded, labels, train, validation, unseen } = study;
  const judges: Judge[] = [];
  if (isReason(labels)) {
    notes.judges = labels.reason;
    return { judges, accuracies: {} };
  }
  for (const [i, modality] of model.modalities.entries()) {
    tell(i / model.modalities.length, `judge of ${modality.name}`);
    const judge = await trainJudge(
      { modality, encoded: encoded.batch[modality.name]!, labels, train, validation, test: unseen },
      { runtime, seed, cache, fingerprint: model.record.data.fingerprint },
    );
    if (isReason(judge)) notes[`judges ${modality.name}`] = judge.reason;
    else judges.push(judge);
  }
  return { judges, accuracies: Object.fromEntries(judges.map(({ modality, accuracy }) => [modality, accuracy])) };
}

async function coherences(
  study: Study,
  judges: readonly Judge[],
  notes: Record<string, string>,
): Promise<Pick<Metrics, "coherence" | "coherenceSampled" | "jointCoherence">> {
  for (const judge of judges.filter((one) => !isCompetent(one))) {
    notes[`coherence ${judge.modality}`] =
      `its judge is right in ${percent(judge.accuracy)} of real rows, where ${percent(Math.max(leastAccuracy, (1 + judge.chance) / 2))} would be trusted: the label can hardly be told from "${judge.modality}"`;
  }
  const competent = judges.filter(isCompetent);
  if (competent.length < 2) {
    notes.coherence = notes.judges ?? "fewer than two modalities have a judge that can be trusted";
    return { coherence: {}, coherenceSampled: {} };
  }
  return {
    coherence: await conditionalCoherence(study, competent, false),
    coherenceSampled: await conditionalCoherence(study, competent, true),
    jointCoherence: await jointCoherence(study, competent),
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** No figure is ever NaN or infinite: such a one is left out and noted. */
function withoutHoles(metrics: Metrics, notes: Record<string, string>): Metrics {
  const clean = (value: unknown, path: string): unknown => {
    if (typeof value === "number" && !Number.isFinite(value)) {
      notes[path] = "not a finite number";
      return undefined;
    }
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [key, clean(inner, path ? `${path} ${key}` : key)]);
    return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
  };
  return { ...(clean(metrics, "") as Metrics), notes };
}
