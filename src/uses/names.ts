/**
 * @file What a user may name: columns as evidence, columns or modalities as the answer. In: names. Out: modalities, or an error
 * that lists the names there are.
 */
import type { Values } from "../data/records.ts";
import type { Modality } from "../modalities/modality.ts";
import type { TrainedModel } from "../models/trained-model.ts";

/** A modality, and the columns of it that are asked for. */
export interface Target {
  readonly modality: Modality;
  readonly columns: readonly string[];
}

/** @param to a modality, or a column of one @throws Error listing the modalities and columns there are */
export function findTarget(model: TrainedModel, to: string): Target {
  const { modalities } = model;
  const whole = modalities.find(({ name }) => name === to);
  if (whole) return { modality: whole, columns: whole.columns };
  const holder = modalities.find(({ columns }) => columns.includes(to));
  if (holder) return { modality: holder, columns: [to] };
  throw new Error(`Cannot answer with "${to}": the model knows ${knownNames(modalities)}. Name one of them.`);
}

/** @throws Error where a name is no column of the model, or a value cannot be used */
export function checkGiven(model: TrainedModel, given: Values): void {
  const columns = model.modalities.flatMap((modality) => modality.columns);
  const unknown = Object.keys(given).filter((name) => !columns.includes(name));
  if (unknown.length > 0) {
    const label = unknown.length > 1 ? "columns" : "a column";
    throw new Error(
      `Cannot use ${unknown.map(quoted).join(", ")} as ${label} of evidence: the model knows ${columns.map(quoted).join(", ")}. Name one of them.`,
    );
  }
  if (Object.values(given).every((value) => value === null))
    throw new Error(
      `Cannot answer without evidence: give a value for at least one of ${columns.map(quoted).join(", ")}.`,
    );
}

/** Modalities first, then the columns that are no modality themselves. */
function knownNames(modalities: readonly Modality[]): string {
  const names = modalities.flatMap(({ name, columns }) => [name, ...columns]);
  return [...new Set(names)].map(quoted).join(", ");
}

const quoted = (name: string): string => `"${name}"`;
