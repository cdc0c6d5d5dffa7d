/**
 * @file Reconstruction: how much of a row survives the way through the latent space. In: a Study. Out: per modality the
 * log-likelihood and a plain error, beside that of the best constant answer.
 * The error goes by what the modality offers: its columns' own scores, else spelling where values are strings, else arrays.
 */
import { selectRows } from "../modalities/batch.ts";
import type { Encoded, Modality, TypedArray } from "../modalities/modality.ts";
import { selectLatents } from "../uses/latents.ts";
import { holding, sum } from "./likelihood.ts";
import type { Reconstruction } from "./metrics.ts";
import { characterErrorRate, commonest } from "./spelling.ts";
import type { Study } from "./study.ts";

interface Judged {
  readonly measure: string;
  readonly error: number;
  readonly baseline?: number;
}

/** Everything decoded from the mean of q(z | the whole row). */
export async function reconstruction(study: Study): Promise<Record<string, Reconstruction>> {
  const { model } = study;
  const posterior = await study.posterior();
  const found: Record<string, Reconstruction> = {};
  for (const modality of model.modalities) {
    const { positions, encoded } = holding(study, modality);
    if (positions.length === 0) continue;
    const latents = selectLatents(posterior, positions).mean;
    const total = sum(await model.logLikelihood(modality.name, latents, encoded));
    const judged = await judge(study, modality, { positions, encoded, latents });
    const { events } = modality;
    found[modality.name] = {
      rows: positions.length,
      logLikelihood: total / positions.length,
      ...(events && { logLikelihoodPer: { [events.unit]: total / events.count(encoded) } }),
      ...judged,
      ...inversion(modality, encoded),
    };
  }
  return found;
}

/** Clips whose way back to sound is judged: phases are sought for each, which takes as long as the clip. */
const clipsInverted = 50;

function inversion(modality: Modality, encoded: Encoded): { inversion: number } | undefined {
  const rows = Array.from({ length: Math.min(encoded.rows, clipsInverted) }, (_, i) => i);
  const errors = modality.inversionErrors?.(selectRows({ it: encoded }, rows).it!).filter(Number.isFinite) ?? [];
  return errors.length === 0 ? undefined : { inversion: errors.sort((a, b) => a - b)[errors.length >> 1]! };
}

interface Decoded {
  readonly positions: readonly number[];
  readonly encoded: Encoded;
  readonly latents: Float32Array;
}

async function judge(study: Study, modality: Modality, decoded: Decoded): Promise<Judged> {
  const { model } = study;
  if (modality.scores) return byScores(study, modality, decoded);
  const [first] = await model.items(modality.name, decoded.latents.slice(0, model.latent));
  const [column] = modality.columns;
  return typeof first?.[column!] === "string"
    ? bySpelling(study, modality, decoded)
    : byArrays(study, modality, decoded);
}

/** Mean over columns of each column's own error (docs/math/metrics.md, "imputation"), here of cells that were given. */
async function byScores(study: Study, modality: Modality, { positions, latents }: Decoded): Promise<Judged> {
  const guesses = await study.model.items(modality.name, latents);
  const errors = modality.scores!.flatMap(({ column, baseline, error }) => {
    const cells = study.encoded.cells[column] ?? [];
    const pairs = positions.flatMap((position, i) => {
      const truth = cells[study.rows[position]!] ?? null;
      const guess = guesses[i]![column] ?? null;
      return truth === null || guess === null || typeof guess === "object" ? [] : [{ truth, guess }];
    });
    if (pairs.length === 0) return [];
    const truths = pairs.map(({ truth }) => truth);
    return [
      {
        error: error(
          truths,
          pairs.map(({ guess }) => guess),
        ),
        baseline: error(
          truths,
          truths.map(() => baseline),
        ),
      },
    ];
  });
  const mean = (pick: (one: { error: number; baseline: number }) => number) =>
    sum(errors.map(pick)) / Math.max(1, errors.length);
  return {
    measure: "mean over columns of the column's error",
    error: mean((e) => e.error),
    baseline: mean((e) => e.baseline),
  };
}

async function bySpelling(study: Study, modality: Modality, { positions, latents }: Decoded): Promise<Judged> {
  const column = modality.columns[0]!;
  const cells = study.encoded.cells[column] ?? [];
  const truths = positions.map((position) => String(cells[study.rows[position]!] ?? ""));
  const items = await study.model.items(modality.name, latents);
  const guesses = items.map((values) => String(values[column]));
  const training = study.train.flatMap((row) =>
    cells[row] === null || cells[row] === undefined ? [] : [String(cells[row])],
  );
  const constant = commonest(training);
  return {
    measure: "character error rate",
    error: characterErrorRate(truths, guesses),
    ...(constant !== undefined && {
      baseline: characterErrorRate(
        truths,
        truths.map(() => constant),
      ),
    }),
  };
}

/** Mean squared difference of the arrays' elements; bytes stand for 0..1. */
async function byArrays(study: Study, modality: Modality, { positions, encoded, latents }: Decoded): Promise<Judged> {
  const typical = await study.model.typical(modality.name, latents);
  const means = trainingMeans(study, modality);
  const inUnits = Object.values(encoded.arrays).every((array) => array instanceof Uint8Array);
  let [errors, baselines, count] = [0, 0, 0];
  for (const [name, truth] of Object.entries(encoded.arrays)) {
    const guess = typical.arrays[name]!;
    const unit = unitOf(truth);
    const mean = means?.[name];
    const width = truth.length / positions.length;
    for (let i = 0; i < truth.length; i++) {
      errors += ((truth[i]! - guess[i]!) / unit) ** 2;
      if (mean) baselines += ((truth[i]! - mean[i % width]!) / unit) ** 2;
    }
    count += truth.length;
  }
  return {
    measure: `mean squared error of ${inUnits ? "values in 0..1" : "standardised values"}`,
    error: errors / count,
    ...(means && { baseline: baselines / count }),
  };
}

const unitOf = (array: TypedArray): number => (array instanceof Uint8Array ? 255 : 1);

/** Mean of every element over the training rows that hold the modality. */
function trainingMeans({ encoded, train }: Study, { name }: Modality): Record<string, Float64Array> | undefined {
  const rows = train.filter((row) => encoded.batch[name]!.present[row] === 1);
  if (rows.length === 0) return undefined;
  const { arrays } = selectRows({ it: encoded.batch[name]! }, rows).it!;
  const means = Object.entries(arrays).map(([array, values]) => {
    const width = values.length / rows.length;
    const mean = new Float64Array(width);
    for (let i = 0; i < values.length; i++) mean[i % width]! += values[i]! / rows.length;
    return [array, mean] as const;
  });
  return Object.fromEntries(means);
}
