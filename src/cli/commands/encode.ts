/**
 * @file `polyvae encode`: rows → their Gaussians in the latent space. In: a model and data. Out: a Parquet, CSV or JSONL file of
 * `key`, `split`, means `z_0 …` and variances `variance_0 …`.
 */
import { extname } from "node:path";
import { type EncodedPart, encodedParts } from "../../modalities/node/encoded-parts.ts";
import type { Latents } from "../../models/trained-model.ts";
import { encode as encodeBatch } from "../../uses/encode.ts";
import type { ReadFlags } from "../config.ts";
import { UsageError } from "../failure.ts";
import { inheritedOptions, issueMessages, noteIssues, withData, withEncoded, withModel } from "../opened.ts";
import { checkOutputFile } from "../outputs.ts";
import { type TableColumn, type TableFormat, type TablePart, writeTable } from "../table-file.ts";
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
    withData(data, inheritedOptions(parts, flags), (dataset) =>
      withEncoded(dataset, model, terminal, async (encoded) => {
        const issues = noteIssues(terminal, dataset.issues, encoded.issues);
        let written = 0;
        async function* rows(): AsyncGenerator<TablePart> {
          for await (const part of encodedParts(dataset, encoded)) {
            const latents = await encodeBatch(model, part.batch);
            const kept = [...part.rows.keys()].filter((row) => latents.known[row] === 1);
            written += kept.length;
            yield values(part, latents, model.latent, kept);
          }
        }
        await writeTable(flags.out, format, columns(model.latent), rows());
        terminal.result(`Wrote ${written} rows to ${flags.out}`, {
          path: flags.out,
          rows: written,
          latent: model.latent,
          issues: issueMessages(issues),
        });
      }),
    ),
  );
}

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, d) => `${name}_${d}`);

const columns = (latent: number): TableColumn[] => [
  ...["key", "split"].map((name) => ({ name, type: "VARCHAR" as const })),
  ...[...numbered("z", latent), ...numbered("variance", latent)].map((name) => ({ name, type: "FLOAT" as const })),
];

function values(
  { rows }: EncodedPart,
  { mean, variance }: Latents,
  latent: number,
  kept: readonly number[],
): TablePart {
  const numbers = (array: Float32Array) =>
    Array.from({ length: latent }, (_, d) => kept.map((row) => array[row * latent + d]!));
  return [
    kept.map((row) => rows[row]!.key),
    kept.map((row) => rows[row]!.split),
    ...numbers(mean),
    ...numbers(variance),
  ];
}
