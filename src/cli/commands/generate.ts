/** @file `polyvae generate`: new rows from nothing. In: a model and how many. Out: `generated.csv` and the media files it names. */
import { join } from "node:path";
import { writeWhole } from "../../artifact/node/write-file.ts";
import { writeRecord } from "../../data/csv.ts";
import type { Scalar } from "../../data/records.ts";
import type { WritingOptions } from "../../models/choose-token.ts";
import { generate as generateRows } from "../../uses/generate.ts";
import { asText, columnsOf, noteNearest, writeAnswers } from "../answers.ts";
import { withModel } from "../opened.ts";
import { checkOutputFolder, inOutputFolder } from "../outputs.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";

export interface GenerateFlags extends OutputOptions, WritingOptions {
  readonly count: number;
  readonly out: string;
  readonly seed?: number;
}

export async function generate(path: string, flags: GenerateFlags): Promise<void> {
  const terminal = terminalFor(flags);
  checkOutputFolder(flags.out);
  await withModel(path, async (model) => {
    const rows = await generateRows(model, flags.count, flags.seed ?? 0, flags);
    const order = model.record.data.columns.map(({ name }) => name);
    const columns = columnsOf(rows).sort((a, b) => order.indexOf(a) - order.indexOf(b));
    noteNearest(terminal, model, columns);
    const { resolved } = model.record.data.reading;
    const file = join(flags.out, "generated.csv");
    const cells = await inOutputFolder(flags.out, async () => {
      const written: Record<string, readonly (Scalar | null)[]> = {};
      for (const column of columns)
        written[column] = await writeAnswers(
          flags.out,
          column,
          rows.map((row) => row[column] ?? null),
        );
      const isMedia = (column: string) => model.modalities.some(({ media }) => column in media);
      // Paths in the table are relative to the table, as in any data set.
      const text = (column: string, value: Scalar | null) =>
        isMedia(column) && value !== null
          ? String(value)
              .slice(flags.out.length)
              .replace(/^[/\\]+/, "")
          : asText(value, resolved[column]?.spelling);
      const lines = rows.map((_, i) => writeRecord(columns.map((column) => text(column, written[column]![i]!))));
      await writeWhole(file, `${[writeRecord(columns), ...lines].join("\n")}\n`);
      return written;
    });
    terminal.result(`Wrote ${rows.length} rows to ${file}`, {
      path: file,
      rows: rows.map((_, i) => Object.fromEntries(columns.map((column) => [column, cells[column]![i]!]))),
    });
  });
}
