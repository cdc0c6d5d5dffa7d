/**
 * @file Builds the demo data. In: a folder with `mnist/` (four idx .gz files) and `fsdd/` (recordings/ and speakers.json).
 * Out: examples/spoken-digits/manifest.csv, images/ and speech/; byte for byte the same on every run.
 *
 *   npx tsx scripts/build-spoken-digits.ts [--from ../shared/data]
 *
 * Each spoken clip is paired with a handwritten image of the same digit: train clips with MNIST train images, test clips
 * with MNIST test images, no image twice. Nobody both wrote and spoke a pair. About a fifth of all cells is then emptied.
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import sharp from "sharp";
import { random, shuffle } from "../src/engine/random.ts";

const SEED = 20261122;
const EMPTY_SHARE = 0.2;
/** What a clone has to carry for this example, below 15 MB with room for the texts beside the data. */
const BYTE_BUDGET = 14_700_000;
/** FSDD's official test half is recordings 0 to 4 of each digit and speaker. */
const TEST_TAKES = 5;

const WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const COLUMNS = ["split", "image", "speech", "word", "speaker", "accent", "duration_s", "pitch_hz", "digit"] as const;
const NEVER_EMPTY: ReadonlySet<string> = new Set(["split", "digit"]);
/** A row keeps at least one of these: a row with only a table cell would show nothing of its digit. */
const CARRIERS = ["image", "speech", "word"] as const;

type Split = "train" | "test";
type Row = Record<(typeof COLUMNS)[number], string>;

interface Clip {
  readonly file: string;
  readonly digit: number;
  readonly speaker: string;
  readonly split: Split;
  readonly bytes: Buffer;
}

interface Digits {
  /** All images, row-major, 28 x 28 bytes each. */
  readonly pixels: Buffer;
  readonly labels: Buffer;
}

interface Sound {
  readonly samples: Float64Array;
  readonly rate: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { from: { type: "string", default: "../shared/data" } } });
  const target = fileURLToPath(new URL("../examples/spoken-digits/", import.meta.url));

  const images = {
    train: await readDigits(join(values.from, "mnist"), "train"),
    test: await readDigits(join(values.from, "mnist"), "t10k"),
  };
  const clips = await readClips(join(values.from, "fsdd/recordings"));
  const speakers = JSON.parse(await readFile(join(values.from, "fsdd/speakers.json"), "utf8")) as Record<
    string,
    { accent: string }
  >;

  const pairs = pairByDigit(clips, images);
  const pngs = new Map<Clip, Buffer>();
  for (const clip of clips) pngs.set(clip, await png(images[clip.split].pixels, pairs.get(clip)!));
  const rows = new Map(clips.map((clip) => [clip, describe(clip, speakers)]));

  const kept = fitBudget(clips, (clip) => {
    const row = rows.get(clip)!;
    const text = Object.values(row).join(",").length + 1;
    return text + (row.image ? pngs.get(clip)!.length : 0) + (row.speech ? clip.bytes.length : 0);
  });
  // A reader that looks at the first rows only (to infer types, to show a preview) should meet every kind of row.
  const order = kept.map((_, i) => i);
  shuffle(order, random(SEED, "order"));

  for (const folder of ["images", "speech"]) {
    await rm(join(target, folder), { recursive: true, force: true });
    await mkdir(join(target, folder), { recursive: true });
  }
  const lines = [COLUMNS.join(",")];
  for (const [position, index] of order.entries()) {
    const clip = kept[index]!;
    const row = { ...rows.get(clip)! };
    if (row.image) {
      row.image = `images/${String(position + 1).padStart(5, "0")}.png`;
      await writeFile(join(target, row.image), pngs.get(clip)!);
    }
    if (row.speech) await writeFile(join(target, row.speech), clip.bytes);
    const cells = COLUMNS.map((name) => row[name]);
    const odd = cells.find((cell) => /[",\r\n]/.test(cell));
    if (odd !== undefined)
      throw new Error(`Cannot write a cell without quotes: ${JSON.stringify(odd)} (${clip.file}).`);
    lines.push(cells.join(","));
  }
  await writeFile(join(target, "manifest.csv"), `${lines.join("\n")}\n`);
  console.log(`${kept.length} rows (${clips.length - kept.length} train clips left out) in ${target}`);
}

/** One MNIST half from its two idx files. */
async function readDigits(folder: string, half: "train" | "t10k"): Promise<Digits> {
  const idx = async (name: string, header: number) =>
    gunzipSync(await readFile(join(folder, `${half}-${name}.gz`))).subarray(header);
  const pixels = await idx("images-idx3-ubyte", 16);
  const labels = await idx("labels-idx1-ubyte", 8);
  if (pixels.length !== labels.length * 784) {
    throw new Error(`Cannot read MNIST ${half}: expected ${labels.length} x 784 pixels, received ${pixels.length}.`);
  }
  return { pixels, labels };
}

/** All clips in the order of their names, `{digit}_{speaker}_{take}.wav`. */
async function readClips(folder: string): Promise<Clip[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".wav")).sort();
  return Promise.all(
    files.map(async (file) => {
      const [, digit, speaker, take] = /^(\d)_([a-z]+)_(\d+)\.wav$/.exec(file) ?? [];
      if (!digit || !speaker || !take) throw new Error(`Cannot read ${file}: expected {digit}_{speaker}_{take}.wav.`);
      const split: Split = Number(take) < TEST_TAKES ? "test" : "train";
      return { file, digit: Number(digit), speaker, split, bytes: await readFile(join(folder, file)) };
    }),
  );
}

/** Clip → index of an image of the same digit in the same half; no image is used twice. */
function pairByDigit(clips: readonly Clip[], images: Record<Split, Digits>): Map<Clip, number> {
  const pools = new Map<string, number[]>();
  for (const split of ["train", "test"] as const) {
    for (let digit = 0; digit < 10; digit++) {
      const pool: number[] = [];
      images[split].labels.forEach((label, index) => {
        if (label === digit) pool.push(index);
      });
      shuffle(pool, random(SEED, `images ${split} ${digit}`));
      pools.set(`${split} ${digit}`, pool);
    }
  }
  return new Map(clips.map((clip) => [clip, pools.get(`${clip.split} ${clip.digit}`)!.pop()!]));
}

/** The cells of a row, some emptied. Drawn from a stream of the clip's own: leaving a clip out changes no other row. */
function describe(clip: Clip, speakers: Record<string, { accent: string }>): Row {
  const sound = readWav(clip.bytes, clip.file);
  const pitch = medianPitch(sound);
  const row: Row = {
    split: clip.split,
    image: "images/00000.png", // numbered when the order of rows is known
    speech: `speech/${clip.file}`,
    word: WORDS[clip.digit]!,
    speaker: clip.speaker,
    accent: speakers[clip.speaker]!.accent,
    duration_s: (sound.samples.length / sound.rate).toFixed(3),
    pitch_hz: pitch === undefined ? "" : pitch.toFixed(1),
    digit: String(clip.digit),
  };
  const rng = random(SEED, `holes ${clip.file}`);
  for (;;) {
    const holes = COLUMNS.filter((name) => !NEVER_EMPTY.has(name) && rng.uniform() < EMPTY_SHARE);
    if (CARRIERS.every((name) => holes.includes(name))) continue;
    for (const name of holes) row[name] = "";
    return row;
  }
}

/**
 * Leaves out train clips until the whole fits: from each digit of each speaker the same number, its longest first, so
 * that no digit and no voice becomes rare. Test clips all stay.
 */
function fitBudget(clips: readonly Clip[], cost: (clip: Clip) => number): Clip[] {
  const longestFirst = clips
    .filter((clip) => clip.split === "train")
    .sort((a, b) => b.bytes.length - a.bytes.length || (a.file < b.file ? -1 : 1));
  const rank = new Map<Clip, number>();
  const seen = new Map<string, number>();
  for (const clip of longestFirst) {
    const group = `${clip.digit} ${clip.speaker}`;
    rank.set(clip, seen.get(group) ?? 0);
    seen.set(group, rank.get(clip)! + 1);
  }
  for (let left = 0; ; left++) {
    const kept = clips.filter((clip) => (rank.get(clip) ?? Infinity) >= left);
    if (kept.reduce((sum, clip) => sum + cost(clip), 0) <= BYTE_BUDGET) return kept;
  }
}

async function png(pixels: Buffer, index: number): Promise<Buffer> {
  const raw = pixels.subarray(index * 784, (index + 1) * 784);
  return sharp(raw, { raw: { width: 28, height: 28, channels: 1 } })
    .toColourspace("b-w")
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** 16-bit mono PCM, which is all that FSDD holds. */
function readWav(bytes: Buffer, file: string): Sound {
  const refuse = () => new Error(`Cannot read ${file}: expected a WAV of 16-bit mono samples.`);
  let at = 12;
  let rate = 0;
  while (at + 8 <= bytes.length) {
    const chunk = bytes.toString("latin1", at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    const body = at + 8;
    if (chunk === "fmt ") {
      if (
        bytes.readUInt16LE(body) !== 1 ||
        bytes.readUInt16LE(body + 2) !== 1 ||
        bytes.readUInt16LE(body + 14) !== 16
      ) {
        throw refuse();
      }
      rate = bytes.readUInt32LE(body + 4);
    }
    if (chunk === "data" && rate > 0) {
      const samples = new Float64Array(Math.min(size, bytes.length - body) >> 1);
      for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(body + 2 * i) / 32768;
      return { samples, rate };
    }
    at = body + size + (size & 1);
  }
  throw refuse();
}

/**
 * Median fundamental frequency of a clip in Hz, by YIN (de Cheveigné & Kawahara 2002) on frames of 40 ms every 5 ms.
 * Undefined when fewer than three frames are voiced.
 *   d(τ) = Σⱼ (xⱼ − xⱼ₊τ)²      d′(τ) = d(τ) · τ / Σₖ₌₁..τ d(k)
 */
function medianPitch(sound: Sound): number | undefined {
  const { rate } = sound;
  const samples = voiceBand(sound);
  const window = Math.round(0.04 * rate);
  const hop = Math.round(0.005 * rate);
  const shortest = Math.floor(rate / 350);
  const longest = Math.ceil(rate / 65);
  const difference = new Float64Array(longest + 2);
  const voiced: { pitch: number; power: number }[] = [];

  for (let start = 0; start + window + longest + 1 <= samples.length; start += hop) {
    let power = 0;
    for (let j = start; j < start + window; j++) power += samples[j]! ** 2;
    let running = 0;
    difference[0] = 1;
    for (let lag = 1; lag <= longest + 1; lag++) {
      let sum = 0;
      for (let j = start; j < start + window; j++) sum += (samples[j]! - samples[j + lag]!) ** 2;
      running += sum;
      difference[lag] = running > 0 ? (sum * lag) / running : 1;
    }
    const lag = period(difference, shortest, longest);
    if (lag !== undefined) voiced.push({ pitch: rate / lag, power });
  }
  // Breath and room noise around the word can be periodic too; they are far below the vowel.
  const loudest = voiced.reduce((most, frame) => Math.max(most, frame.power), 0);
  const pitches = voiced.filter((frame) => frame.power > 0.05 * loudest).map((frame) => frame.pitch);
  return pitches.length < 3 ? undefined : median(pitches);
}

/** The sound between about 50 and 700 Hz: without hum below and hiss and formants above, periods stand out. */
function voiceBand({ samples, rate }: Sound): Float64Array {
  const narrow = Math.round(rate / 1600);
  const low = movingAverage(movingAverage(samples, narrow), narrow);
  const drift = movingAverage(low, Math.round(rate / 50));
  return low.map((value, i) => value - drift[i]!);
}

function movingAverage(samples: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(samples.length + 1);
  for (const [i, value] of samples.entries()) sums[i + 1] = sums[i]! + value;
  return samples.map((_, i) => {
    const from = Math.max(0, i - (width >> 1));
    const to = Math.min(samples.length, from + width);
    return (sums[to]! - sums[from]!) / (to - from);
  });
}

/**
 * The period in samples, or undefined where the frame has none. The first dip of d′ that is about as deep as the deepest:
 * the deepest alone is often two periods, the first below a fixed threshold is often half of one.
 */
function period(difference: Float64Array, shortest: number, longest: number): number | undefined {
  const dips: number[] = [];
  for (let lag = shortest; lag <= longest; lag++) {
    const here = difference[lag]!;
    if (here <= difference[lag - 1]! && here <= difference[lag + 1]!) dips.push(lag);
  }
  const deepest = Math.min(...dips.map((lag) => difference[lag]!));
  if (deepest > 0.3) return undefined;
  const lag = dips.find((dip) => difference[dip]! <= deepest + 0.02)!;
  // The dip's true place lies between samples: the parabola through its neighbours.
  const [before, here, after] = [difference[lag - 1]!, difference[lag]!, difference[lag + 1]!];
  const bend = before - 2 * here + after;
  return bend > 0 ? lag + (before - after) / (2 * bend) : lag;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

await main();
