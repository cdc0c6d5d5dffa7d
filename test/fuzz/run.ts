/**
 * @file Runs one stretch of fuzz cases in this process and writes a line of JSON for each: begun, and ended. In: family, first
 * case, count, seed as arguments. Out: lines on stdout; main.ts sees by them what a crash or a hang was at.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { random } from "../../src/engine/random.ts";
import { families } from "./families.ts";

const [name, first, count, seed] = process.argv.slice(2);
const family = families.find((one) => one.name === name);
if (!family) throw new Error(`There is no family of cases "${name}".`);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

for (let at = Number(first); at < Number(first) + Number(count); at++) {
  const folder = mkdtempSync(join(tmpdir(), "polyvae-fuzz-"));
  say({ begun: at });
  let fault: string | undefined;
  try {
    fault = await family.run(random(Number(seed), `${family.name} ${at}`), folder);
  } catch (error) {
    fault = `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
  rmSync(folder, { recursive: true, force: true });
  say({ ended: at, ...(fault !== undefined && { fault }) });
}
