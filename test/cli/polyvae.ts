/**
 * @file The command line run in this process, as main.ts runs it. In: arguments. Out: exit status and what was printed. And a small
 * data set of real files: pictures, words, numbers, holes.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, vi } from "vitest";
import { run } from "../../src/cli/run.ts";
import { encodePng } from "../../src/data/node/media-decoder.ts";

export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder in which the tests of a file run, cache and all; gone afterwards. */
export function inTestFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "polyvae-cli-"));
  const before = process.cwd();
  beforeAll(() => {
    vi.stubEnv("POLYVAE_CACHE", join(folder, ".cache"));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(before);
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

export async function polyvae(...args: readonly string[]): Promise<Finished> {
  const said = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      said[name] += String(text);
      return true;
    }),
  );
  try {
    const status = await run(args);
    return { status, ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const colours = ["red", "green", "blue"] as const;

/** Rows of `things.csv`: price follows the colour; row 10 has no price, row 11 no photo, row 12 no colour. */
export async function writeThings(folder: string, rows = 60): Promise<string> {
  mkdirSync(join(folder, "png"), { recursive: true });
  const lines = ["id,photo,name,price,colour,sold"];
  for (let i = 1; i <= rows; i++) {
    const shade = i % 3;
    const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, (_, p) => (p % 3 === shade ? 220 : 20 + ((i * p) % 40)));
    writeFileSync(join(folder, "png", `${i}.png`), await encodePng({ width: 8, height: 8, channels: 3, pixels }));
    const colour = i === 12 ? "" : colours[shade]!;
    const price = i === 10 ? "" : (10 * (shade + 1) + ((i * 7) % 10) / 10).toFixed(2);
    lines.push(
      `${i},${i === 11 ? "" : `png/${i}.png`},a ${colours[shade]!} thing,${price},${colour},2024-01-0${1 + (i % 9)}`,
    );
  }
  const path = join(folder, "things.csv");
  writeFileSync(path, `${lines.join("\n")}\n`);
  writeFileSync(join(folder, "polyvae.yaml"), "columns:\n  name: text\n  sold: ignored\n");
  return path;
}
