/**
 * @file The main job: a data set → a model. In: a Dataset and settings. Out: the parts of a model file, and the issues met.
 */
import { basename } from "node:path";
import { checkUsable, type Dataset } from "../data/dataset.ts";
import type { Issue } from "../data/issues.ts";
import type { Runtime } from "../engine/runtime.ts";
import type { Modality, ModalityKinds } from "../modalities/modality.ts";
import { type EncodeOptions, encodeDataset, fitDataset } from "../modalities/node/encode-dataset.ts";
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
  const modalities = await fitDataset(dataset, {
    decoder: options.decoder,
    seed: training.seed,
    kinds: options.kinds,
  });
  checkNetworks(modalities, model);
  options.onModalities?.(modalities);
  const encoded = await encodeDataset(dataset, modalities, options);
  const { rows, splits } = encoded;
  const fitted = await fitModel({ rows, splits, modalities, model, training }, runtime, options).finally(encoded.close);
  const { source, fingerprint, rowCount, reading, columns } = dataset;
  return {
    issues: encoded.issues,
    parts: {
      networks: fitted.networks,
      prior: fitted.prior,
      record: {
        config: fitted.model,
        modalities: modalities.map(({ state }) => state),
        data: { name: basename(source), fingerprint, rows: rowCount, reading, columns },
        training: fitted.record,
      },
    },
  };
}
