/**
 * @file The report: everything about a model on one page, for a person. In: model, encoded data, metrics.
 * Out: one HTML file that needs no other file and no network.
 */
import type { Issue } from "../data/issues.ts";
import type { EncodedDataset } from "../modalities/node/encode-dataset.ts";
import type { TrainedModel } from "../models/trained-model.ts";
import type { Metrics } from "./metrics.ts";
import { type Dot, scatter } from "./report/chart.ts";
import { inventions, labelOf, type ReadValues, searches, translations } from "./report/gallery.ts";
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
import { openStudy, type Study, type StudyOptions } from "./study.ts";

export interface ReportOptions extends StudyOptions {
  /** Real values of rows by their number in the encoded data, media decoded: node/row-values.ts reads them. */
  readonly values: ReadValues;
  readonly encodePng: EncodePng;
  /** All that was met while reading; those of encoding by default. */
  readonly issues?: readonly Issue[];
  readonly title?: string;
}

const shown = { translations: 5, inventions: 8, searches: 3, hits: 5, dots: 1500 };

export async function renderReport(
  model: TrainedModel,
  encoded: EncodedDataset,
  metrics: Metrics,
  options: ReportOptions,
): Promise<string> {
  const study = openStudy(model, encoded, options);
  const { values, encodePng } = options;
  const title = options.title ?? heading(study);
  const sections = [
    showData(study),
    await showTranslations(await translations(study, values, shown.translations), encodePng),
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

function summary({ model, encoded }: Study, { rows }: Metrics): string {
  const { training, config } = model.record;
  return `Learnt from ${figure(training.rows, 7)} of ${figure(encoded.keys.length, 7)} rows in ${duration(training.wallSeconds)}: every row becomes a point in a space of ${config.latent} dimensions, whatever it is shown by, and every point can be turned back. Measured on ${figure(rows, 7)} rows that it has not learnt from.`;
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
      ? [percent(latentAccuracy), "of held-out classes are told by a straight cut through the space"]
      : undefined,
    [figure(lowerBound, 4), "nats per held-out row, lower bound"],
    [duration(training.cpuSeconds), `of processor time for ${training.epochs} epochs`],
  ];
  return html`<ul class="tiles">${all.flatMap((tile) => (tile ? [html`<li><b>${tile[0]}</b><span>${tile[1]}</span></li>`] : []))}</ul>`;
}

/** Held-out rows by all that they hold, flattened to paper. */
async function showMap(study: Study): Promise<Html> {
  const { model, seed, labels, encoded } = study;
  const posterior = await study.posterior();
  const count = Math.min(study.rows.length, shown.dots);
  const { method, points } = project(posterior.mean.slice(0, count * model.latent), model.latent, seed);
  const dots = points.map(([x, y], position): Dot => {
    const label = labelOf(study, position);
    const key = encoded.keys[study.rows[position]!]!;
    return { x, y, group: study.classes[position]!, title: label === undefined ? key : `${label} · ${key}` };
  });
  const groups = "of" in labels ? labels.classes : [];
  return html`<section id="map"><h2>A map of the space</h2>
<p>Each dot is a held-out row, placed by ${method} from its ${model.latent} latent numbers; near dots are alike to the model.${groups.length > 0 ? " The colour is the label, which the model never saw." : ""} Point at a dot to see which row it is.</p>
${scatter(`Map of ${points.length} held-out rows by ${method}`, dots, groups.length <= 20 ? groups : [])}</section>`;
}
