/**
 * @file A trained model in use: encoders, decoders, prior and preprocessing; no training code, no disk, no Node.
 * In: the parts that a model file holds, and a Runtime. Out: posteriors of rows, and likelihood parameters of latents.
 */

import type { Reading } from "../data/dataset.ts";
import type { Column, Values } from "../data/records.ts";
import type { Executable, ForeignNetwork, Runtime } from "../engine/runtime.ts";
import { extractFeatures } from "../modalities/backbone/extract.ts";
import type { Gallery } from "../modalities/backbone/gallery.ts";
import { batchRows, modalityFeeds, selectRows } from "../modalities/batch.ts";
import type { Batch, Modality, ModalityKinds, ModalityState } from "../modalities/modality.ts";
import { openModality } from "../modalities/open-modality.ts";
import type { ModelConfig } from "./config.ts";
import type { Mixture } from "./prior.ts";
import { latentInput, networkName } from "./vae.ts";

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
  readonly parameters: number;
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
  /** Parameters of one modality's likelihood, [rows, ...parameterShape], for latents [rows, latent]. */
  decode(modality: string, latents: Float32Array): Promise<Float32Array>;
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

/** Rows that pass through a network at once. */
const chunk = 256;

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
  const network = (role: "encoder" | "decoder", modality: string): Promise<Executable> => {
    const name = networkName(role, modality);
    const bytes = networks[name];
    if (!bytes)
      throw new Error(
        `The model has no ${role} for "${modality}"; it knows ${modalities.map((m) => m.name).join(", ")}.`,
      );
    const ready = loaded.get(name) ?? runtime.load(bytes);
    loaded.set(name, ready);
    return ready;
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
        const encoder = await network("encoder", name);
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

    async decode(name, latents) {
      const decoder = await network("decoder", name);
      const rows = latents.length / latent;
      const parts: Float32Array[] = [];
      for (let start = 0; start < rows; start += chunk) {
        // A copy: of a view all the memory behind it would be posted.
        const part = latents.slice(start * latent, Math.min(rows, start + chunk) * latent);
        const { parameters } = await decoder.run({ batch: part.length / latent, arrays: { [latentInput]: part } });
        parts.push(parameters!);
      }
      return concatenate(parts);
    },

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

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
