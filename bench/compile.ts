/**
 * @file How long a graph takes until its first step can be made. In: cases. Out: seconds to build the graph, to plan it
 * (differentiate and lower), and to start it (sessions of ONNX Runtime, first parameters), for the bench cases and for the
 * model that the demo trains. The engine's worker runs already, as it does for every model but a process's first.
 */
import { fileURLToPath } from "node:url";
import { findConfig, readOptions, trainSettings } from "../src/cli/config.ts";
import { withData } from "../src/cli/opened.ts";
import { nodeMediaDecoder } from "../src/data/node/media-decoder.ts";
import { nodeRuntime } from "../src/engine/node/runtime.ts";
import { lower } from "../src/engine/onnx.ts";
import { constant } from "../src/engine/ops.ts";
import { planTraining } from "../src/engine/plan.ts";
import type { Runtime } from "../src/engine/runtime.ts";
import { fitDataset } from "../src/modalities/node/encode-dataset.ts";
import { buildVae } from "../src/models/vae.ts";
import { benchCases, type CaseName } from "./cases/cases.ts";
import { median } from "./timing.ts";

type Graph = Parameters<typeof planTraining>;

interface Seconds {
  readonly graph: number;
  readonly plan: number;
  readonly start: number;
  readonly total: number;
}

interface Compiled extends Seconds {
  /** Total of the first round, in which Node has compiled nothing just in time yet. */
  readonly first: number;
}

const rounds = 5;

export async function benchCompile({ json, cases }: { json: boolean; cases: readonly CaseName[] }): Promise<void> {
  const runtime = nodeRuntime();
  await (await runtime.load(lower({ one: constant(1) }).bytes)).release();
  // The demo's first, so that its first round finds a process as fresh as a user's.
  const builds: [string, () => Graph][] = [["spoken-digits", await demoGraph()]];
  for (const name of cases) builds.push([name, () => [benchCases[name]().loss]]);
  const results = [];
  for (const [name, build] of builds) {
    const seconds = await compile(build, runtime);
    results.push({ name, ...seconds });
    const { graph, plan, start, total, first } = seconds;
    const text = `${name}: first ${first.toFixed(2)} s, median ${total.toFixed(2)} s (graph ${graph.toFixed(2)}, plan ${plan.toFixed(2)}, start ${start.toFixed(2)})`;
    if (!json) process.stdout.write(`${text}\n`);
  }
  await runtime.close();
  if (json) process.stdout.write(`${JSON.stringify({ compile: results })}\n`);
}

/** Medians over rounds, and the first. */
async function compile(build: () => Graph, runtime: Runtime): Promise<Compiled> {
  const times: Seconds[] = [];
  for (let round = 0; round < rounds; round++) {
    const moments = [performance.now()];
    const graph = build();
    moments.push(performance.now());
    const plan = planTraining(...graph);
    moments.push(performance.now());
    const trainer = await runtime.train(plan, 0);
    moments.push(performance.now());
    await trainer.release();
    const [built, planned, started] = [1, 2, 3].map((i) => (moments[i]! - moments[i - 1]!) / 1e3) as [
      number,
      number,
      number,
    ];
    times.push({ graph: built, plan: planned, start: started, total: built + planned + started });
  }
  const of = (key: keyof Seconds) => median(times.map((seconds) => seconds[key]));
  return { graph: of("graph"), plan: of("plan"), start: of("start"), total: of("total"), first: times[0]!.total };
}

/** The demo's model as `polyvae train` builds it: data, config, modalities fitted to the training rows. */
async function demoGraph(): Promise<() => Graph> {
  const path = fileURLToPath(new URL("../examples/spoken-digits/manifest.csv", import.meta.url));
  const flags = { header: true };
  const { config } = findConfig(path, flags);
  return withData(path, readOptions(config, flags), async (dataset) => {
    const { model, training } = trainSettings(config, flags);
    const modalities = await fitDataset(dataset, { decoder: nodeMediaDecoder, seed: training.seed });
    return () => {
      const { loss, terms, evaluation } = buildVae(modalities, model);
      return [loss, terms, evaluation, { batch: training.batch }];
    };
  });
}
