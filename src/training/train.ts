/**
 * @file The main job: a data set → a model. In: a Dataset and settings. Out: the parts of a model file, and the issues met.
 */
import { basename } from "node:path";
import { checkUsable, type Dataset } from "../data/dataset.ts";
import type { Issue } from "../data/issues.ts";
import type { Runtime } from "../engine/runtime.ts";
import { extractFeatures } from "../modalities/backbone/extract.ts";
import type { Gallery } from "../modalities/backbone/gallery.ts";
import { findLeakage } from "../modalities/leakage.ts";
import type { Modality, ModalityKinds } from "../modalities/modality.ts";
import {
  type EncodedDataset,
  type EncodeOptions,
  encodeDataset,
  fitDataset,
} from "../modalities/node/encode-dataset.ts";
import { leakageIssues } from "../modalities/node/leakage-issues.ts";
import { makeGallery } from "../modalities/node/make-gallery.ts";
import { readBackbones } from "../modalities/node/read-backbones.ts";
import type { ModelConfig } from "../models/config.ts";
import { checkNetworks } from "../models/networks/check.ts";
import type { ModelParts } from "../models/trained-model.ts";
import type { TrainingConfig } from "./config.ts";
import { type FitHooks, fitModel } from "./fit.ts";

export interface TrainSettings {
  readonly model: ModelConfig;
  readonly training: TrainingConfig;
}

export interface TrainHooks extends FitHooks {
  /** Once the modalities are known, before any file is decoded in bulk. */
  onModalities?(modalities: readonly Modality[]): void;
  /** Before the first step: near-duplicates across the split. */
  onLeakage?(issues: readonly Issue[]): void;
}

export interface TrainOptions extends EncodeOptions, TrainHooks {
  /** Modalities beside the built-in ones, for columns whose setting `modality` names them. */
  readonly kinds?: ModalityKinds;
}

export interface Trained {
  readonly parts: ModelParts;
  /** Met while decoding; those of opening are the data set's own. */
  readonly issues: readonly Issue[];
}

/** @throws DataError where the data cannot be learnt from */
export async function train(
  dataset: Dataset,
  { model, training }: TrainSettings,
  runtime: Runtime,
  options: TrainOptions,
): Promise<Trained> {
  checkUsable(dataset);
  const backbones = await readBackbones(dataset, runtime);
  const { decoder, kinds } = options;
  const modalities = await fitDataset(dataset, { decoder, seed: training.seed, kinds, backbones });
  checkNetworks(modalities, model);
  options.onModalities?.(modalities);
  const uses = Object.fromEntries(modalities.flatMap(({ name, backbone }) => (backbone ? [[name, backbone]] : [])));
  const extract: EncodeOptions["extract"] = (rows) => extractFeatures(uses, rows, backbones.networkOf);
  const encoded = await encodeDataset(dataset, modalities, { ...options, extract });
  await backbones.release();
  const learn = async () => {
    const leaks = await leakageIssues(dataset, await findLeakage(modalities, encoded, training.seed));
    options.onLeakage?.(leaks);
    const galleries = await makeGalleries(dataset, modalities, encoded, { decoder, seed: training.seed });
    const { rows, splits } = encoded;
    return {
      leaks,
      galleries,
      fitted: await fitModel({ rows, splits, modalities, model, training }, runtime, options),
    };
  };
  const { leaks, galleries, fitted } = await learn().finally(encoded.close);
  const { source, fingerprint, rowCount, reading, columns } = dataset;
  return {
    issues: [...leaks, ...encoded.issues],
    parts: {
      networks: { ...fitted.networks, ...backbones.networks },
      prior: fitted.prior,
      ...(Object.keys(galleries).length > 0 && { galleries }),
      record: {
        config: fitted.model,
        modalities: modalities.map(({ state }) => state),
        data: { name: basename(source), fingerprint, rows: rowCount, reading, columns },
        training: fitted.record,
      },
    },
  };
}

async function makeGalleries(
  dataset: Dataset,
  modalities: readonly Modality[],
  encoded: EncodedDataset,
  options: Parameters<typeof makeGallery>[3],
): Promise<Record<string, Gallery>> {
  const galleries: Record<string, Gallery> = {};
  for (const modality of modalities)
    if (modality.withGallery) galleries[modality.name] = await makeGallery(dataset, modality, encoded, options);
  return galleries;
}
