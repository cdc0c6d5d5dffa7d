/**
 * @file `npm run bench -- NAME [options]`. In: the name of a benchmark. Out: its figures, as text or with --json.
 *   step   one training step against eager PyTorch        loop   delay of the main thread's event loop while training
 */
import { parseArgs } from "node:util";
import { benchLoop } from "./loop.ts";
import { benchStep } from "./step.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    blocks: { type: "string", default: "15" },
    steps: { type: "string", default: "10" },
    seconds: { type: "string", default: "10" },
  },
});

const benches: Readonly<Record<string, () => Promise<void>>> = {
  step: () => benchStep({ json: values.json, blocks: Number(values.blocks), steps: Number(values.steps) }),
  loop: () => benchLoop({ json: values.json, seconds: Number(values.seconds) }),
};

const bench = benches[positionals[0] ?? ""];
if (!bench) {
  process.stderr.write(`Expected one of ${Object.keys(benches).join(", ")}: npm run bench -- step [--json]\n`);
  process.exit(2);
}
await bench();
