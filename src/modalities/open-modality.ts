/**
 * @file Which modality a column becomes. In: columns with their settings and a sample of training rows. Out: modalities, fitted;
 * or a modality opened again from its state. In two pure steps, since media must be decoded to a size that is not yet known:
 * `planMedia` (probes → requests), then `fitModalities` (rows decoded by these requests → modalities).
 */
import type { ColumnSetting } from "../data/dataset.ts";
import type { MediaRequest } from "../data/media.ts";
import type { Column, Values } from "../data/records.ts";
import { fitAudio, openAudio, planSound, type SoundProbe } from "./audio.ts";
import { isTabular } from "./columns/codecs.ts";
import { fitImage, type ImageProbe, openImage, planImage } from "./image.ts";
import type { Modality, ModalityState } from "./modality.ts";
import { fitTable, openTable } from "./table.ts";
import { fitText, openText } from "./text.ts";

/** How a state becomes a modality again, by its kind: a new modality is a new line. */
const openers = {
  image: openImage,
  audio: openAudio,
  text: openText,
  table: openTable,
} satisfies Record<string, (state: ModalityState) => Modality>;

/** @throws Error for a kind that this version does not know or a state that it did not write */
export function openModality(state: ModalityState): Modality {
  const { kind, name } = state;
  if (isKnown(kind)) return openers[kind](state);
  throw new Error(
    `Cannot open modality "${name}": expected its kind to be one of ${Object.keys(openers).join(", ")}, received "${kind}". The model may come from a newer version.`,
  );
}

const isKnown = (kind: string): kind is keyof typeof openers => Object.hasOwn(openers, kind);

/** What is known of a media file before it is decoded. */
export type MediaProbe = ImageProbe | SoundProbe;

export type ColumnSettings = Readonly<Record<string, ColumnSetting>>;

/** Feature columns of media → what to probe before `planMedia`. */
export const mediaColumns = (columns: readonly Column[]): readonly Column[] =>
  columns.filter(({ kind, role }) => role === "feature" && (kind === "image" || kind === "audio"));

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
    const own = probes[name] ?? [];
    const options = settings[name]?.options;
    const request =
      kind === "image"
        ? planImage(name, own.filter(isImageProbe), options)
        : planSound(name, own.filter(isSoundProbe), options);
    return request ? [[name, request] as const] : [];
  });
  return Object.fromEntries(planned);
}

const isImageProbe = (probe: MediaProbe): probe is ImageProbe => "width" in probe;
const isSoundProbe = (probe: MediaProbe): probe is SoundProbe => "seconds" in probe;

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
  const single = features.map((column) =>
    fitSingle(column, settings[column.name]?.options, sample, requests[column.name]),
  );
  const tabular = features.filter(({ kind }) => isTabular(kind));
  const options = Object.fromEntries(tabular.map(({ name }) => [name, settings[name]?.options]));
  const name = single.some((modality) => modality?.name === "table") ? "table columns" : "table";
  return [...single, fitTable(name, tabular, options, sample)].filter((modality) => modality !== null);
}

function fitSingle(
  { name, kind }: Column,
  options: unknown,
  sample: readonly Values[],
  request: MediaRequest | undefined,
): Modality | null {
  if (kind === "text") return fitText(name, sample, options);
  if (request?.media === "image") return fitImage(name, request, sample, options);
  if (request?.media === "sound") return fitAudio(name, request, sample, options);
  return null;
}
