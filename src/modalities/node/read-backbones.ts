/**
 * @file The backbones that a data set's columns name. In: columns and their settings, a Runtime. Out: each column's network, opened and
 * checked before anything long begins, with its bytes, which the model file will hold. A path is looked for from the current folder,
 * then beside the data.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, resolve } from "node:path";
import type { Dataset } from "../../data/dataset.ts";
import type { ForeignNetwork, Runtime } from "../../engine/runtime.ts";
import { backboneKind, backboneName } from "../backbone/backbone.ts";
import type { NetworkOf } from "../backbone/extract.ts";
import { planInput, type Source, sources } from "../backbone/inputs.ts";
import type { ModalityKind } from "../modality.ts";

export interface Backbones {
  /** Column → what it becomes. */
  readonly kinds: Readonly<Record<string, ModalityKind>>;
  /** `backbone-<column>` → ONNX model. */
  readonly networks: Readonly<Record<string, Uint8Array>>;
  readonly networkOf: NetworkOf;
  release(): Promise<void>;
}

/** @throws Error naming the column whose file is absent, is no ONNX model, or does not fit */
export async function readBackbones(
  { columns, reading, source: data }: Pick<Dataset, "columns" | "reading" | "source">,
  runtime: Runtime,
): Promise<Backbones> {
  const kinds: Record<string, ModalityKind> = {};
  const networks: Record<string, Uint8Array> = {};
  const opened = new Map<string, ForeignNetwork>();
  for (const { name: column, kind, role } of columns) {
    const options = Object.hasOwn(reading.columns, column) ? reading.columns[column]?.options : undefined;
    if (role !== "feature" || options?.backbone === undefined) continue;
    const refuse = (problem: string): never => {
      throw new Error(`Cannot read column "${column}" through its backbone: ${problem}.`);
    };
    if (!(sources as readonly string[]).includes(kind))
      return refuse(`expected a column of ${sources.join(", ")}, found ${kind}. Name another column, or give its kind`);
    const bytes = await readNamed(options.backbone, data, refuse);
    const tokenizer = options.backboneTokenizer;
    const text = tokenizer === undefined ? undefined : await readNamed(tokenizer, data, refuse);
    const network = await runtime.loadForeign(bytes).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      return refuse(
        `${String(options.backbone)} is no ONNX model that can be run (${why}). Give one file that holds all its weights`,
      );
    });
    opened.set(backboneName(column), network);
    networks[backboneName(column)] = bytes;
    const plan = {
      column,
      source: kind as Source,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      inputs: network.inputs,
      outputs: network.outputs,
      ...(text && { tokenizer: new TextDecoder().decode(text) }),
    };
    kinds[column] = backboneKind(plan);
    // Whatever does not fit is said now.
    planInput({ ...plan, options });
    kinds[column].backbone?.(options, undefined);
  }
  return {
    kinds,
    networks,
    networkOf: (name) => Promise.resolve(opened.get(name)!),
    release: async () => {
      for (const network of opened.values()) await network.release();
    },
  };
}

async function readNamed(path: unknown, data: string, refuse: (problem: string) => never): Promise<Uint8Array> {
  if (typeof path !== "string" || path === "")
    return refuse(`expected the path of a file, received ${JSON.stringify(path)}`);
  const places = isAbsolute(path) ? [path] : [resolve(path), resolve(dirname(data), path)];
  for (const place of new Set(places)) {
    const bytes = await readFile(place).catch((cause: NodeJS.ErrnoException) =>
      cause.code === "ENOENT" ? undefined : refuse(`${place} cannot be read (${cause.message})`),
    );
    if (bytes) return bytes;
  }
  return refuse(`there is no file ${[...new Set(places)].join(", nor ")}`);
}
