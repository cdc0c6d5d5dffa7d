/**
 * @file `npm run fuzz [-- --cases 10000 --seed 1 --family "noise"]`: random tables and damaged media through the readers.
 * In: how many cases, and a seed. Out: the count of each family, every fault with the number that repeats it; exit 1 on any.
 * Cases run in processes of their own: one that dies or says nothing for a minute is a fault, and the rest goes on.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { families } from "./families.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    family: { type: "string" },
    first: { type: "string", default: "0" },
  },
});
const silentMs = 60_000;
const stretch = 250;

interface Stretch {
  readonly family: string;
  readonly first: number;
  readonly count: number;
}

interface Tally {
  cases: number;
  readonly faults: { readonly family: string; readonly at: number; readonly fault: string }[];
}

const chosen = families.filter(({ name }) => values.family === undefined || name === values.family);
if (chosen.length === 0)
  throw new Error(`There is no family "${values.family}": ${families.map(({ name }) => name).join(", ")}.`);
const shares = chosen.reduce((sum, { share }) => sum + share, 0);
const queue: Stretch[] = chosen.flatMap(({ name, share }) => {
  const count = Math.round((Number(values.cases) * share) / shares);
  return Array.from({ length: Math.ceil(count / stretch) }, (_, i) => ({
    family: name,
    first: Number(values.first) + i * stretch,
    count: Math.min(stretch, count - i * stretch),
  }));
});
const total = queue.reduce((sum, { count }) => sum + count, 0);
const tally: Tally = { cases: 0, faults: [] };
const byFamily = new Map<string, number>();
await Promise.all(Array.from({ length: availableParallelism() }, drain));
if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
for (const { family, at, fault } of tally.faults)
  console.log(
    `FAULT ${family} ${at} (--family "${family}" --first ${at} --cases 1 --seed ${values.seed})\n  ${fault.slice(0, 2000)}`,
  );
for (const [name, cases] of byFamily) console.log(`${name}: ${cases} cases`);
console.log(`${tally.cases} cases, ${tally.faults.length} faults`);
process.exitCode = tally.faults.length === 0 ? 0 : 1;

async function drain(): Promise<void> {
  for (let own = queue.shift(); own; own = queue.shift()) {
    const done = await runStretch(own);
    // What a dead process left over goes on behind the case that it died of.
    if (done < own.count) queue.unshift({ ...own, first: own.first + done, count: own.count - done });
  }
}

/** @returns how many cases of the stretch are dealt with */
function runStretch({ family, first, count }: Stretch): Promise<number> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "test/fuzz/run.ts", family, `${first}`, `${count}`, values.seed],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let done = 0;
  let at: number | undefined;
  let complaint = "";
  let timer = setTimeout(() => child.kill("SIGKILL"), silentMs);
  child.stderr.on("data", (text: Buffer) => {
    complaint = (complaint + text.toString()).slice(-500);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill("SIGKILL"), silentMs);
    const said = JSON.parse(line) as { begun?: number; ended?: number; fault?: string };
    if (said.begun !== undefined) at = said.begun;
    if (said.ended === undefined) return;
    at = undefined;
    done++;
    count1(family);
    if (said.fault) tally.faults.push({ family, at: said.ended, fault: said.fault });
  });
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (done === count) return resolve(done);
      const how =
        signal === "SIGKILL"
          ? `hung for ${silentMs / 1000} s or was killed`
          : `died with ${signal ?? code}: ${complaint}`;
      tally.faults.push({ family, at: at ?? first + done, fault: how });
      count1(family);
      resolve(done + 1);
    });
  });
}

function count1(family: string): void {
  tally.cases++;
  byFamily.set(family, (byFamily.get(family) ?? 0) + 1);
  if (process.stderr.isTTY && tally.cases % 20 === 0)
    process.stderr.write(`\r${tally.cases} of ${total} cases, ${tally.faults.length} faults`);
}
