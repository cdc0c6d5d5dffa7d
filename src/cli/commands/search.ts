/** @file `polyvae search`: evidence → the nearest rows of a store. In: a store and evidence. Out: rows with distance and columns. */
import { join, relative } from "node:path";
import { openLanceStore } from "../../stores/node/lance.ts";
import type { StoreHit } from "../../stores/store.ts";
import { encodeGiven } from "../../uses/encode.ts";
import { tidy } from "../answers.ts";
import { readEvidence } from "../evidence.ts";
import { withModel } from "../opened.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";
import { textTable } from "../text-table.ts";
import { storedModel } from "./index.ts";

export interface SearchFlags extends OutputOptions {
  readonly given?: Readonly<Record<string, string>>;
  readonly k: number;
  readonly where?: string;
}

export async function search(folder: string, flags: SearchFlags): Promise<void> {
  const terminal = terminalFor(flags);
  const store = await openLanceStore(folder);
  await withModel(join(folder, storedModel), async (model) => {
    const latents = await encodeGiven(model, await readEvidence(model, flags.given));
    const options = { k: flags.k, ...(flags.where !== undefined && { where: flags.where }) };
    const hits = await store.search(latents.mean, options);
    const media = new Set(model.modalities.flatMap((modality) => Object.keys(modality.media)));
    terminal.result(render(hits, media, terminal.width), { hits });
  }).finally(() => store.close());
}

function render(hits: readonly StoreHit[], media: ReadonlySet<string>, width: number): string {
  if (hits.length === 0) return "No row fits.";
  const names = Object.keys(hits[0]!.columns);
  const cell = ({ columns }: StoreHit, name: string): string => {
    const value = columns[name] ?? null;
    if (value === null) return "";
    return media.has(name) ? shortPath(String(value)) : String(tidy(value));
  };
  return textTable(
    [{ title: "distance", align: "right" }, { title: "key" }, ...names.map((title) => ({ title }))],
    hits.map((hit) => [hit.distance.toFixed(4), hit.key, ...names.map((name) => cell(hit, name))]),
    width,
  );
}

/** As one would type it from here, where that is shorter. */
function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.length < path.length ? fromHere : path;
}
