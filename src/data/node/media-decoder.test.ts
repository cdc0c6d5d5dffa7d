import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MediaError } from "../media.ts";
import type { Image, MediaFile } from "../records.ts";
import { encodeWav } from "../wav.ts";
import { checkMedia } from "./media-check.ts";
import { nodeMediaDecoder as decoder, encodePng, mediaFile } from "./media-decoder.ts";
import { pngOf, silentMp3, type TestFolder, testFolder, wavOf } from "./testing/files.ts";

let folder: TestFolder;
beforeAll(() => {
  folder = testFolder();
});
afterAll(() => folder.remove());

const picture = (bytes: Uint8Array): MediaFile => ({ media: "image", path: "picture", bytes });
const sound = (bytes: Uint8Array): MediaFile => ({ media: "sound", path: "sound", bytes });
const request = (width: number, height: number, channels: 1 | 3 | 4, background = 255) =>
  ({ media: "image", width, height, channels, background }) as const;
const pixel = ({ pixels, width, channels }: Image, x: number, y: number) => [
  ...pixels.subarray((y * width + x) * channels, (y * width + x + 1) * channels),
];
const wavPath = (name: string) =>
  fileURLToPath(new URL(`../../../examples/spoken-digits/speech/${name}`, import.meta.url));
function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
const faultOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (cause: unknown) => (cause instanceof MediaError ? cause.code : String(cause)),
  );

describe("images", () => {
  it("are fitted inside without distortion and centred on the background", async () => {
    const image = await decoder.image(picture(await pngOf(40, 20, { r: 200, g: 10, b: 30 })), request(16, 16, 3));
    expect(image).toMatchObject({ width: 16, height: 16, channels: 3 });
    expect(image.pixels).toHaveLength(16 * 16 * 3);
    expect([pixel(image, 8, 0), pixel(image, 8, 8), pixel(image, 8, 15)]).toEqual([
      [255, 255, 255],
      [200, 10, 30],
      [255, 255, 255],
    ]);
  });

  it("lay transparency on the background unless four channels are asked for", async () => {
    const file = picture(await pngOf(8, 8, { r: 200, g: 100, b: 50, alpha: 0.5 }));
    const [r, g, b] = pixel(await decoder.image(file, request(8, 8, 3, 0)), 4, 4);
    expect([r, g, b].map((value, i) => Math.abs(value! - [100, 50, 25][i]!) <= 1)).toEqual([true, true, true]);
    expect(pixel(await decoder.image(file, request(8, 8, 4)), 4, 4)).toEqual([200, 100, 50, 128]);
  });

  it("become grey, and grey becomes colour", async () => {
    const red = picture(await pngOf(8, 8, { r: 255, g: 0, b: 0 }));
    const grey = await decoder.image(red, request(8, 8, 1));
    expect(grey.channels).toBe(1);
    const [shade] = pixel(grey, 4, 4);
    expect(shade).toBeGreaterThan(40);
    expect(shade).toBeLessThan(140);
    const back = await decoder.image(picture(await encodePng(grey)), request(8, 8, 3));
    expect(pixel(back, 4, 4)).toEqual([shade, shade, shade]);
  });

  it("are read from sixteen bits, JPEG and with their orientation", async () => {
    const deep = await sharp(new Uint16Array(64).fill(32768), { raw: { width: 8, height: 8, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect(pixel(await decoder.image(picture(deep), request(8, 8, 1)), 4, 4)).toEqual([128]);
    const turned = await sharp({ create: { width: 40, height: 20, channels: 3, background: "red" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(await decoder.probeImage(picture(turned))).toEqual({ width: 20, height: 40, channels: 3 });
    const upright = await decoder.image(picture(turned), request(20, 40, 3));
    expect(pixel(upright, 10, 1)[0]).toBeGreaterThan(240);
  });

  it("go through PNG and back unchanged", async () => {
    for (const channels of [1, 3, 4] as const) {
      const pixels = Uint8Array.from({ length: 6 * 5 * channels }, (_, i) =>
        channels === 4 && i % 4 === 3 ? 255 : (i * 37) % 256,
      );
      const image: Image = { width: 6, height: 5, channels, pixels };
      expect(await decoder.image(picture(await encodePng(image)), request(6, 5, channels))).toEqual(image);
    }
  });

  it("of 10,000 x 10,000 pixels are shrunk while they are read, and remarked on", async () => {
    const big = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: "#c80a1e" } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const file: MediaFile = { media: "image", path: folder.write("big.png", big) };
    const [finding] = await checkMedia([file]);
    expect(finding).toMatchObject({ code: "media-large", detail: expect.stringContaining("10000 x 10000") as string });
    const before = process.memoryUsage().rss;
    expect(pixel(await decoder.image(file, request(32, 32, 3)), 16, 16)).toEqual([200, 10, 30]);
    // Whole, it would take 300 MB.
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
  });

  it("beyond the limit are refused by the header alone", async () => {
    const bytes = Buffer.from(await pngOf(2, 2, { r: 0, g: 0, b: 0 }));
    bytes.writeUInt32BE(40_000, 16);
    bytes.writeUInt32BE(40_000, 20);
    const file = picture(bytes);
    expect((await checkMedia([file]))[0]?.code).toBe("media-too-large");
    expect(["media-too-large", "media-undecodable"]).toContain(await faultOf(decoder.image(file, request(8, 8, 3))));
  });

  it("that are none are refused with what is wrong", async () => {
    const text: MediaFile = { media: "image", path: folder.write("text.png", "hello") };
    const gone: MediaFile = { media: "image", path: `${folder.path}/gone.png` };
    const half = (await pngOf(64, 64, { r: 1, g: 2, b: 3 })).subarray(0, 100);
    expect(await faultOf(decoder.image(text, request(8, 8, 3)))).toBe("media-undecodable");
    expect(await faultOf(decoder.image(gone, request(8, 8, 3)))).toBe("media-absent");
    expect(await faultOf(decoder.image(picture(new Uint8Array(0)), request(8, 8, 3)))).toBe("media-empty");
    expect(await faultOf(decoder.image(picture(half), request(8, 8, 3)))).toBe("media-undecodable");
    expect(await faultOf(decoder.image(picture(wavOf(440, 0.1)), request(8, 8, 3)))).toBe("media-undecodable");
    await expect(decoder.image(text, request(8, 8, 3))).rejects.toThrow(
      /text\.png is not an image in a known format\. Replace the file\.$/,
    );
    await expect(decoder.image(picture(half), request(8, 8, 3))).rejects.toMatchObject({
      detail: expect.stringMatching(/^picture: expected an image, but .*[^.]$/) as string,
    });
  });
});

describe("sounds", () => {
  const at = (rate: number, maxSeconds = 10) => ({ media: "sound", rate, maxSeconds }) as const;

  it.each([8, 16, 24, 32] as const)("are read from WAV of %i bits", async (bits) => {
    const { rate, samples } = await decoder.sound(sound(wavOf(440, 0.25, 8000, bits)), at(8000));
    expect([rate, samples.length]).toEqual([8000, 2000]);
    const worst = samples.reduce(
      (most, x, i) => Math.max(most, Math.abs(x - 0.5 * Math.sin((2 * Math.PI * 440 * i) / 8000))),
      0,
    );
    expect(worst).toBeLessThan(bits === 8 ? 0.02 : 1e-3);
  });

  it("are mixed to mono, resampled and cut at the longest time", async () => {
    const stereo = sound(wavOf(440, 1, 44100, 16, 2));
    const { rate, samples } = await decoder.sound(stereo, at(16000, 0.5));
    expect([rate, samples.length]).toEqual([16000, 8000]);
    expect(samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0)).toBeCloseTo(0.5, 1);
    expect(await decoder.probeSound(stereo)).toEqual({ rate: 44100, seconds: 1 });
  });

  it("are read from MP3", async () => {
    const { rate, seconds } = await decoder.probeSound(sound(silentMp3()));
    expect(rate).toBe(44100);
    expect(seconds).toBeCloseTo(1.045, 2);
  });

  it("from MP3 are those that went in, neither late nor longer", async () => {
    const original = wavPath("7_jackson_35.wav");
    const mp3 = fileURLToPath(new URL("testing/7_jackson_35.mp3", import.meta.url));
    const [truth, found] = await Promise.all(
      [original, mp3].map((path) => decoder.sound({ media: "sound", path }, at(8000))),
    );
    expect(found!.samples).toHaveLength(truth!.samples.length);
    expect(cosine(found!.samples, truth!.samples)).toBeGreaterThan(0.99);
  });

  it("go through WAV and back, clipped at full scale", async () => {
    const samples = Float32Array.from({ length: 500 }, (_, i) => Math.sin(i / 9));
    const written = await decoder.sound(sound(encodeWav({ rate: 8000, samples })), at(8000));
    const worst = written.samples.reduce((most, x, i) => Math.max(most, Math.abs(x - samples[i]!)), 0);
    expect(worst).toBeLessThan(1e-4);
    const loud = await decoder.sound(
      sound(encodeWav({ rate: 8000, samples: new Float32Array([3, -3, Number.NaN]) })),
      at(8000),
    );
    expect([...loud.samples].map((x) => Math.round(x))).toEqual([1, -1, 0]);
  });

  it("of no samples, no bytes or no sound are refused with what is wrong", async () => {
    expect(await faultOf(decoder.sound(sound(wavOf(440, 0)), at(8000)))).toBe("media-empty");
    expect(await faultOf(decoder.sound(sound(new Uint8Array(0)), at(8000)))).toBe("media-empty");
    expect(await faultOf(decoder.sound(sound(Buffer.from("hello")), at(8000)))).toBe("media-undecodable");
    expect(await faultOf(decoder.sound(sound(Buffer.from("fLaCgarbage")), at(8000)))).toBe("media-undecodable");
    expect(await faultOf(decoder.sound({ media: "sound", path: `${folder.path}/gone.wav` }, at(8000)))).toBe(
      "media-absent",
    );
  });
});

describe("a bare path", () => {
  it("becomes a media file by what it holds, not by its name", async () => {
    const misnamed = folder.write("sound.png", wavOf(440, 0.1));
    expect(await mediaFile(misnamed)).toEqual({ media: "sound", path: misnamed });
    expect(await faultOf(mediaFile(folder.write("fake.png", "hello")))).toBe("media-undecodable");
    expect(await faultOf(mediaFile(`${folder.path}/none.png`))).toBe("media-absent");
  });
});
