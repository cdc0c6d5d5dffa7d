import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { smallParts } from "../testing/small-parts.ts";
import { loadModel, saveModel } from "./model-file.ts";
import { replaceFile, writeWhole } from "./write-file.ts";

const folder = mkdtempSync(join(tmpdir(), "polyvae-model-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("model files", () => {
  it("come back from disk, and nothing is left beside them", async () => {
    const place = join(folder, "good");
    mkdirSync(place);
    await saveModel(join(place, "m.polyvae"), smallParts());
    await saveModel(join(place, "m.polyvae"), smallParts());
    expect(readdirSync(place)).toEqual(["m.polyvae"]);
    expect(await loadModel(join(place, "m.polyvae"))).toEqual(smallParts());
  });

  it("are refused by name where they are not", async () => {
    await expect(loadModel(join(folder, "gone.polyvae"))).rejects.toThrow(/gone\.polyvae: there is no such file/);
    await expect(loadModel(folder)).rejects.toThrow(/is a folder/);
    await expect(saveModel(join(folder, "no", "such", "m.polyvae"), smallParts())).rejects.toThrow(
      /no\/such\/m\.polyvae: its folder does not exist/,
    );
  });
});

describe("writing a file whole or not at all", () => {
  it("keeps what was there when writing fails", async () => {
    const path = join(folder, "kept.txt");
    writeFileSync(path, "before");
    const failing = replaceFile(path, (temporary) => {
      writeFileSync(temporary, "half");
      return Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" }));
    });
    await expect(failing).rejects.toThrow(/kept\.txt: the disk is full/);
    expect(readFileSync(path, "utf8")).toBe("before");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it.skipIf(!existsSync("/dev/full"))("says that a disk is full, and never replaces a device", async () => {
    await expect(writeWhole("/dev/full", "much")).rejects.toThrow(/\/dev\/full: the disk is full/);
    expect(existsSync("/dev/full")).toBe(true);
  });

  it("names a disk that fills up while writing", async ({ skip }) => {
    const mount = join(folder, "small-disk");
    mkdirSync(mount);
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", mount]);
    if (status !== 0) skip("this user may not mount a small disk");
    try {
      await expect(writeWhole(join(mount, "big"), new Uint8Array(1 << 20))).rejects.toThrow(/the disk is full/);
      expect(readdirSync(mount)).toEqual([]);
    } finally {
      spawnSync("umount", [mount]);
    }
  });
});
