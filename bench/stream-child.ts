/**
 * @file Speeds of one large data set, in a process of its own. In: its path and a number of steps. Out: JSON: rows a second of decoding
 * and encoding, of the loader alone, and of training with it; seconds that training waited for the loader.
 */
import { nodeMediaDecoder } from "../src/data/node/media-decoder.ts";
import { openData } from "../src/data/node/open-data.ts";
import { nodeRuntime } from "../src/engine/node/runtime.ts";
import { encodeDataset, fitDataset } from "../src/modalities/node/encode-dataset.ts";
import { modelConfigSchema } from "../src/models/config.ts";
import { feedsOf } from "../src/training/batches.ts";
import { trainingConfigSchema } from "../src/training/config.ts";
import { epochWindows } from "../src/training/epoch-order.ts";
import { fitModel } from "../src/training/fit.ts";

const [path, steps] = process.argv.slice(2) as [string, string];
const batch = 128;
const epochRows = Number(steps) * batch;
const [model, training] = [
  modelConfigSchema.parse({}),
  trainingConfigSchema.parse({ batch, epochs: 1, epochRows, mixture: 1 }),
];

const opened = performance.now();
const dataset = await openData(path);
const openSeconds = since(opened);
const fitted = performance.now();
const modalities = await fitDataset(dataset, { decoder: nodeMediaDecoder, seed: 0 });
const fitSeconds = since(fitted);
const encoding = performance.now();
const { rows, splits, close } = await encodeDataset(dataset, modalities, {
  decoder: nodeMediaDecoder,
  memory: 0,
});
const encodeSeconds = since(encoding);

const loading = performance.now();
let loaded = 0;
const trains = (row: number) => splits[row] === 0;
const windows = epochWindows(rows, trains, { size: batch, seed: 0, epoch: 1 });
for (let window = windows.next(); !window.done && since(loading) < 10; ) {
  const next = windows.next();
  rows.prefetch([...window.value.blocks, ...(next.done ? [] : next.value.blocks)]);
  for (const indices of window.value.batches) {
    feedsOf(await rows.read(indices), modalities, { beta: 1 });
    loaded += indices.length;
  }
  window = next;
}
const loaderSeconds = since(loading);
rows.prefetch([]);

const runtime = nodeRuntime();
let [first, last, taken] = [0, 0, 0];
await fitModel({ rows, splits, modalities, model, training }, runtime, {
  onStep: () => {
    last = performance.now();
    // The first steps prepare what later ones reuse.
    if (++taken === 3) first = last;
  },
});
await runtime.close();
await close();
dataset.close();
const rate = (count: number, seconds: number) => Math.round(count / seconds);
process.stdout.write(
  JSON.stringify({
    openSeconds,
    fitSeconds,
    encodeSeconds,
    encodeRate: rate(rows.count, encodeSeconds),
    loaderRate: rate(loaded, loaderSeconds),
    stepRate: rate((taken - 3) * batch, (last - first) / 1e3),
  }),
);

function since(start: number): number {
  return (performance.now() - start) / 1e3;
}
