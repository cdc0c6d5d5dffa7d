/** @file `polyvae inspect`: what a data set holds and what would be learnt of it. In: a data file. Out: a description, text or JSON. */
import { describeDataset } from "../../data/describe.ts";
import { renderDescription } from "../../data/describe-text.ts";
import type { ReadFlags } from "../config.ts";
import { withFoundData } from "../opened.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";

export async function inspect(data: string, flags: ReadFlags & OutputOptions): Promise<void> {
  const terminal = terminalFor(flags);
  await withFoundData(data, flags, terminal, async (dataset) => {
    const description = describeDataset(dataset);
    terminal.result(renderDescription(description, Math.min(100, terminal.width)), description);
  });
}
