/**
 * @file `polyvae index`: rows → a vector store. In: a model and data. Out: a folder with the model and the table of latents and
 * columns; an existing store of the same model is extended, rows of the same key replaced.
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packModel } from "../../artifact/format/pack.ts";
import { writeWhole } from "../../artifact/node/write-file.ts";
import type { Dataset } from "../../data/dataset.ts";
import { createLanceStore, openLanceStore } from "../../stores/node/lance.ts";
import { storeColumns, storeRows } from "../../stores/rows.ts";
import type { VectorStore } from "../../stores/store.ts";
import { encode } from "../../uses/encode.ts";
import type { ReadFlags } from "../config.ts";
import { CommandError } from "../failure.ts";
import { encodeForModel, inheritedOptions, issueMessages, noteIssues, withData, withModel } from "../opened.ts";
import { checkOutputFolder, inOutputFolder } from "../outputs.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";

export const storedModel = "model.polyvae";

export async function index(
  path: string,
  data: string,
  flags: ReadFlags & OutputOptions & { readonly out: string },
): Promise<void> {
  const terminal = terminalFor(flags);
  checkOutputFolder(flags.out);
  await withModel(path, async (model, parts) => {
    const bytes = await packModel(parts);
    await checkSameModel(flags.out, path, bytes);
    await withData(data, inheritedOptions(parts, flags), async (dataset) => {
      const encoded = await encodeForModel(dataset, model, terminal);
      const latents = await encode(model, encoded.batch);
      const issues = noteIssues(terminal, dataset.issues, encoded.issues);
      const rows = storeRows(encoded, latents, model.latent);
      const total = await inOutputFolder(flags.out, async () => {
        const store = await openOrCreate(flags.out, dataset, model.latent);
        await store.add(rows);
        const count = await store.count();
        await store.close();
        // Last, so that a folder with a model in it is a whole store.
        if (!existsSync(join(flags.out, storedModel))) await writeWhole(join(flags.out, storedModel), bytes);
        return count;
      });
      terminal.result(`Wrote ${rows.length} rows to ${flags.out}, which now holds ${total}`, {
        store: flags.out,
        written: rows.length,
        rows: total,
        issues: issueMessages(issues),
      });
    });
  });
}

/** Vectors of two models do not compare. */
async function checkSameModel(store: string, path: string, bytes: Uint8Array): Promise<void> {
  const kept = await readFile(join(store, storedModel)).catch(() => undefined);
  if (kept && !kept.equals(bytes))
    throw new CommandError(
      `Cannot extend store ${store}: it was made with another model than ${path}. Choose another folder.`,
    );
}

const openOrCreate = (folder: string, dataset: Dataset, dimensions: number): Promise<VectorStore> =>
  existsSync(join(folder, storedModel))
    ? openLanceStore(folder)
    : createLanceStore(folder, { dimensions, columns: storeColumns(dataset) });
