/**
 * @file `polyvae impute`: the gaps of a table filled from all that each row holds. In: a model and data. Out: the same table as
 * CSV, its columns and order kept and every cell that was there as it was; and beside it, for each filled cell, how sure.
 */
import { open } from "node:fs/promises";
import { replaceFile } from "../../artifact/node/write-file.ts";
import { noteNearest } from "../answers.ts";
import type { ReadFlags } from "../config.ts";
import { type Filling, fillTable } from "../fill-table.ts";
import { inheritedOptions, issueMessages, noteIssues, withData, withModel } from "../opened.ts";
import { checkOutputFile } from "../outputs.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";

export interface ImputeFlags extends ReadFlags, OutputOptions {
  readonly out: string;
  readonly samples: number;
  /** False where `--no-intervals` was given. */
  readonly intervals: boolean;
}

export async function impute(path: string, data: string, flags: ImputeFlags): Promise<void> {
  const terminal = terminalFor(flags);
  const beside = flags.intervals ? intervalsPath(flags.out) : undefined;
  for (const output of [flags.out, beside]) if (output !== undefined) checkOutputFile(output, [path, data]);
  await withModel(path, (model, parts) =>
    withData(data, inheritedOptions(parts, flags), async (dataset) => {
      const samples = beside === undefined ? 0 : flags.samples;
      const filling = await fillTable({ model, dataset, samples, seed: flags.seed ?? 0 });
      const progress = terminal.progress("filling");
      await writeFilling(filling, flags.out, beside, (rows) => progress.update(rows / dataset.rowCount)).finally(() => {
        progress.end();
        filling.close();
      });
      noteNearest(terminal, model, Object.keys(filling.counts));
      for (const column of filling.ofBytes)
        terminal.note(
          `Note: "${column}" holds bytes, which a CSV cannot: names of files stand there, where there are any.`,
        );
      const issues = noteIssues(terminal, dataset.issues, filling.issues);
      const cells = Object.values(filling.counts).reduce((sum, count) => sum + count, 0);
      const sure = beside === undefined ? "" : `; how sure each is: ${beside}`;
      terminal.result(`Wrote ${dataset.rowCount} rows to ${flags.out}, ${cells} cells filled${sure}`, {
        path: flags.out,
        intervals: beside ?? null,
        rows: dataset.rowCount,
        filled: filling.counts,
        issues: issueMessages(issues),
      });
    }),
  );
}

const intervalsPath = (path: string): string => `${path.replace(/\.csv$/i, "")}.intervals.csv`;

/** Both files appear whole or not at all. */
async function writeFilling(
  filling: Filling,
  path: string,
  beside: string | undefined,
  onRows: (rows: number) => void,
): Promise<void> {
  const write = async (table: string, intervals?: string) => {
    const files = [await open(table, "w")];
    if (intervals !== undefined) files.push(await open(intervals, "w"));
    try {
      for await (const part of filling.parts()) {
        await files[0]!.writeFile(part.table);
        await files[1]?.writeFile(part.intervals);
        onRows(part.rows);
      }
    } finally {
      for (const file of files) await file.close();
    }
  };
  if (beside === undefined) return replaceFile(path, write);
  return replaceFile(path, (table) => replaceFile(beside, (intervals) => write(table, intervals)));
}
