/** @file Columns of vectors, in cells and in .npy files, through every command. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "../../src/data/npy.ts";
import { readVector } from "../../src/data/vectors.ts";
import { random } from "../../src/engine/random.ts";
import { inTestFolder, polyvae } from "./polyvae.ts";

const folder = inTestFolder();
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { status, stdout, stderr } = await polyvae(...args, "--json");
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};

const colours = ["red", "green", "blue"];
/** Column `spot` is about (3, 0, 0), (0, 3, 0) or (0, 0, 3) by colour; `look` the same direction, of length 1, in a file. */
beforeAll(async () => {
  const rng = random(2, "vectors");
  mkdirSync(join(folder, "look"));
  const lines = ["id,spot,look,colour"];
  for (let i = 1; i <= 90; i++) {
    const near = (size: number) => [0, 1, 2].map((d) => (d === i % 3 ? size : 0) + 0.1 * rng.normal());
    const look = near(1);
    const length = Math.hypot(...look);
    const values = Float32Array.from(look, (x) => x / length);
    writeFileSync(join(folder, "look", `${i}.npy`), writeNpy({ shape: [3], values }));
    const spot = i === 5 ? "[1, 2]" : i === 6 ? "" : JSON.stringify(near(3));
    lines.push(`${i},"${spot}",${i === 7 ? "look/none.npy" : `look/${i}.npy`},${colours[i % 3]!}`);
  }
  writeFileSync(join(folder, "spots.csv"), `${lines.join("\n")}\n`);
  const { status, stderr } = await polyvae(
    ...["train", "spots.csv", "-o", "m.polyvae", "--epochs", "60", "--set", "latent=4"],
  );
  expect(status, stderr).toBe(0);
  expect(stderr).toMatch(/row 5, column "spot": the vector holds 2 numbers, the model expects 3; treated as missing/);
  expect(stderr).toMatch(/row 7, column "look": there is no file .*none\.npy; treated as missing/);
});

const largest = (vector: readonly number[]) => vector.indexOf(Math.max(...vector));

describe("columns of vectors", () => {
  it("are found and said to be learnt", async () => {
    const { columns, wouldLearn } = await json("inspect", "spots.csv");
    expect(columns).toMatchObject([
      {},
      { name: "spot", kind: "vector" },
      { name: "look", kind: "vector", missing: 1 },
      {},
    ]);
    expect(wouldLearn).toMatchObject([
      { modality: "spot", kind: "vector" },
      { modality: "look" },
      { modality: "table" },
    ]);
  });

  it("answer and are given as text and as files", async () => {
    const text = await json("translate", "m.polyvae", "--given", "colour=green", "--to", "spot");
    expect(largest((text.values as number[][])[0]!)).toBe(1);
    const shown = await polyvae("translate", "m.polyvae", "--given", "spot=[0.1 0 2.9]", "--to", "colour");
    expect(shown.stdout.trim()).toBe("red blue green".split(" ")[1]);
    const file = await json("translate", "m.polyvae", "--given", "look=look/4.npy", "--to", "look", "-o", "out");
    const { values } = readNpy(readFileSync((file.values as string[])[0]!));
    expect(largest([...values])).toBe(1);
    expect(Math.hypot(...values)).toBeCloseTo(1, 4);
    const refused = await polyvae("translate", "m.polyvae", "--given", "spot=1 2", "--to", "colour");
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toMatch(/the vector holds 2 numbers, the model expects 3/);
  });

  it("are evaluated, encoded, indexed, searched and reported", async () => {
    const metrics = await json("evaluate", "m.polyvae", "spots.csv", "--split", "all", "--report", "r.html");
    const { reconstruction } = metrics as { reconstruction: Record<string, { error: number; baseline: number }> };
    expect(reconstruction.spot!.error).toBeLessThan(0.5 * reconstruction.spot!.baseline);
    expect(reconstruction.look!.error).toBeLessThan(0.5 * reconstruction.look!.baseline);
    await json("encode", "m.polyvae", "spots.csv", "-o", "z.parquet");
    await json("index", "m.polyvae", "spots.csv", "-o", "store");
    const { hits } = (await json("search", "store", "--given", "look=[0, 0, 1]", "-k", "5")) as {
      hits: { columns: { colour: string } }[];
    };
    expect(hits.map(({ columns }) => columns.colour)).toEqual(Array(5).fill("blue"));
  });

  it("are imputed as text, and generated as files that can be read again", async () => {
    await json("impute", "m.polyvae", "spots.csv", "-o", "filled.csv");
    const lines = readFileSync("filled.csv", "utf8").split("\n");
    const [, cell] = /^6,"([^"]+)"/.exec(lines[6]!)!;
    expect(largest([...readVector(cell!)!])).toBe(0);
    await json("generate", "m.polyvae", "-n", "4", "-o", "made");
    const made = readFileSync("made/generated.csv", "utf8");
    expect(made).toMatch(/^spot,look,colour\nspot-1\.npy,look-1\.npy,/);
    expect(existsSync("made/look-4.npy")).toBe(true);
  });
});
