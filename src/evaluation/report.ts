/**
 * @file The report: everything about a model on one page, for a person. In: model, encoded data, metrics.
 * Out: one HTML file that needs no other file and no network.
 */
import type { Issue } from "../data/issues.ts";
import type { TrainedModel } from "../models/trained-model.ts";
import { selectLatents } from "../uses/latents.ts";
import { unitRows } from "../uses/search.ts";
import type { Metrics } from "./metrics.ts";
import { type Dot, scatter } from "./report/chart.ts";
import { inventions, labelOf, type ReadValues, searches, showable, translations } from "./report/gallery.ts";
import { duration, escapeHtml, figure, type Html, html, list, percent, raw } from "./report/html.ts";
import type { EncodePng } from "./report/media.ts";
import { project } from "./report/projection.ts";
import {
  showCoherence,
  showCurves,
  showData,
  showFigures,
  showImputation,
  showIssues,
  showTraining,
} from "./report/show-figures.ts";
import { showInventions, showSearches, showTranslations } from "./report/show-model.ts";
import { style } from "./report/style.ts";
import { openStudy, positionsWhere, type Study, type StudyOptions } from "./study.ts";
import type { StudyRows } from "./study-rows.ts";

export interface ReportOptions extends StudyOptions {
  /** Real values of rows by their number in the encoded data, media decoded: node/row-values.ts reads them. */
  readonly values: ReadValues;
  readonly encodePng: EncodePng;
  /** All that was met while reading; those of encoding by default. */
  readonly issues?: readonly Issue[];
  readonly title?: string;
}

const shown = { translations: 5, inventions: 8, searches: 3, hits: 5, dots: 1200 };

export async function renderReport(
  model: TrainedModel,
  encoded: StudyRows,
  metrics: Metrics,
  options: ReportOptions,
): Promise<string> {
  const study = openStudy(model, encoded, options);
  const { values, encodePng } = options;
  const title = options.title ?? heading(study);
  const sections = [
    showData(study),
    await showTranslations(await translations(study, values, shown.translations), encodePng, study.hasSeen),
    await showMap(study),
    await showInventions(await inventions(study, shown.inventions), encodePng),
    await showSearches(await searches(study, values, shown.searches, shown.hits), encodePng),
    showCoherence(metrics),
    showImputation(metrics),
    showCurves(model.record),
    showFigures(metrics),
    showTraining(model.record),
    showIssues(options.issues ?? encoded.issues),
  ];
  const page = html`<main><header><p class="eyebrow">polyvae report · ${model.record.data.name}</p><h1>${title}</h1>
<p class="lead">${summary(study, metrics)}</p>${tiles(metrics)}</header>${sections.filter((section) => section !== undefined)}
<footer>Made by polyvae. This page holds everything it shows: it can be mailed, kept and printed.</footer></main>`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title>${raw(`<style>${style}</style>`).html}</head><body>${page.html}</body></html>\n`;
}

const heading = ({ model }: Study): string =>
  `One space for ${list(model.modalities.map(({ name, scores, columns }) => (scores ? `${columns.length} table columns` : name)))}`;

function summary({ model, hasSeen }: Study, { rows }: Metrics): string {
  const { training, config, data } = model.record;
  return `Learnt from ${figure(training.rows, 7)} of ${figure(data.rows, 7)} rows in ${duration(training.wallSeconds)}: every row becomes a point in a space of ${config.latent} dimensions, whatever it is shown by, and every point can be turned back. Measured on ${figure(rows, 7)} rows${hasSeen ? ", among them rows that it has learnt from: the figures flatter" : " that it has not learnt from"}.`;
}

/** The few figures that a reader wants first. */
function tiles({ coherence, search, imputation, latentAccuracy, lowerBound, training }: Metrics): Html {
  const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const shares = Object.values(coherence);
  const precisions = Object.entries(search).flatMap(([pair, { precisionAt10 }]) =>
    pair in coherence && precisionAt10 !== undefined ? [precisionAt10] : [],
  );
  const columns = Object.values(imputation);
  const better = columns.filter(({ error, baseline }) => error < baseline).length;
  const all: (readonly [string, string] | undefined)[] = [
    shares.length > 0 ? [percent(mean(shares)), "of translations keep the class, mean over pairs"] : undefined,
    precisions.length > 0
      ? [percent(mean(precisions)), "of the 10 nearest in another modality are of the class asked for"]
      : undefined,
    columns.length > 0
      ? [`${better} of ${columns.length}`, "table columns are filled better than by a constant"]
      : undefined,
    latentAccuracy !== undefined
      ? [percent(latentAccuracy), "of classes are told by a straight cut through the space"]
      : undefined,
    [figure(lowerBound, 4), "nats per row, lower bound"],
    [duration(training.cpuSeconds), `of processor time for ${training.epochs} epochs`],
  ];
  return html`<ul class="tiles">${all.flatMap((tile) => (tile ? [html`<li><b>${tile[0]}</b><span>${tile[1]}</span></li>`] : []))}</ul>`;
}

interface View {
  readonly name: string;
  readonly positions: readonly number[];
  readonly means: Float32Array;
}

/** The evaluated rows through each showable modality alone; with a single modality, by all that they hold. */
async function viewsOf(study: Study): Promise<View[]> {
  const names = showable(study).map(({ name }) => name);
  const asked =
    names.length > 1 ? names.map((name) => ({ name, given: [name] })) : [{ name: "rows", given: undefined }];
  const views: View[] = [];
  for (const { name, given } of asked) {
    const posterior = await study.posterior(given);
    const most = Math.floor(shown.dots / asked.length);
    const positions = positionsWhere(study, (i) => posterior.known[i] === 1).slice(0, most);
    // By direction alone, as search compares them.
    views.push({ name, positions, means: unitRows(selectLatents(posterior, positions).mean, study.model.latent) });
  }
  return views;
}

const hasLearntLabel = ({ model, labels }: Study): boolean =>
  "of" in labels && model.modalities.some(({ columns }) => columns.includes(labels.column));

/** Where the space is shared, different shapes (modalities) of one colour (class) lie together. */
async function showMap(study: Study): Promise<Html> {
  const { model, seed, labels, encoded } = study;
  const views = await viewsOf(study);
  const { method, points } = project(
    views.map(({ means }) => means),
    model.latent,
    seed,
  );
  const places = views.flatMap(({ name, positions }, shape) =>
    positions.map((position) => ({ name, shape, position })),
  );
  const dots = places.map(({ name, shape, position }, i): Dot => {
    const title = [labelOf(study, position), name, encoded.keys[study.rows[position]!]].filter(
      (part) => part !== undefined,
    );
    return { x: points[i]![0], y: points[i]![1], shape, group: study.classes[position]!, title: title.join(" · ") };
  });
  const groups = "of" in labels && labels.classes.length <= 20 ? labels.classes : [];
  const shapes = views.length > 1 ? views.map(({ name }) => name) : [];
  return html`<section id="map"><h2>A map of the space</h2>
<p>Each mark is a row${shapes.length > 0 ? " seen through one modality alone" : ""}, placed by ${method} from its ${model.latent} latent numbers; near marks are alike to the model.${shapes.length > 0 ? " Where different shapes lie together, the modalities mean the same." : ""}${groups.length > 0 ? ` The colour is the label, which the model ${hasLearntLabel(study) ? "has learnt from too" : "never saw"}.` : ""} Point at a mark to see which row it is.</p>
${scatter(`Map of ${points.length} marks by ${method}`, dots, groups, shapes)}</section>`;
}
