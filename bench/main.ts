/**
 * @file `npm run bench -- NAME [options]`. In: the name of a benchmark. Out: its figures, as text or with --json.
 *   step     one training step against eager PyTorch; --case mlp-vae,trimodal --batch 32,128
 *   memory   peak resident size of training, against eager PyTorch; --case
 *   compile  seconds until a graph can be trained; --case
 *   stream   peak resident size of every command over data larger than memory, and the loader's speed; --rows, --images, --steps, --commands
 *   loop     delay of the main thread's event loop while training; --seconds 10
 *   datasets every data set of a folder with no configuration; --data DIR --minutes 1 --set emoji,kanji
 */
import { parseArgs } from "node:util";
import { type CaseName, caseNames } from "./cases/cases.ts";
import { benchCompile } from "./compile.ts";
import { benchDatasets } from "./datasets.ts";
import { benchLoop } from "./loop.ts";
import { benchMemory } from "./memory.ts";
import { benchStep } from "./step.ts";
import { benchStream } from "./stream.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    case: { type: "string", multiple: true, default: [...caseNames] },
    batch: { type: "string", multiple: true, default: ["32", "128", "512"] },
    seconds: { type: "string", default: "10" },
    data: { type: "string", default: "." },
    minutes: { type: "string", default: "1" },
    set: { type: "string", multiple: true, default: [] },
    rows: { type: "string", multiple: true, default: ["500000", "5000000"] },
    images: { type: "string", multiple: true, default: ["20000", "200000"] },
    steps: { type: "string", default: "200" },
    commands: { type: "string", multiple: true, default: [] },
  },
});

const { json } = values;
const cases = list(values.case).map(caseOf);
const batches = list(values.batch).map(sizeOf);

const benches: Readonly<Record<string, () => Promise<void>>> = {
  step: () => benchStep({ json, cases, batches }),
  memory: () => benchMemory({ json, cases }),
  compile: () => benchCompile({ json, cases }),
  datasets: () => benchDatasets({ json, data: values.data, minutes: Number(values.minutes), only: list(values.set) }),
  stream: () =>
    benchStream({
      json,
      sizes: { rows: list(values.rows).map(sizeOf), images: list(values.images).map(sizeOf) },
      steps: sizeOf(values.steps),
      commands: list(values.commands),
    }),
  loop: () => benchLoop({ json, seconds: Number(values.seconds) }),
};

const bench = benches[positionals[0] ?? ""];
if (!bench) fail(`Expected one of ${Object.keys(benches).join(", ")}: npm run bench -- step [--json]`);
await bench();

/** Options may be repeated, or hold several values between commas. */
function list(options: readonly string[]): string[] {
  const parts = options.flatMap((option) => option.split(",")).map((option) => option.trim());
  return parts.filter((part) => part !== "");
}

function caseOf(name: string): CaseName {
  return (
    caseNames.find((known) => known === name) ?? fail(`--case: expected ${caseNames.join(", ")}, received ${name}`)
  );
}

function sizeOf(text: string): number {
  const size = Number(text);
  return Number.isInteger(size) && size > 0 ? size : fail(`Expected whole numbers from 1, received ${text}`);
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
