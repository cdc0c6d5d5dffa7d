/**
 * @file `polyvae inspect`: what a data set holds and what would be learnt of it. In: a data file. Out: a description, text or JSON,
 * and a config file to edit where one is asked for.
 */
import { existsSync } from "node:fs";
import { writeWhole } from "../../artifact/node/write-file.ts";
import type { Dataset } from "../../data/dataset.ts";
import { describeDataset } from "../../data/describe.ts";
import { renderDescription } from "../../data/describe-text.ts";
import type { Issue } from "../../data/issues.ts";
import { arrayCache } from "../../data/node/cache.ts";
import { nodeMediaDecoder } from "../../data/node/media-decoder.ts";
import { lookForLeakage } from "../../modalities/node/look-for-leakage.ts";
import type { ReadFlags } from "../config.ts";
import { CommandError } from "../failure.ts";
import { withFoundData } from "../opened.ts";
import { checkOutputFile } from "../outputs.ts";
import { type OutputOptions, type Terminal, terminalFor } from "../terminal.ts";
import { configText } from "../write-config.ts";

export interface InspectFlags extends ReadFlags, OutputOptions {
  readonly leakage?: true;
  readonly writeConfig?: string;
  readonly force?: true;
}

export async function inspect(data: string, { leakage, writeConfig, force, ...flags }: InspectFlags): Promise<void> {
  const terminal = terminalFor(flags);
  if (writeConfig !== undefined) checkConfigFile(writeConfig, data, force === true);
  await withFoundData(data, flags, terminal, async (dataset, config) => {
    const leaks = leakage && isUsable(dataset) ? await findLeaks(dataset, terminal) : [];
    const description = describeDataset({ ...dataset, issues: [...leaks, ...dataset.issues] });
    if (writeConfig !== undefined) {
      await writeWhole(writeConfig, Buffer.from(configText(dataset, config, flags, writeConfig)));
      terminal.note(`Wrote ${writeConfig}`);
    }
    terminal.result(renderDescription(description, Math.min(100, terminal.width)), description);
  });
}

async function findLeaks(dataset: Dataset, terminal: Terminal): Promise<Issue[]> {
  const progress = terminal.progress("reading");
  const onDecoded = (share: number) => progress.update(share);
  const { seed } = dataset.reading;
  const options = { decoder: nodeMediaDecoder, cache: arrayCache(), seed, onDecoded };
  return lookForLeakage(dataset, options).finally(() => progress.end());
}

const isUsable = ({ usableRows, columns }: Dataset): boolean =>
  usableRows > 0 && columns.some(({ role }) => role === "feature");

/** Somebody may have edited it. */
function checkConfigFile(path: string, data: string, force: boolean): void {
  checkOutputFile(path, [data]);
  if (force || !existsSync(path)) return;
  throw new CommandError(`Cannot write ${path}: it exists. Name another file, or say --force to write over it.`);
}
