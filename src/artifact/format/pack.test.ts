import { unzipSync, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { smallParts } from "../testing/small-parts.ts";
import { ModelFileError } from "./model-file-error.ts";
import { packModel, unpackModel } from "./pack.ts";
import { sealArchive } from "./seal.ts";

const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const refusalOf = async (bytes: Uint8Array): Promise<string> => {
  try {
    await unpackModel(bytes, "x.polyvae");
  } catch (error) {
    expect(error).toBeInstanceOf(ModelFileError);
    return (error as Error).message;
  }
  return "";
};

describe("a model file", () => {
  it("gives back what was packed, under any modality name", async () => {
    for (const name of ["photo", "größe / it's *new* ..", "table"]) {
      const parts = smallParts(name);
      expect(await unpackModel(await packModel(parts), "x.polyvae")).toEqual(parts);
    }
  });

  it("has the same bytes for the same model", async () => {
    expect(await packModel(smallParts())).toEqual(await packModel(smallParts()));
  });

  it("is a zip that any tool opens, with readable JSON and plain networks", async () => {
    const entries = unzipSync(await packModel(smallParts("a/b")));
    expect(Object.keys(entries)).toEqual([
      "model.json",
      "decoder-a%2Fb.onnx",
      "encoder-a%2Fb.onnx",
      "weights.safetensors",
    ]);
    expect(JSON.parse(decode(entries["model.json"]))).toMatchObject({ formatVersion: 1, config: { latent: 2 } });
    expect(entries["encoder-a%2Fb.onnx"]).toEqual(smallParts("a/b").networks["encoder-a/b"]);
  });

  it("is refused with any single byte altered", async () => {
    const whole = await packModel(smallParts());
    for (let at = 0; at < whole.length; at++) {
      const altered = whole.slice();
      altered[at]! ^= 0x55;
      expect(await refusalOf(altered), `byte ${at}`).toMatch(/^Cannot open x\.polyvae: it is /);
    }
  });

  it("is refused when cut short anywhere, or with anything after it", async () => {
    const whole = await packModel(smallParts());
    for (let length = 0; length < whole.length; length++) {
      const found = await refusalOf(whole.subarray(0, length));
      expect(found, `length ${length}`).toMatch(
        length < 40 ? /is not a polyvae model/ : /cut short or altered; restore it/,
      );
    }
    expect(await refusalOf(Uint8Array.of(...whole, 0))).toMatch(/cut short or altered/);
  });

  it("says that another file is no model", async () => {
    expect(await refusalOf(new TextEncoder().encode("not a model"))).toMatch(/is not a polyvae model/);
    expect(await refusalOf(zipSync({ "sheet.xml": new Uint8Array(500) }))).toMatch(/is not a polyvae model/);
  });

  it("of a later form asks for a newer polyvae", async () => {
    expect(await refusalOf(await edited({ formatVersion: 2 }))).toMatch(/made by a newer polyvae .* Update polyvae/);
  });

  it("is checked even where the seal is right", async () => {
    expect(await refusalOf(await edited({ config: { latent: -1 } }))).toMatch(/config\.latent/);
    expect(await refusalOf(await edited({ modalities: [] }))).toMatch(/modalities/);
    const entries = unzipSync(await packModel(smallParts()));
    const { "model.json": _, ...others } = entries;
    expect(await refusalOf(await sealArchive(zipSync(others, { level: 0 })))).toMatch(/lacks model\.json/);
    expect(await refusalOf(await sealArchive(zipSync(entries)))).toMatch(/is compressed/);
    const noWeights = { ...entries, "weights.safetensors": new Uint8Array(3) };
    expect(await refusalOf(await sealArchive(zipSync(noWeights, { level: 0 })))).toMatch(/weights\.safetensors/);
  });
});

/** A small model whose model.json says otherwise, sealed as a whole one. */
async function edited(changes: object): Promise<Uint8Array> {
  const entries = unzipSync(await packModel(smallParts()));
  const json = { ...(JSON.parse(decode(entries["model.json"])) as object), ...changes };
  return sealArchive(
    zipSync({ ...entries, "model.json": new TextEncoder().encode(JSON.stringify(json)) }, { level: 0 }),
  );
}
