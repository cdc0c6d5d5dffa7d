/**
 * @file Which modality a column becomes. In: columns with their settings and a sample of training rows. Out: modalities, fitted;
 * or a modality opened again from its state. In two pure steps, since media must be decoded to a size that is not yet known:
 * `planMedia` (probes → requests), then `fitModalities` (rows decoded by these requests → modalities).
 */
import type { ColumnSetting } from "../data/dataset.ts";
import type { MediaProbe, MediaRequest } from "../data/media.ts";
import type { Column, Values } from "../data/records.ts";
import { audioKind } from "./audio.ts";
import { openBackbone } from "./backbone/backbone.ts";
import { isTabular } from "./columns/codecs.ts";
import { imageKind } from "./image.ts";
import type { BackboneUse, Modality, ModalityKind, ModalityKinds, ModalityState } from "./modality.ts";
import { fitTable, openTable } from "./table.ts";
import { textKind } from "./text.ts";
import { vectorKind } from "./vector.ts";

/** What a column alone becomes, by the kind of its cells or by its setting `modality`. A new modality is a file and a line here. */
const builtIn: ModalityKinds = { image: imageKind, audio: audioKind, text: textKind, vector: vectorKind };

const own = (kinds: ModalityKinds, name: string): ModalityKind | undefined =>
  Object.hasOwn(kinds, name) ? kinds[name] : undefined;

const known = (more: ModalityKinds): string => [...Object.keys(builtIn), ...Object.keys(more)].join(", ");

/**
 * @param more modalities beside the built-in ones; a model that holds one needs it again wherever it is opened
 * @throws Error for a kind that this version does not know or a state that it did not write
 */
export function openModality(state: ModalityState, more: ModalityKinds = {}): Modality {
  const { kind, name } = state;
  if (kind === "table") return openTable(state);
  if (kind === "backbone") return openBackbone(state);
  const found = own(more, kind) ?? own(builtIn, kind);
  if (found) return found.open(state);
  throw new Error(
    `Cannot open modality "${name}": expected its kind to be one of ${known(more)}, table, received "${kind}". The model may come from a newer version, or need a kind that is passed as \`kinds\`.`,
  );
}

export type ColumnSettings = Readonly<Record<string, ColumnSetting>>;

/** What a column may become besides the built-in modalities. */
export interface MoreKinds {
  /** By the name that the setting `modality`, or a column's kind, says. */
  readonly kinds?: ModalityKinds | undefined;
  /** By column: those that are read through a backbone. */
  readonly backbones?: ModalityKinds | undefined;
}

/** What a feature column alone becomes; undefined where it is a column of the table. @throws Error for a modality that is unknown */
function kindOf(
  { name, kind }: Column,
  settings: ColumnSettings,
  { kinds: more = {}, backbones = {} }: MoreKinds,
): ModalityKind | undefined {
  if (Object.hasOwn(backbones, name)) return backbones[name];
  const asked = Object.hasOwn(settings, name) ? settings[name]?.modality : undefined;
  const found = own(more, asked ?? kind) ?? own(builtIn, asked ?? kind);
  if (found || asked === undefined) return found;
  throw new Error(
    `Cannot read column "${name}" as "${asked}": expected a modality of ${known(more)}. Correct columns.${name}.modality.`,
  );
}

const features = (columns: readonly Column[]): readonly Column[] => columns.filter(({ role }) => role === "feature");

/** Feature columns of media → what to probe before `planMedia`. */
export const mediaColumns = (
  columns: readonly Column[],
  settings: ColumnSettings = {},
  more: MoreKinds = {},
): readonly Column[] => features(columns).filter((column) => kindOf(column, settings, more)?.plan !== undefined);

/**
 * Column → how its files must be decoded, from probes of training files (a few hundred suffice). A column without any
 * probe has no request: none of its files can be read.
 * @throws Error for options that the modality does not have
 */
export function planMedia(
  columns: readonly Column[],
  settings: ColumnSettings,
  probes: Readonly<Record<string, readonly MediaProbe[]>>,
  more: MoreKinds = {},
): Readonly<Record<string, MediaRequest>> {
  const planned = mediaColumns(columns, settings, more).flatMap((column) => {
    const { name } = column;
    const request = kindOf(column, settings, more)?.plan?.(name, probes[name] ?? [], settings[name]?.options);
    return request ? [[name, request] as const] : [];
  });
  return Object.fromEntries(planned);
}

/** Column → its backbone, through which the sample goes before `fitModalities` sees it. */
export function backboneUses(
  columns: readonly Column[],
  settings: ColumnSettings,
  requests: Readonly<Record<string, MediaRequest>>,
  more: MoreKinds,
): Readonly<Record<string, BackboneUse>> {
  const found = features(columns).flatMap((column) => {
    const { name } = column;
    const use = kindOf(column, settings, more)?.backbone?.(settings[name]?.options, requests[name]);
    return use ? [[name, use] as const] : [];
  });
  return Object.fromEntries(found);
}

/**
 * Training rows → modalities: one for each column of media, text or vectors, named by it, and one table of all other columns.
 * `sample`: all training rows for tabular and text columns (categories and vocabulary come from it); media may be null in
 * all but some hundreds of rows. Columns in which the sample holds nothing are left out.
 * Columns that are read through a backbone hold features already.
 * Rows encoded later must be decoded by each modality's own `media`, whose channels may be fewer than was requested here.
 * @throws Error for options that the modality does not have
 */
export function fitModalities(
  columns: readonly Column[],
  settings: ColumnSettings,
  sample: readonly Values[],
  requests: Readonly<Record<string, MediaRequest>> = {},
  more: MoreKinds = {},
): Modality[] {
  const kinds = features(columns).map((column) => ({ column, kind: kindOf(column, settings, more) }));
  const single = kinds.map(({ column: { name }, kind }) =>
    kind?.fit({ name, sample, request: requests[name], options: settings[name]?.options }),
  );
  const tabular = kinds.flatMap(({ column, kind }) => (!kind && isTabular(column.kind) ? [column] : []));
  const options = Object.fromEntries(tabular.map(({ name }) => [name, settings[name]?.options]));
  const name = single.some((modality) => modality?.name === "table") ? "table columns" : "table";
  return [...single, fitTable(name, tabular, options, sample)].filter((modality) => modality != null);
}
