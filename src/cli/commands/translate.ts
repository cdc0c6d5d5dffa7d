/**
 * @file `polyvae translate`: some columns of a row → another. In: a model and evidence. Out: values as text, media as files; vectors
 * as text, or as .npy files where a folder is named.
 */
import type { Value, Values } from "../../data/records.ts";
import type { WritingOptions } from "../../models/choose-token.ts";
import type { TrainedModel } from "../../models/trained-model.ts";
import { findTarget, type Target } from "../../uses/names.ts";
import { translate as translateGiven } from "../../uses/translate.ts";
import { asText, itemSources, noteNearest, tidy, writeAnswers } from "../answers.ts";
import { readEvidence } from "../evidence.ts";
import { UsageError } from "../failure.ts";
import { withModel } from "../opened.ts";
import { checkOutputFolder, inOutputFolder } from "../outputs.ts";
import { type OutputOptions, terminalFor } from "../terminal.ts";

export interface TranslateFlags extends OutputOptions, WritingOptions {
  readonly given?: Readonly<Record<string, string>>;
  readonly to: string;
  readonly count: number;
  readonly out?: string;
  readonly samples?: true;
  readonly seed?: number;
}

export async function translate(path: string, flags: TranslateFlags): Promise<void> {
  const terminal = terminalFor(flags);
  if (flags.out !== undefined) checkOutputFolder(flags.out);
  await withModel(path, async (model) => {
    const target = findTarget(model, flags.to);
    const media = target.columns.filter((column) => column in target.modality.media);
    const needsFiles = media.some((column) => target.modality.media[column]!.media !== "vector");
    if (needsFiles && flags.out === undefined)
      throw new UsageError(`"${flags.to}" is answered with files: say where to put them with -o DIR.`);
    const given = await readEvidence(model, flags.given);
    const { count, samples: sampled = false, seed = 0, temperature, topP } = flags;
    const options = { count, sampled, seed, temperature, topP };
    const answers = await translateGiven(model, given, flags.to, options);
    noteNearest(terminal, model, target.columns);
    const written = await writeMedia(media, answers, flags.out);
    terminal.result(answers.map((answer, i) => textOf(model, target, answer, written, i)).join("\n"), {
      to: flags.to,
      values: answers.map((answer, i) => jsonOf(target, answer, written, i)),
      ...trainingItems(target, answers),
    });
  });
}

/** Where answers are training items: which. */
function trainingItems({ columns }: Target, answers: readonly Values[]) {
  const items = columns.flatMap((column) => itemSources(answers.map((answer) => answer[column] ?? null)));
  return items.some((item) => item !== null) ? { trainingItems: items } : {};
}

type Paths = Readonly<Record<string, readonly (Value | null)[]>>;

/** Media columns → the paths written. A folder is made only for them. */
async function writeMedia(columns: readonly string[], answers: readonly Values[], out?: string): Promise<Paths> {
  if (out === undefined || columns.length === 0) return {};
  return inOutputFolder(out, async () => {
    const paths: Record<string, readonly (Value | null)[]> = {};
    for (const column of columns)
      paths[column] = await writeAnswers(
        out,
        column,
        answers.map((answer) => answer[column] ?? null),
      );
    return paths;
  });
}

const cellOf = (column: string, answer: Values, paths: Paths, i: number) => {
  const value = column in paths ? paths[column]![i]! : (answer[column] ?? null);
  if (value instanceof Float32Array) return value;
  return typeof value === "object" ? null : tidy(value);
};

const plainCell = (column: string, answer: Values, paths: Paths, i: number) => {
  const value = cellOf(column, answer, paths, i);
  return value instanceof Float32Array ? Array.from(value, (x) => Number(x.toPrecision(7))) : value;
};

/** One column as its bare value, several as an object. */
const jsonOf = ({ columns }: Target, answer: Values, paths: Paths, i: number) =>
  columns.length === 1
    ? plainCell(columns[0]!, answer, paths, i)
    : Object.fromEntries(columns.map((column) => [column, plainCell(column, answer, paths, i)]));

function textOf(model: TrainedModel, { columns }: Target, answer: Values, paths: Paths, i: number): string {
  const text = (column: string) =>
    asText(cellOf(column, answer, paths, i), model.record.data.reading.resolved[column]?.spelling);
  return columns.length === 1
    ? text(columns[0]!)
    : `${columns.map((column) => `${column}: ${text(column)}`).join("\n")}\n`;
}
