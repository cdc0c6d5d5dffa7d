/** @file Options that a config gives a column. In: a schema and what the config says. Out: the checked options, or a clear error. */
import type * as z from "zod";

/** @throws Error naming the column, the option and what was expected */
export function readOptions<T extends z.ZodType>(schema: T, given: unknown, column: string): z.output<T> {
  const result = schema.safeParse(given ?? {});
  if (result.success) return result.data;
  throw new Error(
    `Cannot use the options of column "${column}": ${result.error.issues.map(describe).join("; ")}. Correct them in the config under columns.${column}.options.`,
  );
}

function describe({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}

/** A state read from a file: checked, since the file may come from elsewhere. @throws Error */
export function readState<T extends z.ZodType>(schema: T, state: unknown, name: string): z.output<T> {
  const result = schema.safeParse(state);
  if (result.success) return result.data;
  const faults = result.error.issues.map(describe).join("; ");
  throw new Error(
    `Cannot open modality "${name}": its state is not what this version writes (${faults}). Save the model again with this version.`,
  );
}
