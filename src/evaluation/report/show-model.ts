/** @file The report's sections that show the model at work. In: examples as values. Out: HTML. */
import type { Values } from "../../data/records.ts";
import type { Searches, Translations } from "./gallery.ts";
import { type Html, html, plain } from "./html.ts";
import { type EncodePng, showValue } from "./media.ts";

/** @param hasSeen whether the model has learnt from some of these rows */
export async function showTranslations(
  all: readonly Translations[],
  png: EncodePng,
  hasSeen: boolean,
): Promise<Html | undefined> {
  if (all.length === 0) return undefined;
  const tables: Html[] = [];
  for (const { source, targets, examples } of all) {
    const rows: Html[] = [];
    for (const { label, given, answers } of examples) {
      const name = label === undefined ? source : `${source} of class ${label}`;
      const cells: Html[] = [];
      for (const [t, [typical, ...drawn]] of answers.entries()) {
        const alt = `${targets[t]!} made from ${name}`;
        const shown = await showValue(typical, alt, png);
        const others: Html[] = [];
        for (const value of drawn)
          others.push(html`<span class="draw">${await showValue(value, `${alt}, a draw`, png)}</span>`);
        cells.push(html`<td><span class="row">${shown}${others}</span></td>`);
      }
      rows.push(html`<tr><td>${await showValue(given, name, png)}</td>${cells}</tr>`);
    }
    tables.push(
      html`<h3>Given ${source} alone</h3><div class="scroll"><table class="gallery"><thead><tr><th>${source}, real</th>${targets.map((target) => html`<th>${target}, made</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`,
    );
  }
  return html`<section id="translations"><h2>Say it in one, get it in another</h2>
<p>${hasSeen ? "Rows that the model may have learnt from." : "Held-out rows that the model has never seen."} It is shown one modality only and asked for the others. The large answer is decoded from the middle of what it believes, the small ones beside it are draws from its belief. The rows were chosen by lot, one class after the other, not by how well they turned out.</p>${tables}</section>`;
}

export async function showInventions(rows: readonly Values[], png: EncodePng): Promise<Html> {
  const cards: Html[] = [];
  for (const [i, values] of rows.entries()) {
    const media: Html[] = [];
    const cells: Html[] = [];
    for (const [column, value] of Object.entries(values)) {
      const shown = await showValue(value, `${column} of invented row ${i + 1}`, png);
      if (typeof value === "object" && value !== null) media.push(shown);
      else
        cells.push(html`<dt>${column}</dt><dd>${typeof value === "number" ? plain(value) : String(value ?? "–")}</dd>`);
    }
    cards.push(html`<li>${media}<dl>${cells}</dl></li>`);
  }
  return html`<section id="inventions"><h2>Made from nothing</h2>
<p>Each card is one draw from the model's prior, decoded into everything at once. Where the space is truly shared, all parts of a card tell the same story.</p><ul class="cards">${cards}</ul></section>`;
}

export async function showSearches(all: readonly Searches[], png: EncodePng): Promise<Html | undefined> {
  if (all.length === 0) return undefined;
  const tables: Html[] = [];
  for (const { source, target, examples } of all) {
    const rows: Html[] = [];
    for (const { label, query, hits } of examples) {
      const found: Html[] = [];
      for (const [rank, hit] of hits.entries()) {
        const isSame = label !== undefined && hit.label === label;
        const shown = await showValue(
          hit.value,
          `${target}, rank ${rank + 1}${hit.label === undefined ? "" : `, class ${hit.label}`}`,
          png,
        );
        found.push(html`<span class="hit${isSame ? " same" : ""}">${shown}${hit.similarity.toFixed(2)}</span>`);
      }
      const alt = `${source} asked for${label === undefined ? "" : `, class ${label}`}`;
      rows.push(html`<tr><td>${await showValue(query, alt, png)}</td><td><span class="hits">${found}</span></td></tr>`);
    }
    tables.push(
      html`<h3>${source} → ${target}</h3><div class="scroll"><table class="gallery"><thead><tr><th>asked with</th><th>nearest, with cosine</th></tr></thead><tbody>${rows}</tbody></table></div>`,
    );
  }
  const ringed = all.some(({ examples }) => examples.some(({ label }) => label !== undefined));
  return html`<section id="search"><h2>Search across kinds</h2>
<p>A query in one modality, the nearest rows in another; each side sees its own modality only, and the query's own row is left out.${ringed ? " A green ring marks hits of the query's class." : ""}</p>${tables}</section>`;
}
