/** @file An evaluation as text for a terminal. In: Metrics. Out: tables, and why figures are absent. */
import type { Metrics } from "../evaluation/metrics.ts";
import { type TextColumn, textTable } from "./text-table.ts";

export function renderMetrics(metrics: Metrics, width: number): string {
  const { split, rows, rowsAvailable, label, lowerBound, latentAccuracy, jointCoherence, notes } = metrics;
  const which = split === "all" ? "all rows" : `${split} rows`;
  const judged = label === undefined ? "" : `, judged by "${label}"`;
  const single = [
    `held-out bound      ${figure(lowerBound)} nats a row`,
    ...(latentAccuracy === undefined ? [] : [`latent accuracy     ${figure(latentAccuracy)}`]),
    ...(jointCoherence === undefined ? [] : [`joint coherence     ${figure(jointCoherence)}`]),
  ];
  const tables = [coherence, reconstruction, imputation, search].map((table) => table(metrics, width));
  const absent = Object.entries(notes).map(([name, why]) => `${name}: ${why}`);
  return [
    `${rows}${rowsAvailable > rows ? ` of ${rowsAvailable}` : ""} ${which}${judged}`,
    "",
    ...single,
    ...tables.flatMap((table) => (table === undefined ? [] : ["", table])),
    ...(absent.length === 0 ? [] : ["", "Notes", ...absent.map((line) => `  ${line}`)]),
    "",
    "What each figure means: --json, under definitions.",
  ].join("\n");
}

/** Three digits that matter; whole numbers as they are. */
const figure = (value: number | undefined): string =>
  value === undefined
    ? ""
    : Number.isInteger(value) || Math.abs(value) >= 1000
      ? value.toFixed(0)
      : value.toPrecision(3);

const right = (title: string): TextColumn => ({ title, align: "right" });

type Section = (metrics: Metrics, width: number) => string | undefined;

function section(columns: readonly TextColumn[], rows: readonly (readonly string[])[], width: number) {
  return rows.length === 0 ? undefined : textTable(columns, rows, width);
}

const coherence: Section = ({ coherence: typical, coherenceSampled, judges }, width) =>
  section(
    [{ title: "coherence" }, right("from mean"), right("sampled"), right("judge on real")],
    Object.entries(typical).map(([name, value]) => {
      const judge = judges[name.split("→").at(-1)!];
      return [name, figure(value), figure(coherenceSampled[name]), figure(judge)];
    }),
    width,
  );

const reconstruction: Section = ({ reconstruction: found }, width) =>
  section(
    [
      { title: "reconstruction" },
      right("error"),
      right("constant"),
      { title: "measure" },
      { title: "log p(x|z), nats" },
    ],
    Object.entries(found).map(
      ([name, { error, baseline, measure, inversion, logLikelihood, logLikelihoodPer = {} }]) => [
        name,
        figure(error),
        figure(baseline),
        inversion === undefined ? measure : `${measure}; sound from spectrogram ${figure(inversion)} dB`,
        [
          `${figure(logLikelihood)} a row`,
          ...Object.entries(logLikelihoodPer).map(([unit, nats]) => `${figure(nats)} a ${unit}`),
        ].join(", "),
      ],
    ),
    width,
  );

const imputation: Section = ({ imputation: found }, width) =>
  section(
    [{ title: "imputation" }, right("error"), right("constant"), right("cells"), { title: "measure" }],
    Object.entries(found).map(([name, { error, baseline, cells, measure }]) => [
      name,
      figure(error),
      figure(baseline),
      String(cells),
      measure,
    ]),
    width,
  );

const search: Section = ({ search: found }, width) =>
  section(
    [{ title: "search" }, right("precision@10"), right("recall@10"), right("queries"), right("candidates")],
    Object.entries(found).map(([name, { precisionAt10, recallAt10, queries, candidates }]) => [
      name,
      figure(precisionAt10),
      figure(recallAt10),
      String(queries),
      String(candidates),
    ]),
    width,
  );
