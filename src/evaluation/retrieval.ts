/**
 * @file Retrieval across modalities: query and candidates are each encoded from the named modality alone, so nothing leaks
 * through a third. In: a Study. Out: `source→target` → precision by class, recall by identity.
 */
import { selectLatents } from "../uses/latents.ts";
import { nearest } from "../uses/search.ts";
import type { Retrieval } from "./metrics.ts";
import { positionsWhere, type Study } from "./study.ts";

/** A query costs a pass over all candidates. */
const mostQueries = 2000;
const listed = 10;

export async function retrieval(study: Study): Promise<Record<string, Retrieval>> {
  const names = study.model.modalities.map(({ name }) => name);
  const found: Record<string, Retrieval> = {};
  for (const source of names) {
    for (const target of names.filter((name) => name !== source)) {
      const measured = await searchPair(study, source, target);
      if (measured) found[`${source}→${target}`] = measured;
    }
  }
  return found;
}

async function searchPair(study: Study, source: string, target: string): Promise<Retrieval | undefined> {
  const [from, to] = [await study.posterior([source]), await study.posterior([target])];
  const all = positionsWhere(study, (i) => from.known[i] === 1);
  const queries = all.slice(0, mostQueries);
  const candidates = positionsWhere(study, (i) => to.known[i] === 1);
  if (queries.length === 0 || candidates.length <= listed) return undefined;
  const [q, c] = [selectLatents(from, queries).mean, selectLatents(to, candidates).mean];
  const search = (skip: (query: number, candidate: number) => boolean) =>
    nearest(q, c, study.model.latent, listed, skip).map((hits) => hits.map(({ index }) => candidates[index]!));
  return {
    queries: queries.length,
    candidates: candidates.length,
    ...precision(
      study,
      queries,
      search((i, j) => queries[i] === candidates[j]),
    ),
    ...recall(
      queries,
      candidates,
      search(() => false),
    ),
  };
}

/** Share of the 10 nearest that show the query's class, the query's own row left out. */
function precision(
  { classes }: Study,
  queries: readonly number[],
  hits: readonly (readonly number[])[],
): Pick<Retrieval, "precisionAt10"> {
  const shares = queries.flatMap((query, i) => {
    const [own, judged] = [classes[query]!, hits[i]!.filter((hit) => classes[hit]! >= 0)];
    return own < 0 || judged.length === 0 ? [] : [judged.filter((hit) => classes[hit] === own).length / judged.length];
  });
  return shares.length === 0 ? {} : { precisionAt10: shares.reduce((a, b) => a + b, 0) / shares.length };
}

/** Share of the queries that hold the target whose own row is the nearest, or among the 10 nearest. */
function recall(queries: readonly number[], candidates: readonly number[], hits: readonly (readonly number[])[]) {
  const held = new Set(candidates);
  const paired = queries.map((query, i) => ({ query, hits: hits[i]! })).filter(({ query }) => held.has(query));
  if (paired.length === 0) return {};
  const share = (k: number) => paired.filter((one) => one.hits.slice(0, k).includes(one.query)).length / paired.length;
  return { recallAt1: share(1), recallAt10: share(listed), chanceRecallAt10: Math.min(1, listed / candidates.length) };
}
