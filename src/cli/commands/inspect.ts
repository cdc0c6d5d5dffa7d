/** @file `polyvae inspect`: what a data set holds and what would be learnt of it. In: a data file. Out: a description, text or JSON. */
import { describeDataset, renderDescription } from "../../data/describe.ts";
import { type ReadFlags, readConfig, readOptions } from "../config.ts";
import { withData } from "../opened.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";

export async function inspect(data: string, flags: ReadFlags & OutputOptions): Promise<void> {
  const terminal = terminalFor(flags);
  const config = readConfig(data, flags, (path) => terminal.note(`Config: ${path}`));
  await withData(data, readOptions(config, flags), async (dataset) => {
    const description = describeDataset(dataset);
    terminal.result(renderDescription(description, terminal.width), description);
  });
}
