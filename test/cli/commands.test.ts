/** @file Every command on real files, end to end. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { beforeAll, describe, expect, it } from "vitest";
import { inTestFolder, polyvae, writeThings } from "./polyvae.ts";

const folder = inTestFolder();
const run = polyvae;
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { status, stdout, stderr } = await run(...args, "--json");
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};

beforeAll(async () => {
  await writeThings(folder);
  const { status, stdout, stderr } = await run(
    "train",
    "things.csv",
    "-o",
    "m.polyvae",
    "--epochs",
    "2",
    "--set",
    "latent=4",
    "--seed",
    "3",
  );
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/Saved m\.polyvae\n.*latent space of 4 numbers over photo, name, table/);
  // Progress, the config found beside the data and notes go to stderr.
  expect(stderr).toMatch(/Config: polyvae\.yaml/);
  expect(stderr).toMatch(/epoch 1\/2/);
});

describe("inspect", () => {
  it("describes a data set, as text and as JSON", async () => {
    const found = await json("inspect", "things.csv");
    expect(found).toMatchObject({ rows: 60, refusal: null });
    const { stdout, stderr } = await run("inspect", "things.csv", "--quiet");
    expect(stdout).toMatch(/photo +image +feature/);
    expect(stderr).toBe("");
  });
});

describe("train", () => {
  it("prints one JSON document, and the same model for the same seed", async () => {
    const again = await json(
      "train",
      "things.csv",
      "-o",
      "again.polyvae",
      "--epochs",
      "2",
      "--set",
      "latent=4",
      "--seed",
      "3",
    );
    expect(again).toMatchObject({ model: "again.polyvae", config: { latent: 4 }, training: { epochs: 2, seed: 3 } });
    const first = await json("translate", "m.polyvae", "--given", "colour=red", "--to", "price");
    expect(await json("translate", "again.polyvae", "--given", "colour=red", "--to", "price")).toEqual(first);
  });
});

describe("evaluate", () => {
  it("judges the test rows of its own file and every row of another, and draws a report", async () => {
    const own = await json("evaluate", "m.polyvae", "things.csv", "--label", "colour", "--report", "r.html");
    expect(own).toMatchObject({ split: "test", label: "colour", training: { epochs: 2 } });
    expect(own.rows).toBeLessThan(20);
    expect(readFileSync(join(folder, "r.html"), "utf8")).toMatch(/^<!doctype html>/i);
    const lines = readFileSync(join(folder, "things.csv"), "utf8").split("\n");
    writeFileSync(join(folder, "others.csv"), lines.slice(0, 31).join("\n").replaceAll("green", "violet"));
    const { status, stdout, stderr } = await run("evaluate", "m.polyvae", "others.csv");
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^30 all rows$/m);
    expect(stderr).toMatch(/"violet" was never seen in training/);
  });
});

describe("translate", () => {
  it("prints text and values, and writes pictures", async () => {
    const [word] = (await json("translate", "m.polyvae", "--given", "photo=png/1.png", "--to", "name"))
      .values as string[];
    expect(typeof word).toBe("string");
    const table = await json("translate", "m.polyvae", "--given", "name=a red thing", "--to", "table", "-n", "2");
    expect(table).toEqual({
      to: "table",
      values: [
        { price: expect.any(Number) as number, colour: expect.any(String) as string },
        { price: expect.any(Number) as number, colour: expect.any(String) as string },
      ],
    });
    const pictures = await json(
      "translate",
      "m.polyvae",
      "--given",
      "price=12.5",
      "--to",
      "photo",
      "-n",
      "2",
      "-o",
      "pictures",
    );
    expect(pictures.values).toEqual([join("pictures", "photo-1.png"), join("pictures", "photo-2.png")]);
    expect(
      readFileSync(join(folder, "pictures", "photo-2.png"))
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
  });
});

describe("generate", () => {
  it("makes rows whose media lie beside their table", async () => {
    await json("generate", "m.polyvae", "-n", "2", "-o", "made");
    expect(readdirSync(join(folder, "made")).sort()).toEqual(["generated.csv", "photo-1.png", "photo-2.png"]);
    const [header, first] = readFileSync(join(folder, "made", "generated.csv"), "utf8").split("\n");
    expect(header).toBe("photo,name,price,colour");
    expect(first).toMatch(/^photo-1\.png,/);
    expect(await json("inspect", "made/generated.csv")).toMatchObject({ rows: 2 });
  });
});

describe("encode", () => {
  it("writes a Gaussian for each row", async () => {
    expect(await json("encode", "m.polyvae", "things.csv", "-o", "z.parquet")).toMatchObject({ rows: 60, latent: 4 });
    await json("encode", "m.polyvae", "things.csv", "-o", "z.csv");
    const connection = await (await DuckDBInstance.create()).connect();
    const query = `SELECT count(*)::INT, min(variance_3) > 0, min(key)::INT, count(DISTINCT split)::INT, bool_and(p.z_0 = c.z_0::FLOAT)
      FROM '${folder}/z.parquet' p JOIN (SELECT key::VARCHAR AS key, z_0 FROM '${folder}/z.csv') c USING (key)`;
    expect((await connection.runAndReadAll(query)).getRows()).toEqual([[60, true, 1, 3, true]]);
    connection.closeSync();
  });
});

describe("index and search", () => {
  it("build a store, extend it, and find rows in it", async () => {
    expect(await json("index", "m.polyvae", "things.csv", "-o", "store")).toMatchObject({ written: 60, rows: 60 });
    const lines = readFileSync(join(folder, "things.csv"), "utf8").split("\n");
    writeFileSync(join(folder, "more.csv"), [...lines.slice(0, 3), "61,,a blue thing,30.5,blue,"].join("\n"));
    expect(await json("index", "m.polyvae", "more.csv", "-o", "store")).toMatchObject({ written: 3, rows: 61 });
    const { hits } = await json(
      "search",
      "store",
      "--given",
      "colour=blue",
      "-k",
      "3",
      "--where",
      "price > 29 AND id != '5'",
    );
    expect(hits).toHaveLength(3);
    for (const { columns } of hits as { columns: { price: number } }[]) expect(columns.price).toBeGreaterThan(29);
    const { stdout } = await run("search", "store", "--given", "photo=png/4.png");
    expect(stdout.split("\n")[0]).toMatch(/^distance +key +id +photo +name +price +colour +sold$/);
    expect((await run("search", "store", "--given", "price=10", "--where", "prise < 5")).stderr).toMatch(
      /Did you mean "price"/,
    );
    await json("train", "things.csv", "-o", "other.polyvae", "--epochs", "1");
    const refused = await run("index", "other.polyvae", "things.csv", "-o", "store");
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(/made with another model/)]);
  });
});

describe("impute", () => {
  it("fills table and text, keeps everything else as it was, and says how sure it is", async () => {
    const result = await json("impute", "m.polyvae", "things.csv", "-o", "filled.csv");
    expect(result).toMatchObject({
      rows: 60,
      filled: { name: 0, price: 1, colour: 1 },
      intervals: "filled.intervals.csv",
    });
    const before = readFileSync(join(folder, "things.csv"), "utf8").split("\n");
    const after = readFileSync(join(folder, "filled.csv"), "utf8").split("\n");
    expect(after.filter((_, i) => i !== 10 && i !== 12)).toEqual(before.filter((_, i) => i !== 10 && i !== 12));
    expect(after[10]).toMatch(/^10,png\/10\.png,a green thing,\d+(\.\d+)?,green,2024-01-02$/);
    expect(after[12]).toMatch(/^12,png\/12\.png,a red thing,\S+,(red|green|blue),2024-01-04$/);
    const sure = readFileSync(join(folder, "filled.intervals.csv"), "utf8").trim().split("\n");
    expect(sure[0]).toBe("row,key,column,value,low,high,probability");
    expect(sure[1]).toMatch(/^10,10,price,[-\d.]+,[-\d.]+,[-\d.]+,$/);
    expect(sure[2]).toMatch(/^12,12,colour,\w+,,,[\d.]+$/);
    await json("impute", "m.polyvae", "things.csv", "-o", "plain.csv", "--no-intervals");
    expect(existsSync(join(folder, "plain.intervals.csv"))).toBe(false);
  });

  it("leaves the bytes of media out", async () => {
    const connection = await (await DuckDBInstance.create()).connect();
    const things = `read_csv('${folder}/things.csv', all_varchar=true)`;
    const files = `(SELECT filename, content FROM read_blob('${folder}/png/*.png'))`;
    await connection.run(
      `COPY (SELECT t.* REPLACE (content AS photo) FROM ${things} t LEFT JOIN ${files} f ON f.filename = '${folder}/' || t.photo ORDER BY id::INT) TO '${folder}/bytes.parquet'`,
    );
    connection.closeSync();
    const { status, stderr } = await run("impute", "m.polyvae", "bytes.parquet", "-o", "bytes.csv");
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/"photo" holds bytes, which a CSV cannot/);
    const lines = readFileSync(join(folder, "bytes.csv"), "utf8").split("\n");
    expect(lines[0]).toBe("id,photo,name,price,colour,sold");
    expect(lines[10]).toMatch(/^10,,a green thing,\d+(\.\d+)?,green,2024-01-02$/);
  });

  it("writes to a pipe", async ({ skip }) => {
    if (spawnSync("mkfifo", [join(folder, "pipe")]).status !== 0) skip("there are no named pipes here");
    const reading = readFile(join(folder, "pipe"), "utf8");
    const { status, stderr } = await run(
      "impute",
      "m.polyvae",
      "things.csv",
      "-o",
      "pipe",
      "--no-intervals",
      "--quiet",
    );
    expect(status, stderr).toBe(0);
    expect(await reading).toBe(readFileSync(join(folder, "plain.csv"), "utf8"));
  });
});

describe("every command", () => {
  it("has help with an example", async () => {
    const { stdout } = await run("--help");
    const names = [...stdout.matchAll(/^ {2}(\w+) (?:\[options\]|<)/gm)].map(([, name]) => name!);
    expect(names).toEqual([
      "inspect",
      "train",
      "evaluate",
      "encode",
      "index",
      "search",
      "translate",
      "generate",
      "impute",
    ]);
    for (const name of names) {
      const help = await run(name, "--help");
      expect(help.status).toBe(0);
      expect(help.stdout).toMatch(new RegExp(`Example:\n  \\$ polyvae ${name} `));
      expect(help.stdout).toMatch(/--json/);
    }
  });
});
