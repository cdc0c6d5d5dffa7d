/** @file The report's sections of figures: what was learnt from, curves, metrics, circumstances. In: record and metrics. Out: HTML. */
import { describeIssue, type Issue, tellingIssues } from "../../data/issues.ts";
import type { EpochRecord, ModelRecord } from "../../models/trained-model.ts";
import type { Metrics, Reconstruction } from "../metrics.ts";
import type { Study } from "../study.ts";
import { bar, lineChart } from "./chart.ts";
import { duration, figure, type Html, html, percent } from "./html.ts";

/** Modalities, how many rows hold them, and what is missing. */
export function showData({ model, encoded, isTrainingData }: Study): Html {
  const read = encoded.keys.length;
  const lines = model.modalities.map(({ name, columns, scores }) => {
    const present = encoded.batch[name]!.present.reduce((total, one) => total + one, 0);
    const cells = scores
      ? columns.map((column) => `${column} (${percent(gaps(encoded.cells[column]))} empty)`).join(", ")
      : columns.join(", ");
    return html`<tr><td><b>${name}</b></td><td>${cells}</td><td class="n">${figure(present, 5)}</td><td class="nowrap">${bar(present / read, `${percent(present / read)} of rows`)} <small>${percent(present / read)}</small></td></tr>`;
  });
  const counts = (["train", "validation", "test"] as const).map(
    (split) => encoded.available?.[split] ?? encoded.splits.filter((one) => one === split).length,
  );
  const rows = encoded.available ? counts.reduce((a, b) => a + b, 0) : read;
  const told = isTrainingData
    ? `${figure(rows, 7)} rows: ${figure(counts[0]!, 7)} to learn from, ${figure(counts[1]!, 7)} to know when to stop, ${figure(counts[2]!, 7)} held out. A row may lack any part; rows with gaps were used like all others.`
    : `${figure(rows, 7)} rows of another file than the one it learnt from. A row may lack any part.`;
  const chosen = encoded.available ? ` Shares are those of ${figure(read, 7)} rows chosen at random.` : "";
  return html`<section id="data"><h2>What it ${isTrainingData ? "learnt from" : "was judged on"}</h2>
<p>${told}${chosen}</p>
<div class="scroll"><table><thead><tr><th>modality</th><th>columns</th><th class="n">rows</th><th>present</th></tr></thead><tbody>${lines}</tbody></table></div></section>`;
}

const gaps = (cells: readonly unknown[] = []): number =>
  cells.filter((cell) => cell === null).length / Math.max(1, cells.length);

/** The held-out bound, and each modality's log-likelihood. */
export function showCurves({ training }: ModelRecord): Html | undefined {
  const { history, bestEpoch } = training;
  if (history.length < 2) return undefined;
  const names = Object.keys(history[0]!.validation).filter((name) => name.startsWith("log-likelihood/"));
  const chart = (title: string, key: string) =>
    lineChart(
      title,
      [
        { name: "training", style: "faint", points: curve(history, "train", key) },
        { name: "held out", style: "main", points: curve(history, "validation", key) },
      ],
      bestEpoch,
    );
  return html`<section id="curves"><h2>How it learnt</h2>
<p>Higher is better. All in nats per row, over the rows that hold the modality, never rescaled. While it trains, parts of rows are hidden and units dropped: the training curve may lie below the held-out one.</p>
<p class="key"><span><i style="border-color:var(--accent)"></i>held-out rows</span><span><i style="border-color:var(--faint)"></i>training rows</span><span><i style="border-color:var(--good);border-top-style:dashed"></i>best epoch (${bestEpoch}), whose weights were kept</span></p>
<div class="charts">${chart("Lower bound on log p(row)", "lower-bound")}${names.map((name) => chart(`log p(${name.slice("log-likelihood/".length)} | z)`, name))}</div></section>`;
}

const curve = (history: readonly EpochRecord[], part: "train" | "validation", key: string) =>
  history.flatMap((record): [number, number][] => {
    const value = record[part][key];
    return value === undefined || !Number.isFinite(value) ? [] : [[record.epoch, value]];
  });

/** Coherence as a matrix, with what the judges themselves reach. */
export function showCoherence({
  coherence,
  coherenceSampled,
  jointCoherence,
  judges,
  notes,
  label,
  reconstruction,
}: Metrics): Html | undefined {
  // One modality alone cannot disagree with itself.
  if (Object.keys(reconstruction).length < 2) return undefined;
  const names = [...new Set(Object.keys(coherence).flatMap((pair) => pair.split("→")))];
  const cell = (source: string, target: string) => {
    const value = coherence[`${source}→${target}`];
    if (value === undefined) return html`<td class="gap">–</td>`;
    return html`<td><b>${percent(value)}</b><small>one draw: ${percent(coherenceSampled[`${source}→${target}`] ?? 0)}</small></td>`;
  };
  const reasons = Object.entries(notes).filter(([name]) => /^(coherence|judges)/.test(name));
  const table = html`<div class="scroll"><table class="matrix"><thead><tr><th>given ↓, made →</th>${names.map((name) => html`<th>${name}</th>`)}</tr></thead>
<tbody>${names.map((source) => html`<tr><th>${source}</th>${names.map((target) => cell(source, target))}</tr>`)}
<tr><th>judge on real rows</th>${names.map((name) => html`<td><small>${percent(judges[name] ?? 0)}</small></td>`)}</tr></tbody></table></div>`;
  return html`<section id="coherence"><h2>Does it mean the same?</h2>
<p>${label === undefined ? "Without a label column nothing can be judged by class." : `How often an independent judge, trained on real rows only, sees the right “${label}” in what was made from one modality alone.`}</p>
${names.length > 0 ? table : undefined}
${jointCoherence === undefined ? undefined : html`<p>In ${percent(jointCoherence)} of draws from the prior all judges see the same ${label ?? "class"}.</p>`}
${reasons.map(([name, reason]) => html`<p class="note">Left out, ${name.replace(/^(coherence|judges) ?/, "") || "all"}: ${reason}.</p>`)}</section>`;
}

/** Error beside the baseline, each hidden cell guessed from the rest of its row. */
export function showImputation({ imputation, notes }: Metrics): Html {
  const rows = Object.entries(imputation).map(([column, { error, baseline, measure, cells, coverage90 }]) => {
    const full = 1.2 * Math.max(error, baseline);
    return html`<tr><td><b>${column}</b><br><small>${measure}</small></td><td>${bar(error / full, `error ${figure(error)}, best constant guess ${figure(baseline)}`, baseline / full)}</td><td class="n">${figure(error)}</td><td class="n">${figure(baseline)}</td><td class="n">${figure(cells, 6)}</td><td class="n">${coverage90 === undefined ? "–" : percent(coverage90)}</td></tr>`;
  });
  if (rows.length === 0)
    return html`<section id="imputation"><h2>Filling gaps</h2><p>${notes.imputation ?? "No column to fill."}</p></section>`;
  return html`<section id="imputation"><h2>Filling gaps</h2>
<p>Every known cell of the evaluated rows was hidden once and guessed from the rest of its row. The blue bar is the model's error, the black line that of always guessing the column's mean, median or commonest value: shorter than the line is better.</p>
<div class="scroll"><table><thead><tr><th>column</th><th>error</th><th class="n">model</th><th class="n">constant</th><th class="n">cells</th><th class="n">inside 90 % interval</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

const perEvent = ({ logLikelihoodPer = {} }: Reconstruction): string[] =>
  Object.entries(logLikelihoodPer).map(([unit, nats]) => `${figure(nats, 3)} per ${unit}`);

/** All other figures, and what each is. */
export function showFigures(metrics: Metrics): Html {
  const { reconstruction, search, lowerBound, latentAccuracy, definitions, notes, rows, split } = metrics;
  const share = (value: number | undefined) => (value === undefined ? "–" : percent(value));
  const absent = Object.entries(notes);
  return html`<section id="figures"><h2>All figures</h2>
<p>Measured on ${figure(rows, 7)} rows (${split}). Lower bound ${figure(lowerBound, 5)} nats per row.${latentAccuracy === undefined ? "" : ` A straight cut through the latent space tells the class in ${percent(latentAccuracy)} of rows.`}</p>
<h3>Reconstruction from the whole row</h3>
<div class="scroll"><table><thead><tr><th>modality</th><th class="n">log p(x|z), nats</th><th>error measured as</th><th class="n">model</th><th class="n">constant</th><th class="n">rows</th></tr></thead><tbody>${Object.entries(
    reconstruction,
  ).map(
    ([name, one]) =>
      html`<tr><td><b>${name}</b></td><td class="n">${[figure(one.logLikelihood, 4), ...perEvent(one)].join("; ")}</td><td>${one.measure}</td><td class="n">${figure(one.error)}</td><td class="n">${one.baseline === undefined ? "–" : figure(one.baseline)}</td><td class="n">${figure(one.rows, 6)}</td></tr>`,
  )}</tbody></table></div>
${
  Object.keys(search).length === 0
    ? undefined
    : html`<h3>Search</h3>
<div class="scroll"><table><thead><tr><th>asked → found</th><th class="n">class right among 10 nearest</th><th class="n">own row nearest</th><th class="n">own row among 10</th><th class="n">by chance</th><th class="n">queries</th><th class="n">candidates</th></tr></thead><tbody>${Object.entries(
        search,
      ).map(
        ([pair, one]) =>
          html`<tr><td><b>${pair}</b></td><td class="n">${share(one.precisionAt10)}</td><td class="n">${share(one.recallAt1)}</td><td class="n">${share(one.recallAt10)}</td><td class="n">${share(one.chanceRecallAt10)}</td><td class="n">${figure(one.queries, 6)}</td><td class="n">${figure(one.candidates, 6)}</td></tr>`,
      )}</tbody></table></div>`
}
<details open><summary>What each figure is</summary><dl class="definitions">${Object.entries(definitions).map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl></details>
${absent.length > 0 ? html`<details><summary>Figures that are absent, and why</summary><dl class="definitions">${absent.map(([name, why]) => html`<dt>${name}</dt><dd>${why}</dd>`)}</dl></details>` : undefined}</section>`;
}

const stops: Readonly<Record<ModelRecord["training"]["stopped"], string>> = {
  epochs: "all epochs were done",
  minutes: "the time allowed was used up",
  "no-improvement": "held-out rows no longer got better",
  interrupted: "it was interrupted",
};

export function showTraining({ config, training, data }: ModelRecord): Html {
  const facts: readonly (readonly [string, string])[] = [
    ["Data", `${data.name}, sha256 ${data.fingerprint.slice(0, 12)}…`],
    ["Time", `${duration(training.cpuSeconds)} of processor, ${duration(training.wallSeconds)} by the clock`],
    [
      "Epochs",
      `${training.epochs} (best: ${training.bestEpoch}), ${figure(training.steps, 7)} steps; ended because ${stops[training.stopped]}`,
    ],
    ["Rows", figure(training.rows, 7)],
    ["Numbers learnt", figure(training.parameters, 9)],
    ["Latent space", `${config.latent} dimensions`],
    [
      "Settings",
      Object.entries(config)
        .map(([name, value]) => `${name} ${typeof value === "number" ? figure(value) : String(value)}`)
        .join(", "),
    ],
    ["Seed", String(training.seed)],
  ];
  return html`<section id="training"><h2>How it was trained</h2><dl class="facts">${facts.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>
${training.incidents.length > 0 ? html`<h3>Incidents</h3><ul>${training.incidents.map((incident) => html`<li>${incident}</li>`)}</ul>` : html`<p class="note">No incidents: every step was finite.</p>`}</section>`;
}

const mostIssues = 100;

export function showIssues(issues: readonly Issue[]): Html {
  const listed = tellingIssues(issues, mostIssues).map((issue) => html`<li>${describeIssue(issue)}</li>`);
  const more = issues.length - listed.length;
  const body = html`<details${issues.length <= 8 ? html` open` : undefined}><summary>${issues.length} found</summary><ul>${listed}</ul>${more > 0 ? html`<p class="note">and ${more} more</p>` : undefined}</details>`;
  return html`<section id="issues"><h2>Issues in the data</h2>${issues.length === 0 ? html`<p>None found.</p>` : body}</section>`;
}
