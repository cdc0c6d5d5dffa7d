/** @file Model files on disk. In: a path and the parts of a model. Out: the file written whole or not at all, and read back verified. */
import { readFile } from "node:fs/promises";
import type { ModelParts } from "../../models/trained-model.ts";
import { ModelFileError } from "../format/model-file-error.ts";
import { packModel, unpackModel } from "../format/pack.ts";
import { writeWhole } from "./write-file.ts";

/** @throws Error where the file cannot be written (no such folder, disk full): nothing is left behind */
export async function saveModel(path: string, parts: ModelParts): Promise<void> {
  await writeWhole(path, await packModel(parts));
}

/** @throws ModelFileError where there is no such file, or it is no whole model */
export async function loadModel(path: string): Promise<ModelParts> {
  return unpackModel(await readBytes(path), path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: "there is no such file",
      EISDIR: "it is a folder, not a model file",
      EACCES: "you may not read it",
    };
    const why = reasons[code ?? ""] ?? message;
    throw new ModelFileError(`Cannot open ${path}: ${why}. Give a file that \`polyvae train -o MODEL\` wrote.`, cause);
  }
}
