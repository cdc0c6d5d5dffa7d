/**
 * @file Corrupted media against the decoder. In: a count of cases and a seed. Out: what became of them: decoded, refused with a
 * listed fault, or a failure (a crash, another error, a value that is not what was asked for, too much time or memory).
 * Cases are real small files of every format, with bits flipped, cut, bytes of the header edited, pieces repeated or swapped.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { MediaError, type MediaFault } from "../../media.ts";
import type { Image, MediaFile, Sound } from "../../records.ts";
import { checkMedia } from "../media-check.ts";
import { nodeMediaDecoder } from "../media-decoder.ts";
import { wavOf } from "./files.ts";
import { paletteTiff, waveFile } from "./formats.ts";

export interface FuzzReport {
  readonly cases: number;
  readonly decoded: number;
  readonly refused: Readonly<Partial<Record<MediaFault, number>>>;
  /** What must not be: the case, enough to make it again, and what happened. */
  readonly failures: readonly string[];
  readonly slowestMs: number;
  readonly slowest: string;
  /** Most resident memory seen between cases, in bytes. */
  readonly peakBytes: number;
}

/** Milliseconds that no case may take, on a machine that does other things as well. */
const patience = 30_000;
/** Growth of resident memory between cases. */
const mostGrowth = 1e9;

/** @param onCase called after each case with the number done */
export async function fuzzMedia(count: number, seed: number, onCase?: (done: number) => void): Promise<FuzzReport> {
  const originals = await seeds();
  const draw = generator(seed);
  const refused: Partial<Record<MediaFault, number>> = {};
  const failures: string[] = [];
  let [decoded, slowestMs, slowest, peakBytes] = [0, 0, "", 0];
  const atStart = process.memoryUsage().rss;
  for (let done = 0; done < count; done++) {
    const original = originals[draw(originals.length)]!;
    const { bytes, change } = corrupt(original.bytes, draw);
    const name = `seed ${seed}, case ${done}: ${original.name}, ${change}`;
    const begun = performance.now();
    try {
      await decodeOne({ media: original.media, path: original.name, bytes });
      decoded++;
    } catch (error) {
      if (error instanceof MediaError && !/undefined|NaN|\[object/.test(error.message))
        refused[error.code] = (refused[error.code] ?? 0) + 1;
      else failures.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    const took = performance.now() - begun;
    if (took > slowestMs) [slowestMs, slowest] = [took, name];
    if (took > patience) failures.push(`${name}: took ${Math.round(took)} ms`);
    const { rss } = process.memoryUsage();
    if (rss - atStart > mostGrowth && rss > peakBytes)
      failures.push(`${name}: resident memory reached ${Math.round(rss / 1e6)} MB`);
    peakBytes = Math.max(peakBytes, rss);
    onCase?.(done + 1);
  }
  return { cases: count, decoded, refused, failures, slowestMs, slowest, peakBytes };
}

async function decodeOne(file: MediaFile): Promise<void> {
  await checkMedia([file]);
  if (file.media === "image") {
    await nodeMediaDecoder.probeImage(file);
    const request = { media: "image", width: 32, height: 24, channels: 3, background: 0 } as const;
    expectImage(await nodeMediaDecoder.image(file, request));
  } else {
    const { rate, seconds } = await nodeMediaDecoder.probeSound(file);
    if (!(rate > 0 && seconds >= 0 && Number.isFinite(seconds))) throw new Error(`probed ${seconds} s at ${rate} Hz`);
    expectSound(await nodeMediaDecoder.sound(file, { media: "sound", rate: 8000, maxSeconds: 4 }));
  }
}

function expectImage({ width, height, pixels }: Image): void {
  if (width !== 32 || height !== 24 || pixels.length !== 32 * 24 * 3)
    throw new Error(`decoded to ${pixels.length} values`);
}

function expectSound({ rate, samples }: Sound): void {
  const isSound = rate === 8000 && samples.length <= 8000 * 4 + 8 && samples.every(Number.isFinite);
  if (!isSound) throw new Error(`decoded to ${samples.length} samples at ${rate} Hz, or some that are not finite`);
}

type Draw = (below: number) => number;

/** Whole numbers below a bound, from a seed (mulberry32): data/ has no generator of its own, and imports none. */
function generator(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

interface Corrupted {
  readonly bytes: Uint8Array;
  readonly change: string;
}

/** Values that break arithmetic: nothing, one, the largest, the sign bit. */
const edges = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

function corrupt(original: Uint8Array, draw: Draw): Corrupted {
  // A Buffer's own slice would share the original's memory.
  const bytes = Uint8Array.from(original);
  const anywhere = () => draw(Math.max(1, bytes.length));
  const inHeader = () => draw(Math.max(1, Math.min(bytes.length, 96)));
  switch (draw(7)) {
    case 0: {
      const flips = 1 + draw(8);
      for (let i = 0; i < flips; i++) bytes[anywhere()]! ^= 1 << draw(8);
      return { bytes, change: `${flips} bits flipped` };
    }
    case 1: {
      const end = anywhere();
      return { bytes: bytes.subarray(0, end), change: `cut at ${end}` };
    }
    case 2: {
      const edits = 1 + draw(4);
      for (let i = 0; i < edits; i++) bytes[inHeader()] = edges[draw(edges.length)]!;
      return { bytes, change: `${edits} bytes of the header edited` };
    }
    case 3: {
      const at = inHeader();
      bytes.fill(edges[draw(edges.length)]!, at, at + 4);
      return { bytes, change: `four bytes at ${at} edited` };
    }
    case 4: {
      const [from, to, length] = [anywhere(), anywhere(), 1 + draw(256)];
      bytes.copyWithin(to, from, from + length);
      return { bytes, change: `${length} bytes copied from ${from} to ${to}` };
    }
    case 5: {
      const [from, length] = [anywhere(), 1 + draw(64)];
      const rest = Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
      return { bytes: new Uint8Array(rest), change: `${length} bytes left out at ${from}` };
    }
    default: {
      const from = draw(2) === 0 ? anywhere() : inHeader();
      for (let i = from; i < Math.min(bytes.length, from + 64); i++) bytes[i] = draw(256);
      return { bytes, change: `64 bytes of noise at ${from}` };
    }
  }
}

interface Original {
  readonly name: string;
  readonly media: "image" | "sound";
  readonly bytes: Uint8Array;
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const colours = [
  [200, 20, 30],
  [20, 190, 40],
  [30, 40, 210],
  [250, 250, 250],
];

/** One small file of every format and form that is read. */
async function seeds(): Promise<Original[]> {
  const spoken = await Promise.all(
    ["flac", "mp3", "ogg", "opus"].map(async (extension): Promise<Original> => {
      const name = `7_jackson_35.${extension}`;
      return { name, media: "sound", bytes: await readFile(here(name)) };
    }),
  );
  const folder = here("../../../../examples/spoken-digits/speech");
  const clips = (await readdir(folder))
    .filter((name) => name.endsWith(".wav"))
    .sort()
    .slice(0, 2);
  const tone = Float32Array.from({ length: 3000 }, (_, i) => 0.4 * Math.sin(i / 7));
  const forms = ["aLaw", "muLaw", "float32", "float64", "extensible"] as const;
  const sounds = [
    ...spoken,
    ...(await Promise.all(
      clips.map(
        async (name): Promise<Original> => ({ name, media: "sound", bytes: await readFile(join(folder, name)) }),
      ),
    )),
    ...forms.map((form): Original => ({ name: `${form}.wav`, media: "sound", bytes: waveFile(tone, 8000, form) })),
    { name: "stereo24.wav", media: "sound" as const, bytes: wavOf(440, 0.2, 22_050, 24, 2) },
  ];
  const pixels = Uint8Array.from({ length: 48 * 40 * 3 }, (_, i) => (i * 7 + (i >> 5) * 13) % 256);
  const picture = () => sharp(pixels, { raw: { width: 48, height: 40, channels: 3 } });
  const made: [string, Promise<Buffer>][] = [
    ["plain.png", picture().png().toBuffer()],
    ["interlaced.png", picture().png({ progressive: true }).toBuffer()],
    ["palette.png", picture().png({ palette: true }).toBuffer()],
    ["deep.png", picture().toColourspace("rgb16").png().toBuffer()],
    ["alpha.png", picture().ensureAlpha(0.5).png().toBuffer()],
    ["plain.jpg", picture().jpeg().toBuffer()],
    ["progressive.jpg", picture().jpeg({ progressive: true }).toBuffer()],
    ["turned.jpg", picture().withMetadata({ orientation: 6 }).jpeg().toBuffer()],
    ["cmyk.jpg", picture().toColourspace("cmyk").jpeg().toBuffer()],
    ["lossy.webp", picture().webp().toBuffer()],
    ["lossless.webp", picture().webp({ lossless: true }).toBuffer()],
    ["plain.gif", picture().gif().toBuffer()],
    ["plain.tiff", picture().tiff({ compression: "none" }).toBuffer()],
    ["lzw.tiff", picture().tiff({ compression: "lzw" }).toBuffer()],
    ["tiled.tiff", picture().tiff({ compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer()],
    ["plain.avif", picture().avif({ effort: 0 }).toBuffer()],
  ];
  const images = await Promise.all(
    made.map(async ([name, bytes]): Promise<Original> => ({ name, media: "image", bytes: await bytes })),
  );
  return [...sounds, ...images, { name: "palette.tiff", media: "image", bytes: paletteTiff(32, colours) }];
}
