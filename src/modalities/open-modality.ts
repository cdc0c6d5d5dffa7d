/**
 * @file Which modality a column becomes. In: columns with their settings and a sample of training rows. Out: modalities, fitted;
 * or a modality opened again from its state. In two pure steps, since media must be decoded to a size that is not yet known:
 * `planMedia` (probes → requests), then `fitModalities` (rows decoded by these requests → modalities).
 */
import type { ColumnSetting } from "../data/dataset.ts";
import type { MediaProbe, MediaRequest } from "../data/media.ts";
import type { Column, Values } from "../data/records.ts";
import { audioKind } from "./audio.ts";
import { isTabular } from "./columns/codecs.ts";
import { imageKind } from "./image.ts";
import type { Modality, ModalityKind, ModalityState } from "./modality.ts";
import { fitTable, openTable } from "./table.ts";
import { textKind } from "./text.ts";

/** What a column alone becomes, by the kind of its cells. A new modality is a file and a line here. */
const kinds = { image: imageKind, audio: audioKind, text: textKind } satisfies Record<string, ModalityKind>;
type SingleKind = keyof typeof kinds;

/** @throws Error for a kind that this version does not know or a state that it did not write */
export function openModality(state: ModalityState): Modality {
  const { kind, name } = state;
  if (kind === "table") return openTable(state);
  if (isSingle(kind)) return kinds[kind].open(state);
  throw new Error(
    `Cannot open modality "${name}": expected its kind to be one of ${Object.keys(kinds).join(", ")}, table, received "${kind}". The model may come from a newer version.`,
  );
}

const isSingle = (kind: string): kind is SingleKind => Object.hasOwn(kinds, kind);
const kindOf = (kind: string): ModalityKind | undefined => (isSingle(kind) ? kinds[kind] : undefined);

export type ColumnSettings = Readonly<Record<string, ColumnSetting>>;

/** Feature columns of media → what to probe before `planMedia`. */
export const mediaColumns = (columns: readonly Column[]): readonly Column[] =>
  columns.filter(({ kind, role }) => role === "feature" && kindOf(kind)?.plan !== undefined);

/**
 * Column → how its files must be decoded, from probes of training files (a few hundred suffice). A column without any
 * probe has no request: none of its files can be read.
 * @throws Error for options that the modality does not have
 */
export function planMedia(
  columns: readonly Column[],
  settings: ColumnSettings,
  probes: Readonly<Record<string, readonly MediaProbe[]>>,
): Readonly<Record<string, MediaRequest>> {
  const planned = mediaColumns(columns).flatMap(({ name, kind }) => {
    const request = kindOf(kind)?.plan?.(name, probes[name] ?? [], settings[name]?.options);
    return request ? [[name, request] as const] : [];
  });
  return Object.fromEntries(planned);
}

/**
 * Training rows → modalities: one for each column of media or text, named by it, and one table of all other columns.
 * `sample`: all training rows for tabular and text columns (categories and vocabulary come from it); media may be null in
 * all but some hundreds of rows. Columns in which the sample holds nothing are left out.
 * Rows encoded later must be decoded by each modality's own `media`, whose channels may be fewer than was requested here.
 * @throws Error for options that the modality does not have
 */
export function fitModalities(
  columns: readonly Column[],
  settings: ColumnSettings,
  sample: readonly Values[],
  requests: Readonly<Record<string, MediaRequest>> = {},
): Modality[] {
  const features = columns.filter(({ role }) => role === "feature");
  const single = features.map(({ name, kind }) =>
    kindOf(kind)?.fit({ name, sample, request: requests[name], options: settings[name]?.options }),
  );
  const tabular = features.filter(({ kind }) => isTabular(kind));
  const options = Object.fromEntries(tabular.map(({ name }) => [name, settings[name]?.options]));
  const name = single.some((modality) => modality?.name === "table") ? "table columns" : "table";
  return [...single, fitTable(name, tabular, options, sample)].filter((modality) => modality != null);
}
