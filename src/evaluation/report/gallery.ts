/**
 * @file What the report shows of the model at work: translations, inventions, searches. In: a model and encoded held-out rows.
 * Out: examples as values. Rows are chosen by the seed, one class after the other, never by how well they turn out.
 */
import type { Value, Values } from "../../data/records.ts";
import { random, shuffle } from "../../engine/random.ts";
import type { Modality } from "../../modalities/modality.ts";
import { generate } from "../../uses/generate.ts";
import { sampleLatents, selectLatents } from "../../uses/latents.ts";
import { nearest } from "../../uses/search.ts";
import { positionsWhere, type Study } from "../study.ts";

/** Original values, media decoded, of rows by their number in the encoded data set. */
export type ReadValues = (rows: readonly number[]) => Promise<readonly Values[]>;

export interface Translations {
  readonly source: string;
  readonly targets: readonly string[];
  readonly examples: readonly {
    readonly label: string | undefined;
    readonly given: Value | null;
    /** For each target: decoded from the posterior's mean, then from draws. */
    readonly answers: readonly (readonly (Value | null)[])[];
  }[];
}

export interface Searches {
  readonly source: string;
  readonly target: string;
  readonly examples: readonly {
    readonly label: string | undefined;
    readonly query: Value | null;
    readonly hits: readonly {
      readonly value: Value | null;
      readonly label: string | undefined;
      readonly similarity: number;
    }[];
  }[];
}

/**
 * Modalities of one column that can be shown as one thing, what is seen or heard before what is read; a table's cells are
 * shown by imputation instead.
 */
export const showable = ({ model }: Study): Modality[] =>
  model.modalities
    .filter(({ columns, scores }) => columns.length === 1 && !scores)
    .sort((a, b) => mediaOf(b) - mediaOf(a))
    .slice(0, mostShown);

const mediaOf = ({ media }: Modality): number => Object.keys(media).length;

/** Every one is shown with every other. */
const mostShown = 4;

const draws = 3;

/** From each showable modality to every other, decoded from the source alone. */
export async function translations(study: Study, read: ReadValues, count: number): Promise<Translations[]> {
  const shown = showable(study);
  const found: Translations[] = [];
  for (const source of shown) {
    const targets = shown.filter(({ name }) => name !== source.name);
    const posterior = await study.posterior([source.name]);
    const chosen = chooseRows(study, (i) => posterior.known[i] === 1, count);
    if (targets.length === 0 || chosen.length === 0) continue;
    const given = await read(chosen.map((position) => study.rows[position]!));
    const own = selectLatents(posterior, chosen);
    const answers = await Promise.all(targets.map((target) => answersFor(study, target, own)));
    found.push({
      source: source.name,
      targets: targets.map(({ name }) => name),
      examples: chosen.map((position, i) => ({
        label: labelOf(study, position),
        given: given[i]![source.columns[0]!] ?? null,
        answers: answers.map((rows) => rows[i]!),
      })),
    });
  }
  return found;
}

/** Row → the answer from the mean, then answers from draws. */
async function answersFor(
  study: Study,
  target: Modality,
  posterior: ReturnType<typeof selectLatents>,
): Promise<(Value | null)[][]> {
  const column = target.columns[0]!;
  const rng = random(study.seed, `report ${target.name}`);
  const rounds = [await study.model.items(target.name, posterior.mean)];
  // A sound takes a second to hear and to find its phases: one is enough.
  const isHeard = rounds[0]!.some((values) => isSound(values[column]));
  for (let i = 0; i < draws && !isHeard; i++)
    rounds.push(await study.model.items(target.name, sampleLatents(posterior, rng)));
  return rounds[0]!.map((_, row) => rounds.map((values) => values[row]![column] ?? null));
}

const isSound = (value: Value | null | undefined): boolean =>
  typeof value === "object" && value !== null && "samples" in value;

/** Whole rows drawn from the prior. */
export const inventions = ({ model, seed }: Study, count: number): Promise<Values[]> => generate(model, count, seed);

/** Queries and what lies nearest, each side encoded from its own modality alone; the query's own row is left out. */
export async function searches(study: Study, read: ReadValues, count: number, hits: number): Promise<Searches[]> {
  const shown = showable(study);
  const found: Searches[] = [];
  for (const source of shown) {
    for (const target of shown.filter(({ name }) => name !== source.name)) {
      const [from, to] = [await study.posterior([source.name]), await study.posterior([target.name])];
      const queries = chooseRows(study, (i) => from.known[i] === 1, count);
      const candidates = positionsWhere(study, (i) => to.known[i] === 1);
      if (queries.length === 0 || candidates.length <= hits) continue;
      const ranked = nearest(
        selectLatents(from, queries).mean,
        selectLatents(to, candidates).mean,
        study.model.latent,
        hits,
        (i, j) => queries[i] === candidates[j],
      ).map((list) => list.map(({ index, similarity }) => ({ position: candidates[index]!, similarity })));
      const asked = await read(queries.map((position) => study.rows[position]!));
      const examples = [];
      for (const [i, position] of queries.entries()) {
        const values = await read(ranked[i]!.map((hit) => study.rows[hit.position]!));
        examples.push({
          label: labelOf(study, position),
          query: asked[i]![source.columns[0]!] ?? null,
          hits: ranked[i]!.map((hit, j) => ({
            value: values[j]![target.columns[0]!] ?? null,
            label: labelOf(study, hit.position),
            similarity: hit.similarity,
          })),
        });
      }
      // Lists of words say little: a search is for what is seen or heard.
      if (examples.some((one) => one.hits.some(({ value }) => typeof value === "object" && value !== null)))
        found.push({ source: source.name, target: target.name, examples });
    }
  }
  return found;
}

export const labelOf = (study: Study, position: number): string | undefined => {
  const { labels } = study;
  const group = study.classes[position]!;
  return "of" in labels && group >= 0 ? labels.classes[group] : undefined;
};

/** Positions chosen by the seed, classes taking turns. */
function chooseRows(study: Study, test: (position: number) => boolean, count: number): number[] {
  const order = positionsWhere(study, test);
  shuffle(order, random(study.seed, "report rows"));
  const seen = new Map<number, number>();
  const ranked = order.map((position) => {
    const group = study.classes[position]!;
    const turn = seen.get(group) ?? 0;
    seen.set(group, turn + 1);
    return { position, group, turn };
  });
  const chosen = ranked.sort((a, b) => a.turn - b.turn).slice(0, count);
  return chosen.sort((a, b) => a.group - b.group || a.turn - b.turn).map(({ position }) => position);
}
