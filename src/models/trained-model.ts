/**
 * @file A trained model in use: encoders, decoders, prior and preprocessing; no training code, no disk, no Node.
 * In: the parts that a model file holds, and a Runtime. Out: posteriors of rows, and what latents say.
 */

import type { Reading } from "../data/dataset.ts";
import type { Column, Values } from "../data/records.ts";
import type { Executable, ForeignNetwork, Runtime } from "../engine/runtime.ts";
import { keepOutputs } from "../engine/subgraph.ts";
import { extractFeatures } from "../modalities/backbone/extract.ts";
import type { Gallery } from "../modalities/backbone/gallery.ts";
import { batchRows, modalityFeeds, selectRows } from "../modalities/batch.ts";
import type { Batch, Encoded, Modality, ModalityKinds, ModalityState } from "../modalities/modality.ts";
import { openModality } from "../modalities/open-modality.ts";
import type { ModelConfig } from "./config.ts";
import { chunk, decoding, densityModel, type ItemOptions } from "./decoding.ts";
import type { NetworkRecord } from "./networks/report.ts";
import type { Mixture } from "./prior.ts";
import { networkName } from "./vae.ts";

/** What was learnt from what, and how it went: plain JSON, kept in the model file. */
export interface ModelRecord {
  readonly config: ModelConfig;
  readonly modalities: readonly ModalityState[];
  readonly data: {
    /** File name of the training data, without its folder. */
    readonly name: string;
    /** sha256 of the training file's bytes. */
    readonly fingerprint: string;
    readonly rows: number;
    readonly reading: Reading;
    readonly columns: readonly Column[];
  };
  readonly training: TrainingRecord;
}

export interface TrainingRecord {
  readonly seed: number;
  readonly epochs: number;
  readonly bestEpoch: number;
  readonly steps: number;
  readonly rows: number;
  /** Training rows in one epoch where that is a part of them: the next epochs take the others. */
  readonly epochRows?: number;
  /** Held-out rows by which epochs were judged. */
  readonly validationRows?: number;
  readonly parameters: number;
  /** Which networks were trained; absent in files of versions that knew but one. */
  readonly networks?: readonly NetworkRecord[];
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly stopped: "epochs" | "minutes" | "no-improvement" | "interrupted";
  /** What the monitor saw and did, in words. */
  readonly incidents: readonly string[];
  readonly history: readonly EpochRecord[];
}

export interface EpochRecord {
  readonly epoch: number;
  /** Learning rate that the epoch ended with. */
  readonly rate: number;
  readonly beta: number;
  /** Means over the epoch's training rows, of the training loss and its terms. */
  readonly train: Readonly<Record<string, number>>;
  /** Means over held-out rows: `lower-bound`, `divergence`, `log-likelihood/<modality>` in nats (over rows that hold it). */
  readonly validation: Readonly<Record<string, number>>;
}

/** Everything that a model file holds. */
export interface ModelParts {
  readonly record: ModelRecord;
  /** `encoder-<modality>` and `decoder-<modality>` → ONNX model; `backbone-<column>` → the user's own. */
  readonly networks: Readonly<Record<string, Uint8Array>>;
  readonly prior: Mixture;
  /** Modality → training items that it answers with. */
  readonly galleries?: Readonly<Record<string, Gallery>>;
}

/** Gaussians over the latent space, one a row, row-major [rows, latent]. */
export interface Latents {
  readonly rows: number;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  /** 1 where the row held at least one of the modalities asked for; elsewhere the standard normal stands. */
  readonly known: Uint8Array;
}

/** The networks in use. */
export interface LatentModel {
  readonly modalities: readonly Modality[];
  readonly latent: number;
  /** q(z | the given modalities) of each row; all modalities unless named. Product of the experts present. */
  posterior(batch: Batch, given?: readonly string[]): Promise<Latents>;
  /** What one modality says of latents [rows, latent], in the user's units: the most typical values, or draws. */
  items(modality: string, latents: Float32Array, options?: ItemOptions): Promise<Values[]>;
  /** The most typical values over several latents of each row, all [rows, latent]; of a modality that has a `consensus`. */
  consensus(modality: string, draws: readonly Float32Array[], columns?: readonly string[]): Promise<Values[]>;
  /** The same as arrays: the most typical items, as the modality would encode them, with nothing missing. */
  typical(modality: string, latents: Float32Array): Promise<Encoded>;
  /** log p(x|z) of each row in nats, [rows]; the modality is taken as present in all. */
  logLikelihood(modality: string, latents: Float32Array, items: Encoded): Promise<Float32Array>;
  /** Rows whose columns that are read through a backbone hold features: what `encodeRows` takes. */
  extract(rows: readonly Values[]): Promise<readonly Values[]>;
  close(): Promise<void>;
}

export interface TrainedModel extends LatentModel {
  readonly record: ModelRecord;
  readonly prior: Mixture;
}

/** @param kinds modalities beside the built-in ones that the model was trained with */
export const openTrainedModel = (
  { record, networks, prior, galleries = {} }: ModelParts,
  runtime: Runtime,
  kinds: ModalityKinds = {},
): TrainedModel => ({
  ...openNetworks(
    record.modalities.map((state) => withGallery(openModality(state, kinds), galleries)),
    record.config.latent,
    networks,
    runtime,
  ),
  record,
  prior,
});

const withGallery = (modality: Modality, galleries: Readonly<Record<string, Gallery>>): Modality => {
  const own = Object.hasOwn(galleries, modality.name) ? galleries[modality.name] : undefined;
  return (own && modality.withGallery?.(own)) ?? modality;
};

export function openNetworks(
  modalities: readonly Modality[],
  latent: number,
  networks: ModelParts["networks"],
  runtime: Runtime,
): LatentModel {
  const loaded = new Map<string, Promise<Executable>>();
  const foreign = new Map<string, Promise<ForeignNetwork>>();
  const uses = Object.fromEntries(modalities.flatMap(({ name, backbone }) => (backbone ? [[name, backbone]] : [])));
  const backboneOf = (name: string): Promise<ForeignNetwork> => {
    const bytes = networks[name];
    if (!bytes) throw new Error(`The model lacks "${name}", through which it reads a column. Train again.`);
    const ready = foreign.get(name) ?? runtime.loadForeign(bytes);
    foreign.set(name, ready);
    return ready;
  };

  /** Networks are loaded when first used: a translation needs two of them. */
  const open = (key: string, load: () => Promise<Executable>): Promise<Executable> => {
    const ready = loaded.get(key) ?? load();
    loaded.set(key, ready);
    return ready;
  };
  const bytesOf = (role: "encoder" | "decoder", modality: string): Uint8Array => {
    const bytes = networks[networkName(role, modality)];
    if (bytes) return bytes;
    throw new Error(
      `The model has no ${role} for "${modality}"; it knows ${modalities.map((m) => m.name).join(", ")}.`,
    );
  };

  return {
    modalities,
    latent,

    async posterior(batch, given = modalities.map(({ name }) => name)) {
      const rows = batchRows(batch);
      const sums = { precision: new Float64Array(rows * latent), weighted: new Float64Array(rows * latent) };
      const known = new Uint8Array(rows);
      for (const name of given) {
        const encoded = batch[name];
        if (!encoded) continue;
        const encoder = await open(networkName("encoder", name), () => runtime.load(bytesOf("encoder", name)));
        const present = indicesWhere(encoded.present);
        for (const indices of chunks(present, chunk)) {
          const arrays = modalityFeeds({ name }, selectRows({ [name]: encoded }, indices)[name]!);
          const outputs = await encoder.run({ batch: indices.length, arrays });
          addExpert(indices, outputs.mean!, outputs["log-variance"]!, sums, latent);
        }
        for (const row of present) known[row] = 1;
      }
      const variance = Float32Array.from(sums.precision, (p) => (p > 0 ? 1 / p : 1));
      return { rows, mean: Float32Array.from(sums.weighted, (w, i) => w * variance[i]!), variance, known };
    },

    ...decoding(modalities, latent, {
      decoder: (name, output) =>
        open(`${networkName("decoder", name)}/${output}`, () =>
          runtime.load(keepOutputs(bytesOf("decoder", name), [output])),
        ),
      density: (modality) => open(`density-${modality.name}`, () => runtime.load(densityModel(modality))),
    }),

    extract: (rows) => extractFeatures(uses, rows, backboneOf),

    async close() {
      for (const network of foreign.values()) await (await network).release();
      foreign.clear();
      for (const executable of loaded.values()) await (await executable).release();
      loaded.clear();
    },
  };
}

/** Adds one expert's precision and precision-weighted mean to the rows it speaks of. */
function addExpert(
  rows: readonly number[],
  mean: Float32Array,
  logVariance: Float32Array,
  sums: { precision: Float64Array; weighted: Float64Array },
  latent: number,
): void {
  rows.forEach((row, i) => {
    for (let d = 0; d < latent; d++) {
      const own = Math.exp(-logVariance[i * latent + d]!);
      sums.precision[row * latent + d]! += own;
      sums.weighted[row * latent + d]! += own * mean[i * latent + d]!;
    }
  });
}

const indicesWhere = (mask: Uint8Array): number[] => Array.from(mask.keys()).filter((i) => mask[i] === 1);

const chunks = (items: readonly number[], size: number): number[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
