/** @file Pictures and texts read through networks of the user's own, which the test makes, through every command. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { unpackModel } from "../../src/artifact/format/pack.ts";
import { lower } from "../../src/engine/onnx.ts";
import { add, gather, input, mul, parameter, reshape, sum } from "../../src/engine/ops.ts";
import { inTestFolder, polyvae, writeThings } from "./polyvae.ts";

const folder = inTestFolder();
const json = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { status, stdout, stderr } = await polyvae(...args, "--json");
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};
const refusal = async (...sets: string[]): Promise<string> => {
  const flags = sets.flatMap((set) => ["--set", set]);
  const { status, stderr } = await polyvae("train", "things.csv", "-o", "no.polyvae", ...flags);
  expect(status).toBe(1);
  return stderr;
};

/** The brightness of each channel, and of the upper half: [N, 3, 8, 8] → [N, 4]. */
function pictureNetwork(): Uint8Array {
  const pixels = input("pixels", ["batch", 3, 8, 8]);
  const flat = reshape(pixels, ["batch", 192]);
  const weight = Float32Array.from({ length: 192 * 4 }, (_, at) => {
    const [place, feature] = [Math.floor(at / 4), at % 4];
    return feature === Math.floor(place / 64) || (feature === 3 && place % 64 < 32) ? 1 / 64 : 0;
  });
  const product = parameter("weight", [192, 4], { kind: "constant", value: 0 });
  const features = sum(mul(reshape(flat, ["batch", 192, 1]), product), [1]);
  return lower({ features: add(features, 0.5) }, { stored: { weight } }).bytes;
}

/** One vector a token, from a table: int32 [N, 6] → [N, 6, 5]. */
function textNetwork(): Uint8Array {
  const ids = input("input_ids", ["batch", 6], "int32");
  const table = Float32Array.from({ length: 12 * 5 }, (_, at) => Math.sin(1 + at * at));
  const tokens = gather(parameter("table", [12, 5], { kind: "constant", value: 0 }), ids);
  return lower({ tokens: mul(tokens, 2) }, { stored: { table } }).bytes;
}

const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "green", "blue", "th", "##ing"];
const tokenizer = {
  version: "1.0",
  normalizer: {
    type: "BertNormalizer",
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] },
  model: { type: "WordPiece", unk_token: "[UNK]", vocab: Object.fromEntries(words.map((word, id) => [word, id])) },
};

const colourOf = (path: string): string => ["red", "green", "blue"][Number(/(\d+)\.png$/.exec(path)![1]) % 3]!;

beforeAll(async () => {
  await writeThings(folder, 150);
  writeFileSync("features.onnx", pictureNetwork());
  mkdirSync("nets");
  writeFileSync("nets/words.onnx", textNetwork());
  writeFileSync("nets/tokenizer.json", JSON.stringify(tokenizer));
  const { status, stderr, stdout } = await polyvae(
    ...["train", "things.csv", "-o", "m.polyvae", "--epochs", "100", "--set", "latent=4"],
    ...["--set", "photo.backbone=features.onnx", "--set", "photo.mean=0.5", "--set", "photo.likelihood=gaussian"],
    ...["--set", "name.backbone=nets/words.onnx", "--set", "name.backboneTokenizer=nets/tokenizer.json"],
  );
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/latent space of 4 numbers over photo, name, table/);
  // The model is one file: neither network nor pictures are needed again.
  rmSync("features.onnx");
  rmSync("nets", { recursive: true });
});

describe("a column that is read through a backbone", () => {
  it("keeps network and training items in the model", async () => {
    const { networks, galleries, record } = await unpackModel(readFileSync("m.polyvae"), "m.polyvae");
    expect(Object.keys(networks)).toContain("backbone-photo");
    expect(record.modalities).toMatchObject([
      { kind: "backbone", name: "photo", dimensions: 4, input: { layout: "nchw", width: 8, mean: [0.5, 0.5, 0.5] } },
      { kind: "backbone", name: "name", dimensions: 5, input: { source: "text", fixed: 6 } },
      { kind: "table" },
    ]);
    expect(galleries!.photo!.items.length).toBeGreaterThan(30);
    expect(galleries!.photo!.items[0]).toMatchObject({ value: { width: 8, height: 8, channels: 3 } });
    expect(galleries!.name!.items[0]!.value).toMatch(/^a \w+ thing$/);
  });

  it("is answered with training items, said plainly, and given as a file or text", async () => {
    const given = ["--given", "colour=green", "--to", "photo", "-n", "2", "-o", "out"];
    const answer = await json("translate", "m.polyvae", ...given);
    const [item] = answer.trainingItems as { key: string; path: string }[];
    expect(colourOf(item!.path)).toBe("green");
    const [written] = answer.values as string[];
    expect(readFileSync(written!)).toEqual(readFileSync(item!.path));
    const said = await polyvae("translate", "m.polyvae", ...given);
    expect(said.stderr).toMatch(
      /"photo" is read through a backbone: its answers are the nearest of \d+ training items/,
    );
    const word = await json("translate", "m.polyvae", "--given", "photo=png/3.png", "--to", "name");
    expect(word.values).toEqual([`a ${colourOf("3.png")} thing`]);
    const colour = await json("translate", "m.polyvae", "--given", "name=a blue thing", "--to", "colour");
    expect(colour.values).toEqual(["blue"]);
  });

  it("is evaluated, encoded, indexed, searched, generated and imputed", async () => {
    const metrics = await json("evaluate", "m.polyvae", "things.csv", "--split", "all", "--report", "r.html");
    const { reconstruction } = metrics as { reconstruction: Record<string, { error: number; baseline: number }> };
    expect(reconstruction.photo!.error).toBeLessThan(0.9 * reconstruction.photo!.baseline);
    await json("encode", "m.polyvae", "things.csv", "-o", "z.parquet");
    await json("index", "m.polyvae", "things.csv", "-o", "store");
    const { hits } = (await json("search", "store", "--given", "photo=png/5.png", "-k", "5")) as {
      hits: { columns: { name: string } }[];
    };
    expect(new Set(hits.map(({ columns }) => columns.name))).toEqual(new Set([`a ${colourOf("5.png")} thing`]));
    await json("generate", "m.polyvae", "-n", "3", "-o", "made");
    expect(existsSync("made/photo-3.png")).toBe(true);
    expect(readFileSync("made/generated.csv", "utf8")).toMatch(/photo-1\.png,a \w+ thing,/);
    await json("impute", "m.polyvae", "things.csv", "-o", "filled.csv");
    expect(readFileSync("filled.csv", "utf8").split("\n")[12]).toMatch(/^12,.*,a red thing,[\d.]+,red,/);
  });

  it("is answered from the model itself where the file has gone", async () => {
    rmSync(join(folder, "png"), { recursive: true });
    const answer = await json("translate", "m.polyvae", "--given", "colour=red", "--to", "photo", "-o", "kept");
    expect(existsSync((answer.values as string[])[0]!)).toBe(true);
    expect((answer.values as string[])[0]).toMatch(/photo-1\.png$/);
  });
});

describe("a backbone that does not fit", () => {
  it("is refused by name before anything is learnt", async () => {
    await writeThings(folder);
    writeFileSync("bad.onnx", "no network");
    writeFileSync("words.onnx", textNetwork());
    writeFileSync("good.onnx", pictureNetwork());
    writeFileSync("bpe.json", JSON.stringify({ model: { type: "BPE", vocab: {}, merges: [] } }));
    expect(await refusal("photo.backbone=none.onnx")).toMatch(
      /column "photo" through its backbone: there is no file .*none\.onnx/,
    );
    expect(await refusal("photo.backbone=bad.onnx")).toMatch(/bad\.onnx is no ONNX model that can be run/);
    expect(await refusal("photo.backbone=words.onnx")).toMatch(
      /expected one float32 or uint8 input of 4 axes for image, found input_ids: int32 \[\?, 6\]/,
    );
    expect(await refusal("photo.backbone=good.onnx", "photo.width=9")).toMatch(
      /expected width 8, as the network's input says, received 9/,
    );
    expect(await refusal("photo.backbone=good.onnx", "photo.output=nothing")).toMatch(
      /expected an output "nothing".* found features: float32 \[\?, 4\]/,
    );
    expect(await refusal("photo.backbone=good.onnx", "photo.colour=red")).toMatch(/options of column "photo"/);
    expect(await refusal("name.backbone=words.onnx")).toMatch(
      /a network that reads text needs its tokeniser.*backboneTokenizer/,
    );
    expect(await refusal("name.backbone=words.onnx", "name.backboneTokenizer=bpe.json")).toMatch(
      /tokenizer\.json of model WordPiece/,
    );
    expect(await refusal("price.backbone=good.onnx")).toMatch(/expected a column of image, audio, text, found/);
    expect(await refusal("phto.backbone=good.onnx")).toMatch(/Cannot find column "phto".*Did you mean "photo"/);
  });
});
