/** @file Every format that people have pictures and sounds in, decoded to what it shows. */
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { Image, MediaFile } from "../records.ts";
import { nodeMediaDecoder as decoder } from "./media-decoder.ts";
import { silentMp3 } from "./testing/files.ts";
import { chunkOf, paletteTiff, waveFile } from "./testing/formats.ts";

const picture = (bytes: Uint8Array): MediaFile => ({ media: "image", path: "picture", bytes });
const request = (width: number, height: number, channels: 1 | 3 | 4) =>
  ({ media: "image", width, height, channels, background: 0 }) as const;

/** Four quarters: red, green; blue, white. Sides a multiple of the blocks that lossy formats work on. */
const side = 64;
const quarters = [
  [220, 30, 30],
  [30, 200, 40],
  [40, 40, 210],
  [240, 240, 240],
];
const drawn = (width = side, height = side) =>
  sharp(
    Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return quarters[2 * Number(2 * y >= height) + Number(2 * x >= width)]![i % 3]!;
    }),
    { raw: { width, height, channels: 3 } },
  );

/** The picture as a camera held so stores it: where its first row and first column lie in the upright one (EXIF 2.3, 4.6.4). */
function asStored(orientation: number, width: number, height: number): Promise<Buffer> {
  const isTurned = orientation > 4;
  const [columns, rows] = isTurned ? [height, width] : [width, height];
  const pixels = Uint8Array.from({ length: columns * rows * 3 }, (_, i) => {
    const [c, r] = [Math.floor(i / 3) % columns, Math.floor(i / 3 / columns)];
    const [across, down] = isTurned ? [r, c] : [c, r];
    const x = [2, 3, 6, 7].includes(orientation) ? width - 1 - across : across;
    const y = [3, 4, 7, 8].includes(orientation) ? height - 1 - down : down;
    return quarters[2 * Number(2 * y >= height) + Number(2 * x >= width)]![i % 3]!;
  });
  return sharp(pixels, { raw: { width: columns, height: rows, channels: 3 } })
    .png()
    .toBuffer();
}

/** Colours in the middle of the four quarters. */
const middles = ({ pixels, width, height, channels }: Image) =>
  [0.25, 0.75].flatMap((y) =>
    [0.25, 0.75].map((x) => {
      const at = (Math.floor(y * height) * width + Math.floor(x * width)) * channels;
      return [...pixels.subarray(at, at + channels)];
    }),
  );
const worst = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]) =>
  Math.max(...a.flatMap((row, i) => row.map((value, c) => Math.abs(value - b[i]![c]!))));

describe("pictures", () => {
  it.each([
    ["PNG", () => drawn().png().toBuffer(), 0],
    ["PNG, interlaced", () => drawn().png({ progressive: true }).toBuffer(), 0],
    ["PNG with a palette", () => drawn().png({ palette: true }).toBuffer(), 2],
    ["PNG of 16 bits", () => drawn().toColourspace("rgb16").png().toBuffer(), 0],
    ["JPEG", () => drawn().jpeg({ quality: 95 }).toBuffer(), 6],
    ["JPEG, progressive", () => drawn().jpeg({ quality: 95, progressive: true }).toBuffer(), 6],
    // Ink cannot show the brightest of these; an inverted reading would be off by 180.
    ["JPEG in CMYK", () => drawn().toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer(), 90],
    ["WebP", () => drawn().webp({ quality: 95 }).toBuffer(), 12],
    ["WebP without loss", () => drawn().webp({ lossless: true }).toBuffer(), 0],
    ["GIF", () => drawn().gif().toBuffer(), 6],
    ["TIFF", () => drawn().tiff({ compression: "none" }).toBuffer(), 0],
    ["TIFF with LZW", () => drawn().tiff({ compression: "lzw", predictor: "horizontal" }).toBuffer(), 0],
    ["TIFF of 16 bits", () => drawn().toColourspace("rgb16").tiff({ compression: "lzw" }).toBuffer(), 0],
    [
      "TIFF in tiles",
      () => drawn().tiff({ compression: "deflate", tile: true, tileWidth: 32, tileHeight: 32 }).toBuffer(),
      0,
    ],
    ["TIFF with a palette", () => Promise.resolve(paletteTiff(side, quarters)), 1],
    ["AVIF", () => drawn().avif({ quality: 90 }).toBuffer(), 12],
  ])("%s", async (_, make, tolerance) => {
    const file = picture(await make());
    const image = await decoder.image(file, request(32, 32, 3));
    expect(worst(middles(image), quarters)).toBeLessThanOrEqual(tolerance);
    expect(await decoder.probeImage(file)).toMatchObject({ width: side, height: side });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("EXIF orientation %i stands upright", async (orientation) => {
    const stored = await asStored(orientation, 48, 32);
    const file = picture(await sharp(stored).withMetadata({ orientation }).jpeg({ quality: 98 }).toBuffer());
    expect(await decoder.probeImage(file)).toMatchObject({ width: 48, height: 32 });
    expect(worst(middles(await decoder.image(file, request(48, 32, 3))), quarters)).toBeLessThanOrEqual(6);
  });

  it("of an animation is its first", async () => {
    const frames = Buffer.concat([Buffer.alloc(32 * 32 * 3, 200), Buffer.alloc(32 * 32 * 3, 10)]);
    const animated = sharp(frames, { raw: { width: 32, height: 64, channels: 3, pageHeight: 32 } });
    for (const bytes of [
      await animated.clone().gif().toBuffer(),
      await animated.clone().webp({ lossless: true }).toBuffer(),
    ]) {
      const file = picture(bytes);
      expect(await decoder.probeImage(file)).toMatchObject({ width: 32, height: 32 });
      expect(middles(await decoder.image(file, request(32, 32, 1))).flat()).toEqual([200, 200, 200, 200]);
    }
  });

  it("with a wide-gamut profile are brought to sRGB", async () => {
    const wide = await drawn().withIccProfile("p3").png().toBuffer();
    const image = await decoder.image(picture(wide), request(32, 32, 3));
    expect(worst(middles(image), quarters)).toBeLessThanOrEqual(3);
    // Read as if it were sRGB the red would be duller: the stored numbers count in the wider gamut.
    expect((await sharp(wide).metadata()).icc).toBeDefined();
  });

  it("whose colour lies under full transparency keep their shape", async () => {
    const half = Uint8Array.from({ length: 16 * 16 * 4 }, (_, i) => (i % 4 === 3 ? (i < 512 ? 0 : 255) : 200));
    const bytes = await sharp(half, { raw: { width: 16, height: 16, channels: 4 } })
      .webp({ lossless: true })
      .toBuffer();
    const image = await decoder.image(picture(bytes), request(16, 16, 4));
    expect([image.pixels[3], image.pixels[4 * 255 + 3]]).toEqual([0, 255]);
  });
});

const sound = (bytes: Uint8Array): MediaFile => ({ media: "sound", path: "sound", bytes });
const at = (rate: number, maxSeconds = 10) => ({ media: "sound", rate, maxSeconds }) as const;
const fixture = (name: string) => fileURLToPath(new URL(`testing/${name}`, import.meta.url));
const spoken = fileURLToPath(new URL("../../../examples/spoken-digits/speech/7_jackson_35.wav", import.meta.url));

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe("sounds", () => {
  it.each([
    ["flac", 0.99999],
    ["mp3", 0.99],
    ["ogg", 0.97],
    ["opus", 0.95],
  ])("spoken, as %s, are those that went in, neither late nor longer", async (extension, least) => {
    const [truth, found] = await Promise.all(
      [spoken, fixture(`7_jackson_35.${extension}`)].map((path) => decoder.sound({ media: "sound", path }, at(8000))),
    );
    expect(found!.samples).toHaveLength(truth!.samples.length);
    expect(cosine(found!.samples, truth!.samples)).toBeGreaterThan(least);
  });

  const tone = Float32Array.from({ length: 2000 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 440 * i) / 8000));
  it.each([
    ["A-law", "aLaw", 0.02],
    ["µ-law", "muLaw", 0.02],
    ["32-bit float", "float32", 1e-6],
    ["64-bit float", "float64", 1e-6],
    ["16 bits in the extensible form", "extensible", 1e-4],
  ] as const)("WAV in %s", async (_, form, tolerance) => {
    const { samples, fileRate } = await decoder.sound(sound(waveFile(tone, 8000, form)), at(8000));
    expect([samples.length, fileRate]).toEqual([2000, 8000]);
    expect(samples.reduce((most, x, i) => Math.max(most, Math.abs(x - tone[i]!)), 0)).toBeLessThan(tolerance);
  });

  it("WAV with odd chunks before the samples, and as RF64", async () => {
    const plain = waveFile(tone, 8000, "float32");
    const odd = chunkOf("LIST", new Uint8Array(7));
    const padded = Buffer.concat([plain.subarray(0, 12), odd, plain.subarray(12)]);
    expect((await decoder.sound(sound(padded), at(8000))).samples).toHaveLength(2000);
    const sizes = Buffer.alloc(28);
    sizes.writeBigUInt64LE(8000n, 8);
    const large = Buffer.concat([plain.subarray(0, 12), chunkOf("ds64", sizes), plain.subarray(12)]);
    large.write("RF64", 0);
    large.writeUInt32LE(0xffff_ffff, large.indexOf("data") + 4);
    expect((await decoder.sound(sound(large), at(8000))).samples).toHaveLength(2000);
  });

  it("are probed without being decoded to the end", async () => {
    const long = sound(waveFile(new Float32Array(8000 * 90), 8000, "muLaw"));
    expect(await decoder.probeSound(long)).toEqual({ rate: 8000, seconds: 90 });
    const short: MediaFile = { media: "sound", path: fixture("7_jackson_35.opus") };
    expect(await decoder.probeSound(short)).toEqual({ rate: 48_000, seconds: 3306 / 8000 });
    // Half a minute of equal frames: the estimate of what was not decoded is right.
    const frames = Buffer.concat(Array<Uint8Array>(29).fill(silentMp3()));
    const { seconds } = await decoder.probeSound(sound(frames));
    expect(Math.abs(seconds - 29 * 1.045)).toBeLessThan(1);
  });
});
