/**
 * @file `polyvae encode`: rows → their Gaussians in the latent space. In: a model and data. Out: a Parquet, CSV or JSONL file of
 * `key`, `split`, means `z_0 …` and variances `variance_0 …`.
 */
import { extname } from "node:path";
import type { EncodedDataset } from "../../modalities/node/encode-dataset.ts";
import type { Latents } from "../../models/trained-model.ts";
import { encode as encodeBatch } from "../../uses/encode.ts";
import type { ReadFlags } from "../config.ts";
import { UsageError } from "../failure.ts";
import { encodeForModel, inheritedOptions, issueMessages, noteIssues, withData, withModel } from "../opened.ts";
import { checkOutputFile } from "../outputs.ts";
import { type TableFormat, writeTable } from "../table-file.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";

const formats: Readonly<Record<string, TableFormat>> = { ".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl" };

export async function encode(
  path: string,
  data: string,
  flags: ReadFlags & OutputOptions & { readonly out: string },
): Promise<void> {
  const terminal = terminalFor(flags);
  const format = formats[extname(flags.out).toLowerCase()];
  if (!format)
    throw new UsageError(`Cannot write ${flags.out}: expected a name that ends in ${Object.keys(formats).join(", ")}.`);
  checkOutputFile(flags.out, [path, data]);
  await withModel(path, (model, parts) =>
    withData(data, inheritedOptions(parts, flags), async (dataset) => {
      const encoded = await encodeForModel(dataset, model, terminal);
      const latents = await encodeBatch(model, encoded.batch);
      const issues = noteIssues(terminal, dataset.issues, encoded.issues);
      const kept = [...encoded.keys.keys()].filter((row) => latents.known[row] === 1);
      await writeTable(flags.out, format, columns(encoded, latents, model.latent, kept));
      terminal.result(`Wrote ${kept.length} rows to ${flags.out}`, {
        path: flags.out,
        rows: kept.length,
        latent: model.latent,
        issues: issueMessages(issues),
      });
    }),
  );
}

function columns({ keys, splits }: EncodedDataset, latents: Latents, latent: number, rows: readonly number[]) {
  const numbers = (name: string, values: Float32Array) =>
    Array.from({ length: latent }, (_, d) => ({
      name: `${name}_${d}`,
      type: "FLOAT" as const,
      values: rows.map((row) => values[row * latent + d]!),
    }));
  return [
    { name: "key", type: "VARCHAR" as const, values: rows.map((row) => keys[row]!) },
    { name: "split", type: "VARCHAR" as const, values: rows.map((row) => splits[row]!) },
    ...numbers("z", latents.mean),
    ...numbers("variance", latents.variance),
  ];
}
