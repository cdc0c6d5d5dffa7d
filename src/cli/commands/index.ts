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
import type { EncodedDataset } from "../../modalities/node/encode-dataset.ts";
import { encodedParts } from "../../modalities/node/encoded-parts.ts";
import type { TrainedModel } from "../../models/trained-model.ts";
import { createLanceStore, openLanceStore } from "../../stores/node/lance.ts";
import { storeColumns, storeRows } from "../../stores/rows.ts";
import type { StoreRow, VectorStore } from "../../stores/store.ts";
import { encode } from "../../uses/encode.ts";
import type { ReadFlags } from "../config.ts";
import { CommandError } from "../failure.ts";
import { inheritedOptions, issueMessages, noteIssues, withData, withEncoded, withModel } from "../opened.ts";
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
    await withData(data, inheritedOptions(parts, flags), (dataset) =>
      withEncoded(dataset, model, terminal, async (encoded) => {
        const issues = noteIssues(terminal, dataset.issues, encoded.issues);
        const counts = await inOutputFolder(flags.out, async () => {
          const store = await openOrCreate(flags.out, dataset, model.latent);
          const written = await addRows(store, dataset, encoded, model);
          const total = await store.count();
          await store.close();
          // Last, so that a folder with a model in it is a whole store.
          if (!existsSync(join(flags.out, storedModel))) await writeWhole(join(flags.out, storedModel), bytes);
          return { written, total };
        });
        terminal.result(`Wrote ${counts.written} rows to ${flags.out}, which now holds ${counts.total}`, {
          store: flags.out,
          written: counts.written,
          rows: counts.total,
          issues: issueMessages(issues),
        });
      }),
    );
  });
}

/** Rows added in one go: a store is quicker with few large additions. */
const rowsAtOnce = 50_000;

async function addRows(
  store: VectorStore,
  dataset: Dataset,
  encoded: EncodedDataset,
  model: TrainedModel,
): Promise<number> {
  let written = 0;
  let waiting: StoreRow[] = [];
  const flush = async () => {
    await store.add(waiting);
    written += waiting.length;
    waiting = [];
  };
  for await (const { rows, batch } of encodedParts(dataset, encoded)) {
    waiting.push(...storeRows(rows, await encode(model, batch), model.latent));
    if (waiting.length >= rowsAtOnce) await flush();
  }
  await flush();
  return written;
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
