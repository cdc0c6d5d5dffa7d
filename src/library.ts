/**
 * @file The library's front: a model with its uses as methods. In: data, settings, evidence. Out: answers in the user's units.
 *   const model = await train(await openData("catalogue.csv"), { latent: 32 });
 *   const [answer] = await model.translate({ title: "red shoe" }, "photo");
 */
import { loadModel, saveModel } from "./artifact/node/model-file.ts";
import type { Dataset } from "./data/dataset.ts";
import { decodeMedia, namesFile } from "./data/media.ts";
import { arrayCache } from "./data/node/cache.ts";
import { nodeMediaDecoder } from "./data/node/media-decoder.ts";
import type { Split, Value, Values } from "./data/records.ts";
import { nodeRuntime } from "./engine/node/runtime.ts";
import type { Runtime } from "./engine/runtime.ts";
import { evaluate } from "./evaluation/evaluate.ts";
import type { Metrics } from "./evaluation/metrics.ts";
import { readStudyRows } from "./evaluation/node/study-rows.ts";
import { rowsJudged } from "./evaluation/study.ts";
import type { ModalityKinds } from "./modalities/modality.ts";
import { type EncodedDataset, encodeDataset } from "./modalities/node/encode-dataset.ts";
import { encodedParts } from "./modalities/node/encoded-parts.ts";
import type { WritingOptions } from "./models/choose-token.ts";
import { type ModelConfig, modelConfigSchema } from "./models/config.ts";
import { type Latents, type ModelParts, openTrainedModel, type TrainedModel } from "./models/trained-model.ts";
import { memoryStore } from "./stores/memory.ts";
import { storeColumns, storeRows } from "./stores/rows.ts";
import type { SearchOptions, StoreHit } from "./stores/store.ts";
import { type TrainingConfig, trainingConfigSchema } from "./training/config.ts";
import { type TrainHooks, train as trainParts } from "./training/train.ts";
import { encode, encodeGiven } from "./uses/encode.ts";
import { generate } from "./uses/generate.ts";
import { type Imputed, impute } from "./uses/impute.ts";
import { joinLatents } from "./uses/latents.ts";
import { translate } from "./uses/translate.ts";

/** Settings of the model and of its training in one flat object; what is not said has a default. */
export type Settings = Partial<ModelConfig & TrainingConfig>;

/** Evidence by column. A media column takes a file's path, or a decoded Image or Sound; a vector a Float32Array, text, or a path. */
export type Given = Readonly<Record<string, Value | null>>;

export interface ModelOptions {
  /**
   * Modalities beside the built-in ones: name → kind (docs/new-modality.md). A column is read by one where its setting `modality`
   * names it; a model that holds one is opened with it again.
   */
  readonly kinds?: ModalityKinds;
}

/** A model in use. Every method that draws takes a seed, 0 by default. */
export interface Model {
  readonly record: ModelParts["record"];
  /** The first answer from the middle of the posterior, further ones drawn from it. @param to a modality or a column */
  translate(
    given: Given,
    to: string,
    options?: { readonly count?: number; readonly seed?: number } & WritingOptions,
  ): Promise<Values[]>;
  generate(count: number, options?: { readonly seed?: number } & WritingOptions): Promise<Values[]>;
  /** Rows with their gaps filled, and how sure each filled cell is. */
  impute(rows: readonly Given[], options?: { readonly samples?: number; readonly seed?: number }): Promise<Imputed>;
  /** Posterior of every row of a data set, with the rows' keys. */
  encode(data: Dataset): Promise<Latents & { readonly keys: readonly string[] }>;
  /** The rows of a data set, to be searched; kept in memory. */
  index(data: Dataset): Promise<Space>;
  evaluate(data: Dataset, options?: { readonly label?: string; readonly split?: Split | "all" }): Promise<Metrics>;
  save(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface Space {
  readonly rows: number;
  search(given: Given, options?: Partial<SearchOptions>): Promise<StoreHit[]>;
}

/** @throws DataError where the data cannot be learnt from; ZodError naming a setting that cannot be */
export async function train(
  data: Dataset,
  settings: Settings = {},
  { kinds, ...hooks }: TrainHooks & ModelOptions = {},
): Promise<Model> {
  const checked = splitSettings(settings);
  const runtime = nodeRuntime({ device: checked.training.device });
  const { parts } = await trainParts(data, checked, runtime, {
    decoder: nodeMediaDecoder,
    cache: arrayCache(),
    ...(kinds && { kinds }),
    ...hooks,
  });
  return bindModel(parts, runtime, kinds);
}

/** @throws ModelFileError where the file is no whole model */
export async function openModel(path: string, { kinds }: ModelOptions = {}): Promise<Model> {
  return bindModel(await loadModel(path), nodeRuntime(), kinds);
}

function splitSettings(settings: Settings) {
  const keysOf = (shape: object) =>
    Object.fromEntries(Object.entries(settings).filter(([key, value]) => key in shape && value !== undefined));
  const [model, training] = [keysOf(modelConfigSchema.shape), keysOf(trainingConfigSchema.shape)];
  const unknown = Object.keys(settings).find(
    (key) => !(key in model) && !(key in training) && settings[key as keyof Settings],
  );
  if (unknown !== undefined) {
    const known = [...Object.keys(modelConfigSchema.shape), ...Object.keys(trainingConfigSchema.shape)];
    throw new Error(`Cannot train: there is no setting "${unknown}"; the settings are ${known.join(", ")}.`);
  }
  return { model: modelConfigSchema.parse(model), training: trainingConfigSchema.parse(training) };
}

function bindModel(parts: ModelParts, runtime: Runtime, kinds?: ModalityKinds): Model {
  const model = openTrainedModel(parts, runtime, kinds);
  const cache = arrayCache();
  const withEncoded = async <T>(data: Dataset, work: (encoded: EncodedDataset) => Promise<T>): Promise<T> => {
    const { extract } = model;
    const encoded = await encodeDataset(data, model.modalities, { decoder: nodeMediaDecoder, cache, extract });
    return work(encoded).finally(encoded.close);
  };
  return {
    record: parts.record,
    translate: async (given, to, { count = 1, seed = 0, ...writing } = {}) =>
      translate(model, await readGiven(model, given), to, { count, seed, ...writing }),
    generate: (count, { seed = 0, ...writing } = {}) => generate(model, count, seed, writing),
    impute: async (rows, { samples = 100, seed = 0 } = {}) =>
      impute(model, await Promise.all(rows.map((row) => readGiven(model, row))), { samples, seed }),
    encode: (data) =>
      withEncoded(data, async (encoded) => {
        const keys: string[] = [];
        const latents: Latents[] = [];
        for await (const { rows, batch } of encodedParts(data, encoded)) {
          for (const { key } of rows) keys.push(key);
          latents.push(await encode(model, batch));
        }
        return { ...joinLatents(latents), keys };
      }),
    index: (data) =>
      withEncoded(data, async (encoded) => {
        const store = memoryStore({ dimensions: model.latent, columns: storeColumns(data) });
        for await (const { rows, batch } of encodedParts(data, encoded))
          await store.add(storeRows(rows, await encode(model, batch), model.latent));
        return {
          rows: await store.count(),
          search: async (given, { k = 10, ...options } = {}) =>
            store.search((await encodeGiven(model, await readGiven(model, given))).mean, { k, ...options }),
        };
      }),
    evaluate: async (data, { label, split } = {}) => {
      const study = { runtime, seed: 0, label, split, fingerprint: data.fingerprint };
      const choice = { ...rowsJudged(model, study), seed: 0 };
      const rows = await withEncoded(data, (encoded) => readStudyRows(data, encoded, choice));
      return evaluate(model, rows, { ...study, cache });
    },
    save: (path) => saveModel(path, parts),
    close: async () => {
      await model.close();
      await runtime.close();
    },
  };
}

/** Paths of media files become what they hold. @throws MediaError naming a file that cannot be decoded */
async function readGiven({ modalities }: TrainedModel, given: Given): Promise<Values> {
  const entries = Object.entries(given).map(async ([column, value]): Promise<[string, Value | null]> => {
    const request = modalities.map(({ media }) => media[column]).find((found) => found !== undefined);
    const isFile = typeof value === "string" && namesFile(request, value.trim());
    return [column, isFile ? await decodeMedia(nodeMediaDecoder, { path: value }, request!) : value];
  });
  return Object.fromEntries(await Promise.all(entries));
}
