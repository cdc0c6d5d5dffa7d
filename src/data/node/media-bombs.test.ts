/** @file Files that claim to be huge, or become so: refused with what is wrong, or read no further than they are used. */
import { execFileSync } from "node:child_process";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { MediaError } from "../media.ts";
import type { MediaFile } from "../records.ts";
import { checkMedia } from "./media-check.ts";
import { nodeMediaDecoder as decoder, mediaFile } from "./media-decoder.ts";
import { pngOf, testFolder, wavOf } from "./testing/files.ts";
import { paletteTiff, waveFile } from "./testing/formats.ts";

const request = { media: "image", width: 8, height: 8, channels: 3, background: 0 } as const;
const faultOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (cause: unknown) => (cause instanceof MediaError ? cause.code : String(cause)),
  );
const edited = (bytes: Uint8Array, edit: (bytes: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes);
  edit(copy);
  return copy;
};
const black = () => pngOf(16, 16, { r: 0, g: 0, b: 0 });
const image = async (format: "gif" | "webp" | "jpeg", options = {}) =>
  sharp(await black())
    .toFormat(format, options)
    .toBuffer();

describe("pictures that claim to be huge", () => {
  it.each([
    [
      "PNG",
      async () =>
        edited(await black(), (b) => {
          b.writeUInt32BE(60_000, 16);
          b.writeUInt32BE(60_000, 20);
        }),
    ],
    [
      "PNG, interlaced, of a size that a plain one may have",
      async () =>
        edited(
          await sharp(await black())
            .png({ progressive: true })
            .toBuffer(),
          (b) => {
            b.writeUInt32BE(12_000, 16);
            b.writeUInt32BE(12_000, 20);
          },
        ),
    ],
    [
      "GIF",
      async () =>
        edited(await image("gif"), (b) => {
          b.writeUInt16LE(65_535, 6);
          b.writeUInt16LE(65_535, 8);
        }),
    ],
    [
      "WebP",
      async () =>
        edited(await image("webp"), (b) => {
          b.writeUInt16LE(16_383, 26);
          b.writeUInt16LE(16_383, 28);
        }),
    ],
    [
      "JPEG, progressive",
      async () =>
        edited(await image("jpeg", { progressive: true }), (b) => {
          const frame = b.indexOf(Buffer.from([0xff, 0xc2]));
          b.writeUInt16BE(65_000, frame + 5);
          b.writeUInt16BE(65_000, frame + 7);
        }),
    ],
  ])("%s", async (_, make) => {
    const file: MediaFile = { media: "image", path: "bomb", bytes: await make() };
    expect((await checkMedia([file]))[0]?.code).toBe("media-too-large");
    expect(await faultOf(decoder.image(file, request))).toBe("media-too-large");
  });

  it("TIFF, whose size its head does not tell", async () => {
    const bytes = edited(paletteTiff(16, [[0, 0, 0]]), (b) => {
      const directory = b.readUInt32LE(4) + 2;
      b.writeUInt32LE(60_000, directory + 8);
      b.writeUInt32LE(60_000, directory + 12 + 8);
    });
    const file: MediaFile = { media: "image", path: "bomb", bytes };
    expect(["media-too-large", "media-undecodable"]).toContain(await faultOf(decoder.image(file, request)));
  });
});

describe.skipIf(process.platform === "win32")("what is no file", () => {
  it("is refused without being waited for", async () => {
    const folder = testFolder();
    const pipe = `${folder.path}/pipe.png`;
    execFileSync("mkfifo", [pipe]);
    for (const path of [pipe, "/dev/zero", folder.path]) {
      expect(await faultOf(decoder.image({ media: "image", path }, request))).toBe("media-absent");
      expect(await faultOf(mediaFile(path))).toBe("media-absent");
    }
    folder.remove();
  });
});

describe("sounds that claim to be huge", () => {
  const at = { media: "sound", rate: 8000, maxSeconds: 2 } as const;
  const sizeAt = 40;

  it.each([2_000_000_000, 2 ** 31 - 1, 2 ** 31, 0xffff_fffe])("WAV of %i bytes in one thousand", async (claimed) => {
    const file: MediaFile = {
      media: "sound",
      path: "claim",
      bytes: edited(wavOf(440, 0.06), (b) => void b.writeUInt32LE(claimed, sizeAt)),
    };
    expect((await checkMedia([file]))[0]).toMatchObject({
      code: "media-undecodable",
      detail: expect.stringContaining(`announces ${claimed} bytes`) as string,
    });
    expect(await faultOf(decoder.sound(file, at))).toBe("media-undecodable");
    expect(await faultOf(decoder.probeSound(file))).toBe("media-undecodable");
  });

  it.each([0, 0xffff_ffff])(
    "WAV of a length that was not known, written as %i, is read to its end",
    async (written) => {
      const bytes = edited(wavOf(440, 0.06), (b) => void b.writeUInt32LE(written, sizeAt));
      const { samples } = await decoder.sound({ media: "sound", path: "piped", bytes }, at);
      expect(samples).toHaveLength(480);
    },
  );

  it("impossible rates and forms are refused", async () => {
    const broken = (at16: number, value: number) =>
      edited(wavOf(440, 0.06), (b) => void (at16 === 24 ? b.writeUInt32LE(value, 24) : b.writeUInt16LE(value, at16)));
    for (const bytes of [broken(24, 1), broken(24, 4_000_000_000), broken(22, 0), broken(32, 0), broken(34, 13)])
      expect(await faultOf(decoder.sound({ media: "sound", path: "broken", bytes }, at))).toBe("media-undecodable");
  });

  it("an hour is read no further than it is used", async () => {
    const bytes = waveFile(new Float32Array(8000 * 3600), 8000, "muLaw");
    const before = process.memoryUsage().arrayBuffers;
    const { samples } = await decoder.sound({ media: "sound", path: "hour", bytes }, at);
    expect(samples).toHaveLength(16_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8e6);
  });
});
