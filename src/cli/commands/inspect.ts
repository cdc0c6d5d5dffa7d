/**
 * @file `polyvae inspect`: what a data set holds and what would be learnt of it. In: a data file. Out: a description, text or JSON,
 * and a config file to edit where one is asked for.
 */
import { existsSync } from "node:fs";
import { writeWhole } from "../../artifact/node/write-file.ts";
import { describeDataset } from "../../data/describe.ts";
import { renderDescription } from "../../data/describe-text.ts";
import type { ReadFlags } from "../config.ts";
import { CommandError } from "../failure.ts";
import { withFoundData } from "../opened.ts";
import { checkOutputFile } from "../outputs.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";
import { configText } from "../write-config.ts";

export interface InspectFlags extends ReadFlags, OutputOptions {
  readonly writeConfig?: string;
  readonly force?: true;
}

export async function inspect(data: string, { writeConfig, force, ...flags }: InspectFlags): Promise<void> {
  const terminal = terminalFor(flags);
  if (writeConfig !== undefined) checkConfigFile(writeConfig, data, force === true);
  await withFoundData(data, flags, terminal, async (dataset, config) => {
    const description = describeDataset(dataset);
    if (writeConfig !== undefined) {
      await writeWhole(writeConfig, Buffer.from(configText(dataset, config, flags, writeConfig)));
      terminal.note(`Wrote ${writeConfig}`);
    }
    terminal.result(renderDescription(description, Math.min(100, terminal.width)), description);
  });
}

/** Somebody may have edited it. */
function checkConfigFile(path: string, data: string, force: boolean): void {
  checkOutputFile(path, [data]);
  if (force || !existsSync(path)) return;
  throw new CommandError(`Cannot write ${path}: it exists. Name another file, or say --force to write over it.`);
}
