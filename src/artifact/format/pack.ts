/**
 * @file The model file. In: the parts of a model. Out: one sealed zip, and back. Holds `model.json`, `encoder-<modality>.onnx`,
 * `decoder-<modality>.onnx` and `weights.safetensors` (what is in no network: the prior); where a column is read through a backbone also
 * `backbone-<column>.onnx`, the user's own file as it is, and `<modality>.gallery`. Equal models give equal bytes.
 * Nothing is compressed (weights hardly shrink), so nothing can swell on opening; nothing is executable.
 */
import { unzipSync, type Zippable, zipSync } from "fflate";
import type { Gallery } from "../../modalities/backbone/gallery.ts";
import type { Mixture } from "../../models/prior.ts";
import type { ModelParts } from "../../models/trained-model.ts";
import { readGallery, writeGallery } from "./gallery.ts";
import { ModelFileError } from "./model-file-error.ts";
import { readModelJson, writeModelJson } from "./model-json.ts";
import { readTensors, writeTensors } from "./safetensors.ts";
import { checkSeal, sealArchive } from "./seal.ts";

const recordEntry = "model.json";
const weightsEntry = "weights.safetensors";
const networkSuffix = ".onnx";
const gallerySuffix = ".gallery";
/** Where zip writes the name of the first entry. */
const firstNameAt = 30;

export function packModel({ record, networks, prior, galleries = {} }: ModelParts): Promise<Uint8Array> {
  const entries: Zippable = { [recordEntry]: new TextEncoder().encode(writeModelJson(record)) };
  for (const name of Object.keys(networks).sort()) entries[entryName(name) + networkSuffix] = networks[name]!;
  for (const name of Object.keys(galleries).sort())
    entries[entryName(name) + gallerySuffix] = writeGallery(galleries[name]!);
  entries[weightsEntry] = writeTensors(priorTensors(prior));
  return sealArchive(zipSync(entries, { level: 0, mtime: new Date(1980, 0, 1) }));
}

/**
 * @param file its name, for messages
 * @throws ModelFileError where the bytes are not a model, or not all of it, or a single bit differs
 */
export async function unpackModel(bytes: Uint8Array, file: string): Promise<ModelParts> {
  const seal = await checkSeal(bytes);
  if (seal !== "whole") throw refusal(bytes, seal === "broken", file);
  const { [recordEntry]: text, [weightsEntry]: weights, ...others } = readEntries(bytes, file);
  if (!text || !weights) throw malformed(file, `it lacks ${text ? weightsEntry : recordEntry}`);
  const record = readModelJson(new TextDecoder().decode(text), file);
  const galleries = readGalleries(withSuffix(others, gallerySuffix, file), file);
  return {
    record,
    networks: withSuffix(others, networkSuffix, file),
    prior: readPrior(weights, record.config.latent, file),
    ...(Object.keys(galleries).length > 0 && { galleries }),
  };
}

function readEntries(bytes: Uint8Array, file: string): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, {
      filter: ({ name, compression }) => {
        if (compression === 0) return true;
        throw new Error(`${name} is compressed`);
      },
    });
  } catch (cause) {
    throw malformed(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function refusal(bytes: Uint8Array, sealed: boolean, file: string): ModelFileError {
  const first = String.fromCharCode(...bytes.subarray(firstNameAt, firstNameAt + recordEntry.length));
  if (sealed || first === recordEntry)
    return new ModelFileError(
      `Cannot open ${file}: it is cut short or altered; restore it from a copy or train again.`,
    );
  return new ModelFileError(
    `Cannot open ${file}: it is not a polyvae model. Give a file that \`polyvae train -o MODEL\` wrote.`,
  );
}

const malformed = (file: string, detail: string, cause?: unknown): ModelFileError =>
  new ModelFileError(`Cannot open ${file}: it is not a polyvae model as this version writes it (${detail}).`, cause);

/** A modality may be called anything; a file may not. */
const entryName = (name: string): string =>
  encodeURIComponent(name).replace(/[*'()!~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Entries of one kind, by the name that they were given. */
const withSuffix = (entries: Readonly<Record<string, Uint8Array>>, suffix: string, file: string) =>
  Object.fromEntries(
    Object.entries(entries)
      .filter(([entry]) => entry.endsWith(suffix))
      .map(([entry, content]) => [givenName(entry.slice(0, -suffix.length), file), content]),
  );

function readGalleries(entries: Readonly<Record<string, Uint8Array>>, file: string): Record<string, Gallery> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, bytes]) => {
      try {
        return [name, readGallery(bytes)];
      } catch (cause) {
        throw malformed(
          file,
          `the gallery of ${name}: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause,
        );
      }
    }),
  );
}

function givenName(entry: string, file: string): string {
  try {
    return decodeURIComponent(entry);
  } catch (cause) {
    throw malformed(file, `entry ${entry} is misnamed`, cause);
  }
}

const priorTensors = ({ latent, weights, means, variances }: Mixture) => ({
  "prior/weights": { shape: [weights.length], values: weights },
  "prior/means": { shape: [weights.length, latent], values: means },
  "prior/variances": { shape: [weights.length, latent], values: variances },
});

function readPrior(bytes: Uint8Array, latent: number, file: string): Mixture {
  try {
    const tensors = readTensors(bytes);
    const components = tensors["prior/weights"]?.values.length ?? 0;
    const read = (name: string, length: number): Float32Array => {
      const values = tensors[name]?.values;
      if (values?.length !== length || length === 0) throw new Error(`"${name}" is not ${length} numbers`);
      return values;
    };
    return {
      latent,
      weights: read("prior/weights", components),
      means: read("prior/means", components * latent),
      variances: read("prior/variances", components * latent),
    };
  } catch (cause) {
    throw malformed(file, `${weightsEntry}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}
