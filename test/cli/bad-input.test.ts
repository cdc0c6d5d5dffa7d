/** @file Hostile and mistaken input: refused in one clear line with nothing half-written, or listed while the rest goes on. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { csvOf, wavOf } from "../../src/data/node/testing/files.ts";
import { inTestFolder, polyvae, writeThings } from "./polyvae.ts";

const folder = inTestFolder();
const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content);
const everything = () =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => !name.startsWith(".cache")).sort();

beforeAll(async () => {
  await writeThings(folder);
  const { status, stderr } = await polyvae("train", "things.csv", "-o", "m.polyvae", "--epochs", "2", "--quiet");
  expect(status, stderr).toBe(0);
  // Found beside every file here, it would not fit the others.
  rmSync(join(folder, "polyvae.yaml"));
  mkdirSync(join(folder, "with-config"));
  write("with-config/polyvae.yaml", "columns:\n  name: text\n");
  write("with-config/other.csv", `a,b\n${"1,x\n".repeat(30)}`);
  const model = readFileSync(join(folder, "m.polyvae"));
  write("half.polyvae", model.subarray(0, model.length / 2));
  const flipped = Buffer.from(model);
  flipped[Math.floor(model.length / 3)]! ^= 0x55;
  write("flip.polyvae", flipped);
  write("x.polyvae", "not a model");
  write("empty.csv", "");
  write("header.csv", "a,b\n");
  write("one.csv", "a,b\n1,2\n");
  write("few.csv", `a,b\n${"1.5,2.5\n2,1\n".repeat(6)}`);
  write("dup.csv", "a,a\n1,2\n3,4\n");
  write("same.csv", `a,b\n${"1,x\n".repeat(30)}`);
  write(
    "noise.csv",
    Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919) >> 3),
  );
  write("fake.png", "hello");
  write("silent.wav", wavOf(440, 0));
  for (let i = 0; i < 40; i++) write(`${i}.wav`, wavOf(300 + 10 * i, 0.2));
  write(
    "sounds.csv",
    csvOf(40, { id: (i) => i, sound: (i) => (i === 6 ? "silent.wav" : `${i}.wav`), k: (i) => i % 17 }),
  );
  const trained = await polyvae("train", "sounds.csv", "-o", "sounds.polyvae", "--epochs", "1", "--quiet");
  expect(trained.status, trained.stderr).toBe(0);
  write("bad.yaml", "latnt: 8\n");
  write("broken.yaml", "columns: [\n");
  mkdirSync(join(folder, "folder"));
});

/** name, what the message must say, exit status, command line */
const refused: readonly (readonly [string, RegExp, 1 | 2, string])[] = [
  ["a data file that is not there", /nothing\.csv: there is no such file/, 1, "train nothing.csv -o n.polyvae"],
  ["an empty file", /empty\.csv: the file is empty/, 1, "train empty.csv -o n.polyvae"],
  ["a header alone", /header\.csv: expected rows/, 1, "train header.csv -o n.polyvae"],
  ["one row", /one\.csv: expected at least/, 1, "train one.csv -o n.polyvae"],
  ["fewer than 20 rows", /few\.csv: expected at least 20 (usable )?rows, found 12/, 1, "train few.csv -o n.polyvae"],
  ["no usable column", /same\.csv: expected at least one usable column/, 1, "train same.csv -o n.polyvae"],
  ["duplicate columns", /dup\.csv: .* "a" more than once/, 1, "train dup.csv -o n.polyvae"],
  ["binary noise", /noise\.csv: .*binary/, 1, "train noise.csv -o n.polyvae"],
  [
    "an output folder that is not there",
    /no\/such\/n\.polyvae: there is no folder .*mkdir/,
    1,
    "train things.csv -o no/such/n.polyvae",
  ],
  ["a folder as model", /folder: it is a folder/, 1, "train things.csv -o folder"],
  ["the data as output", /things\.csv: the command reads that very file/, 1, "train things.csv -o ./things.csv"],
  ["a full disk", /\/dev\/full: the disk is full/, 1, "train things.csv -o /dev/full --epochs 1"],
  ["an unknown command", /unknown command 'frobnicate'/, 2, "frobnicate"],
  ["no command", /expected a command; `polyvae --help`/, 2, ""],
  ["an unknown option", /unknown option '--frobnicate'/, 2, "train things.csv --frobnicate -o n.polyvae"],
  ["no output", /required option '-o, --out <model>'/, 2, "train things.csv"],
  [
    "an option that is no number",
    /--epochs many: expected a whole number of at least 1/,
    2,
    "train things.csv -o n.polyvae --epochs many",
  ],
  ["an unknown config key", /no key "latnt"; did you mean "latent"/, 1, "train things.csv -o n.polyvae --set latnt=8"],
  [
    "an unknown key in a file",
    /bad\.yaml: there is no key "latnt"/,
    1,
    "train things.csv -o n.polyvae --config bad.yaml",
  ],
  [
    "a config found beside another file",
    /"name", a column of the config.*with-config\/polyvae\.yaml.* --no-config/,
    1,
    "inspect with-config/other.csv",
  ],
  [
    "a config that is not YAML",
    /broken\.yaml: it is neither YAML nor JSON/,
    1,
    "inspect things.csv --config broken.yaml",
  ],
  ["an unknown label", /"colr", the label, .* Did you mean "colour"/, 1, "inspect things.csv --label colr"],
  ["a file that is no model", /x\.polyvae: it is not a polyvae model/, 1, "evaluate x.polyvae things.csv"],
  ["half a model", /half\.polyvae: it is cut short or altered; restore it/, 1, "evaluate half.polyvae things.csv"],
  ["a flipped byte", /flip\.polyvae: it is cut short or altered/, 1, "generate flip.polyvae -n 1 -o made"],
  [
    "a model that is not there",
    /gone\.polyvae: there is no such file/,
    1,
    "impute gone.polyvae things.csv -o filled.csv",
  ],
  [
    "other data",
    /dup2\.csv: expected at least one of the columns that the model learnt/,
    1,
    "impute m.polyvae dup2.csv -o filled.csv",
  ],
  [
    "an unknown column",
    /"size" .* the model knows "photo", "name", "price", "colour"/,
    1,
    "translate m.polyvae --given size=5 --to photo -o made",
  ],
  ["an unknown target", /"smell": the model knows/, 1, "translate m.polyvae --given price=5 --to smell -o made"],
  ["a picture that is not there", /none\.png/, 1, "translate m.polyvae --given photo=none.png --to name"],
  [
    "a text as picture",
    /Cannot decode media: fake\.png is not an image in a known format\. Replace the file/,
    1,
    "translate m.polyvae --given photo=fake.png --to name",
  ],
  [
    "a text as sound",
    /Cannot decode media: fake\.png is not a sound in a known format\. Replace the file/,
    1,
    "translate sounds.polyvae --given sound=fake.png --to k",
  ],
  [
    "a picture as sound",
    /png\/1\.png is a png file, expected a sound/,
    1,
    "translate sounds.polyvae --given sound=png/1.png --to k",
  ],
  [
    "a sound of no samples",
    /silent\.wav has no samples/,
    1,
    "translate sounds.polyvae --given sound=silent.wav --to k",
  ],
  ["a word as number", /price=dear: expected a number/, 1, "translate m.polyvae --given price=dear --to name"],
  ["a category never seen", /"violet" was never seen/, 1, "translate m.polyvae --given colour=violet --to name"],
  ["evidence without a value", /--given red: expected NAME=VALUE/, 2, "translate m.polyvae --given red --to name"],
  ["no evidence", /say --given COLUMN=VALUE/, 2, "translate m.polyvae --to name"],
  [
    "pictures without a place",
    /"photo" is answered with files: .* -o DIR/,
    2,
    "translate m.polyvae --given price=5 --to photo",
  ],
  ["a file as folder", /fake\.png: it is a file/, 1, "generate m.polyvae -o fake.png"],
  ["an unknown format", /z\.txt: expected a name that ends in \.parquet/, 2, "encode m.polyvae things.csv -o z.txt"],
  ["a store that is not there", /nowhere: there is no such folder/, 1, "search nowhere --given price=5"],
  ["a folder that is no store", /folder: it holds no vector store/, 1, "search folder --given price=5"],
];

describe("refused, in one line, nothing written", () => {
  beforeAll(() => write("dup2.csv", "p,q\n1,2\n3,4\n"));

  it.each(refused)("%s", async (_name, message, status, line) => {
    const before = everything();
    const found = await polyvae(...line.split(" ").filter(Boolean));
    const said = found.stderr.split("\n").filter((text) => text.startsWith("polyvae: "));
    expect(said, found.stderr).toHaveLength(1);
    expect(said[0]).toMatch(message);
    expect(found.status).toBe(status);
    expect(found.stderr).not.toMatch(/^\s+at /m);
    expect(found.stdout).toBe("");
    expect(everything()).toEqual(before);
  });

  it("a disk that fills up while the model is written", async ({ skip }) => {
    const disk = join(folder, "disk");
    mkdirSync(disk);
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).status !== 0)
      skip("this user may not mount a small disk");
    try {
      const { status, stderr } = await polyvae("train", "things.csv", "-o", "disk/n.polyvae", "--epochs", "1");
      expect(stderr).toMatch(/^polyvae: Cannot write disk\/n\.polyvae: the disk is full/m);
      expect([status, readdirSync(disk)]).toEqual([1, []]);
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});

describe("listed, and the rest goes on", () => {
  it("holes, odd numbers, broken media, an empty row", async () => {
    const rows = Array.from({ length: 60 }, (_, i) => {
      const odd: Record<number, string> = { 7: "NaN", 8: "Infinity", 9: "1e300" };
      const photo: Record<number, string> = { 3: "fake.png", 4: "gone.png" };
      return [
        i,
        Math.sin(i).toFixed(3),
        ["red", "green"][i % 2],
        "",
        odd[i] ?? i % 17,
        photo[i] ?? `png/${1 + i}.png`,
      ].join(",");
    });
    rows[20] = "20,,,,,";
    write("messy.csv", `id,x,colour,hole,k,photo\n${rows.join("\n")}\n`);
    const { status, stdout, stderr } = await polyvae("inspect", "messy.csv", "--json");
    expect(status, stderr).toBe(0);
    const { issues } = JSON.parse(stdout) as { issues: { code: string; column?: string; row?: number }[] };
    const found = issues.map(({ code, column, row }) =>
      [code, column, row].filter((part) => part !== undefined).join(" "),
    );
    const expected = ["column-empty hole", "number-not-finite k 9", "number-not-finite k 10"];
    expected.push("media-undecodable photo 4", "media-absent photo 5", "row-empty 21");
    expect(found.sort()).toEqual(expected.sort());
    const trained = await polyvae("train", "messy.csv", "-o", "messy.polyvae", "--epochs", "2");
    expect(trained.status, trained.stderr).toBe(0);
    expect(trained.stderr).toMatch(/6 issues in the data[\s\S]*row 4, column "photo"/);
    expect(existsSync(join(folder, "messy.polyvae"))).toBe(true);
  });

  it("a sound of no samples", async () => {
    const { status, stdout, stderr } = await polyvae("encode", "sounds.polyvae", "sounds.csv", "-o", "z.csv", "--json");
    expect(status, stderr).toBe(0);
    const { issues } = JSON.parse(stdout) as { issues: { message: string }[] };
    expect(issues.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^row 7, column "sound": \S+silent\.wav has no samples; treated as missing$/),
    ]);
  });

  it("a picture of 10,000 pixels", async () => {
    const big = sharp({ create: { width: 10_000, height: 40, channels: 3, background: "red" } });
    write("big.png", await big.png().toBuffer());
    write("big.csv", csvOf(40, { photo: (i) => (i === 2 ? "big.png" : `png/${i + 1}.png`), x: (i) => i / 7 }));
    const { status, stderr } = await polyvae("train", "big.csv", "-o", "big.polyvae", "--epochs", "1");
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/row 3, column "photo": \S+big\.png has 10000 x 40 pixels; used, but slow to decode/);
  });

  it("categories never seen in training, by every command that reads data with a model", async () => {
    const lines = readFileSync(join(folder, "things.csv"), "utf8").split("\n").slice(0, 31);
    write("new.csv", lines.join("\n").replaceAll(",green,", ",violet,"));
    const violet = lines.slice(1).flatMap((line, i) => (line.includes(",green,") ? [i + 1] : []));
    for (const line of [
      "evaluate m.polyvae new.csv --quiet --report new.html",
      "encode m.polyvae new.csv -o new.parquet",
      "index m.polyvae new.csv -o new-store",
      "impute m.polyvae new.csv -o new-filled.csv",
    ]) {
      const { status, stdout, stderr } = await polyvae(...line.split(" "));
      expect(status, stderr).toBe(0);
      expect(stdout).not.toMatch(/NaN|undefined/);
      if (line.startsWith("evaluate")) {
        expect(stdout).toMatch(/^30 all rows$/m);
        continue;
      }
      expect(stderr).toMatch(new RegExp(`^${violet.length} issues in the data`, "m"));
      for (const row of violet.slice(0, 10))
        expect(stderr).toContain(`row ${row}, column "colour": "violet" was never seen in training`);
    }
    expect(readFileSync(join(folder, "new.html"), "utf8")).toMatch(/was never seen in training/);
    const judged = await polyvae("evaluate", "m.polyvae", "new.csv", "--json", "--quiet");
    expect((JSON.parse(judged.stdout) as { issues: unknown[] }).issues).toHaveLength(violet.length);
  });
});
