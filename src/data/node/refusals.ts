/**
 * @file What a file of records must have to be read as asked. In: what was found and the options. Out: nothing, or a DataError
 * that names file, column and remedy.
 */
import { dirname } from "node:path";
import { DataError, nameList, nearestName } from "../data-error.ts";
import type { ReadOptions, ReadPlan } from "../reading.ts";
import type { Column } from "../records.ts";
import type { ColumnFacts } from "../roles.ts";
import type { Survey } from "./survey.ts";

export function unknownPart(
  path: string,
  name: string,
  pattern: string,
  unknown: readonly string[],
  names: readonly string[],
): DataError {
  if (unknown.length === 0) {
    return new DataError(
      `Cannot make media column "${name}": expected a column in braces, received "${pattern}". Write {${names[0]}}.`,
    );
  }
  const near = nearestName(unknown[0]!, names);
  return new DataError(
    `Cannot make media column "${name}" from "${pattern}": ${path} has no column ${nameList(unknown)}; its columns are ` +
      `${nameList(names, 24)}. ${near ? `Did you mean "${near}"?` : "Correct the name in braces."}`,
  );
}

export function checkId(path: string, facts: ColumnFacts[], { idColumn }: ReadOptions): ColumnFacts[] {
  const id = facts.find(({ statistics }) => statistics.name === idColumn);
  if (id === undefined || id.unique) return facts;
  const { distinct, rows } = id.statistics;
  throw new DataError(
    `Cannot name rows by column "${idColumn}" of ${path}: expected a different value in each of ${rows} rows, found ${distinct}. ` +
      "Choose another id column, or none.",
  );
}

/** A kind that the config asks for must fit most cells: otherwise the whole column would quietly be missing. */
export function checkKinds(path: string, columns: readonly Column[], plan: ReadPlan): void {
  for (const { name, kind, present, missing, examples } of columns) {
    const asked = plan.columns[name]?.kind;
    const numeric = asked === "real" || asked === "positive" || asked === "count" || asked === "ordinal";
    if (!numeric || present > 0 || examples.length === 0) continue;
    throw new DataError(
      `Cannot read column "${name}" of ${path} as ${kind}: expected numbers, found none in ${missing} cells, for example ` +
        `${nameList(examples)}. Correct its kind in the config; categorical or text holds words.`,
    );
  }
}

export function checkKnown(path: string, columns: readonly Column[], { reading }: ReadOptions): void {
  if (!reading || columns.some(({ role }) => role === "feature")) return;
  const wanted = Object.entries(reading.resolved).filter(([, { role }]) => role === "feature");
  throw new DataError(
    `Cannot use ${path}: expected at least one of the columns that the model learnt (${nameList(wanted.map(([name]) => name))}), ` +
      `found ${nameList(columns.map(({ name }) => name))}. Rename its columns, or use another file.`,
  );
}

/** A pattern that finds no file at all is a mistake in the pattern, not in each row. */
export function checkMediaFound(path: string, survey: Survey, options: ReadOptions): void {
  for (const [name, pattern] of Object.entries(options.media ?? {})) {
    const cells = survey.mediaCells.get(name) ?? 0;
    if (cells === 0 || (survey.unusable.get(name)?.size ?? 0) < cells) continue;
    const first = survey.issues.find((issue) => issue.column === name);
    const detail = first && "detail" in first ? first.detail : "none can be used";
    throw new DataError(
      `Cannot make media column "${name}" from "${pattern}": none of ${cells} files can be used; ${detail}. ` +
        `Paths are relative to ${dirname(path)}; correct the pattern.`,
    );
  }
}

/** More classes than this are no classes: most would have no row to give. */
export const mostStrata = 1000;

export const tooManyStrata = (path: string, column: string): DataError =>
  new DataError(
    `Cannot stratify ${path} by column "${column}": expected at most ${mostStrata} different values, found more. ` +
      "Choose a column of classes; --group keeps equal values together.",
  );

export const mixedGroup = (path: string, group: string, value: string, column: string): DataError =>
  new DataError(
    `Cannot stratify ${path} by column "${column}" and keep groups of column "${group}" together: group "${value}" holds several ` +
      `values of "${column}". Leave out --stratify or --group.`,
  );
