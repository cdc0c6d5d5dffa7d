/**
 * @file What a feature extractor of the user's own wants to be fed with. In: its ONNX inputs, and the column's options. Out: how files
 * are to be decoded for it, as plain data; and pictures, sounds and texts → its input tensors.
 *
 * Picture: float32 or uint8 [N, C, H, W] (`layout: nchw`, the default) or [N, H, W, C] (`nhwc`), sizes from the ONNX where they are
 * fixed. Floats are byte / 255, minus `mean`, by `std` (0 and 1 unless said; many networks want ImageNet's); bytes stay as they are.
 * Sound: float32 [N, samples] or [N, 1, samples], samples in -1..1 (`input: waveform`), or log₁₀ mel power as spectrogram.ts has it
 * before it is stretched (`input: log-mel`), [N, mels, frames] or with `order: frames-mels` [N, frames, mels], with a 1 after N if need be.
 * Text: int64 [N, tokens] of a tokenizer.json, with `attention_mask` and `token_type_ids` where the network has such inputs.
 */
import * as z from "zod";
import type { ImageRequest, MediaProbe, MediaRequest } from "../../data/media.ts";
import type { Image, Sound, Value } from "../../data/records.ts";
import type { ForeignValue, ShapedArray } from "../../engine/runtime.ts";
import { ascending, quantile } from "../columns/scaling.ts";
import { readOptions } from "../options.ts";
import { fixLength, logMel, spectrogramTools } from "../spectrogram.ts";
import { vectorLikelihood } from "../vector-space.ts";
import { openTextEncoder } from "./tokenizer.ts";

export const sources = ["image", "audio", "text"] as const;
export type Source = (typeof sources)[number];

const shared = {
  /** Path of the ONNX file. */
  backbone: z.string(),
  /** Name of the output that holds the features; the first one unless said. */
  output: z.string().optional(),
  likelihood: vectorLikelihood.optional(),
};
const perChannel = z.union([z.number(), z.array(z.number()).min(1).max(4)]);
const length = z.int().min(1).max(2048);
const options = {
  image: z.strictObject({
    ...shared,
    layout: z.enum(["nchw", "nhwc"]).optional(),
    width: length.optional(),
    height: length.optional(),
    channels: z.union([z.literal(1), z.literal(3)]).optional(),
    mean: perChannel.default(0),
    std: perChannel.default(1),
    background: z.int().min(0).max(255).default(0),
  }),
  audio: z.strictObject({
    ...shared,
    input: z.enum(["waveform", "log-mel"]).optional(),
    rate: z.int().min(1000).max(192_000).default(16_000),
    seconds: z.number().min(0.01).max(60).optional(),
    order: z.enum(["mels-frames", "frames-mels"]).default("mels-frames"),
    mels: z.int().min(4).max(512).optional(),
    window: z.int().min(64).max(16_384).default(1024),
    hop: z.int().min(2).max(8192).default(256),
    lowestHz: z.number().min(0).max(20_000).default(60),
  }),
  text: z.strictObject({ ...shared, backboneTokenizer: z.string().optional(), maxLength: length.default(128) }),
};

const axes = z.array(z.int().positive());
const imageInput = z.object({
  source: z.literal("image"),
  name: z.string(),
  bytes: z.boolean(),
  layout: z.enum(["nchw", "nhwc"]),
  width: z.int().positive(),
  height: z.int().positive(),
  channels: z.union([z.literal(1), z.literal(3)]),
  mean: z.array(z.number()),
  std: z.array(z.number()),
  background: z.number(),
});
const audioInput = z.object({
  source: z.literal("audio"),
  name: z.string(),
  rate: z.number().positive(),
  samples: z.int().positive(),
  /** Shape of one item. */
  shape: axes,
  mel: z
    .object({
      transposed: z.boolean(),
      window: z.int().positive(),
      hop: z.int().positive(),
      frames: z.int().positive(),
      mels: z.int().positive(),
      lowestHz: z.number(),
    })
    .nullable(),
});
const textInput = z.object({
  source: z.literal("text"),
  ids: z.string(),
  mask: z.string().nullable(),
  types: z.string().nullable(),
  maxLength: z.int().positive(),
  /** A fixed number of tokens; null where any number goes. */
  fixed: z.int().positive().nullable(),
  /** The content of the tokenizer.json. */
  tokenizer: z.string(),
});
export const inputSchema = z.discriminatedUnion("source", [imageInput, audioInput, textInput]);
export type BackboneInput = z.infer<typeof inputSchema>;
type ImageInput = z.infer<typeof imageInput>;
type AudioInput = z.infer<typeof audioInput>;
type TextInput = z.infer<typeof textInput>;

/** What is known of a network and its column before any row is read. */
export interface InputPlan {
  readonly column: string;
  readonly source: Source;
  readonly inputs: readonly ForeignValue[];
  readonly options: unknown;
  readonly tokenizer?: string;
}

const refuse = (column: string, problem: string, remedy: string): never => {
  throw new Error(`Cannot read column "${column}" through its backbone: ${problem}. ${remedy}`);
};

export const backboneOptions = ({ column, source, options: given }: InputPlan) =>
  readOptions(options[source], given, column);

export const printValue = ({ name, type, shape }: ForeignValue): string =>
  `${name}: ${type} [${shape.map((axis) => axis ?? "?").join(", ")}]`;

/** @param seconds length of the sounds, where neither network nor options fix it @throws Error that names what does not fit */
export function planInput(plan: InputPlan, seconds = 1): BackboneInput {
  switch (plan.source) {
    case "image":
      return planImage(plan);
    case "audio":
      return planAudio(plan, seconds);
    case "text":
      return planText(plan);
  }
}

/** The only input, of one of these types and ranks. */
function onlyInput(
  { column, inputs, source }: InputPlan,
  types: readonly string[],
  ranks: readonly number[],
): ForeignValue {
  const [input] = inputs;
  if (inputs.length === 1 && input && types.includes(input.type) && ranks.includes(input.shape.length)) return input;
  return refuse(
    column,
    `expected one ${types.join(" or ")} input of ${ranks.join(" or ")} axes for ${source}, found ${inputs.map(printValue).join("; ")}`,
    "Export the network with such an input.",
  );
}

function planImage(plan: InputPlan): ImageInput {
  const chosen = readOptions(options.image, plan.options, plan.column);
  const { name, type, shape } = onlyInput(plan, ["float32", "uint8"], [4]);
  const isDepth = (axis: number | null | undefined) => axis === 1 || axis === 3;
  const layout = chosen.layout ?? (isDepth(shape[3]) && !isDepth(shape[1]) ? "nhwc" : "nchw");
  const [high, wide, deep] = layout === "nchw" ? [shape[2], shape[3], shape[1]] : [shape[1], shape[2], shape[3]];
  const fixed = (what: "width" | "height" | "channels", axis: number | null | undefined, fallback: number): number => {
    const asked = chosen[what];
    if (axis && asked && axis !== asked)
      refuse(plan.column, `expected ${what} ${axis}, as the network's input says, received ${asked}`, "Leave it out.");
    return axis ?? asked ?? fallback;
  };
  const channels = fixed("channels", deep, 3);
  if (channels !== 1 && channels !== 3)
    return refuse(plan.column, `its input has ${channels} channels, expected 1 or 3`, "Say `layout: nchw` or `nhwc`.");
  const ofChannel = (values: number | number[], what: string): number[] => {
    const list = typeof values === "number" ? Array<number>(channels).fill(values) : values;
    if (list.length === channels) return list;
    return refuse(
      plan.column,
      `expected ${what} of ${channels} channels, received ${list.length} numbers`,
      "Correct it.",
    );
  };
  const std = ofChannel(chosen.std, "std");
  if (std.some((value) => !(value > 0))) refuse(plan.column, "expected std above 0", "Correct it.");
  return {
    source: "image",
    name,
    bytes: type === "uint8",
    layout,
    width: fixed("width", wide, 224),
    height: fixed("height", high, 224),
    channels,
    mean: ofChannel(chosen.mean, "mean"),
    std,
    background: chosen.background,
  };
}

function planAudio(plan: InputPlan, measured: number): AudioInput {
  const chosen = readOptions(options.audio, plan.options, plan.column);
  const { name, shape } = onlyInput(plan, ["float32"], [2, 3, 4]);
  const { rate, window, hop, lowestHz, order } = chosen;
  const isWave =
    (chosen.input ?? (shape.length === 2 || (shape.length === 3 && shape[1] === 1) ? "waveform" : "log-mel")) ===
    "waveform";
  const seconds = chosen.seconds ?? measured;
  if (isWave) {
    if (shape.length === 4) refuse(plan.column, "a waveform has 2 or 3 axes, the input has 4", "Say `input: log-mel`.");
    const samples = shape.at(-1) ?? Math.max(1, Math.round(seconds * rate));
    return { source: "audio", name, rate, samples, shape: shape.length === 3 ? [1, samples] : [samples], mel: null };
  }
  if (shape.length === 2)
    refuse(plan.column, "a log-mel input has 3 or 4 axes, the input has 2", "Say `input: waveform`.");
  if (!Number.isInteger(Math.log2(window)))
    refuse(plan.column, "expected a window that is a power of two", "Use 1024.");
  const transposed = order === "mels-frames";
  const [first, second] = shape.slice(-2);
  const mels = (transposed ? first : second) ?? chosen.mels ?? 64;
  const frames = (transposed ? second : first) ?? Math.max(2, 2 * Math.round((seconds * rate) / hop / 2));
  const grid = transposed ? [mels, frames] : [frames, mels];
  return {
    source: "audio",
    name,
    rate,
    samples: frames * hop,
    shape: shape.length === 4 ? [1, ...grid] : grid,
    mel: { transposed, window, hop, frames, mels, lowestHz },
  };
}

function planText(plan: InputPlan): TextInput {
  const { maxLength } = readOptions(options.text, plan.options, plan.column);
  const { inputs, column, tokenizer } = plan;
  const integers = inputs.filter(({ type, shape }) => (type === "int64" || type === "int32") && shape.length === 2);
  const named = (pattern: RegExp) => integers.find(({ name }) => pattern.test(name))?.name ?? null;
  const [mask, types] = [named(/mask/i), named(/type|segment/i)];
  const ids = integers.find(({ name }) => name !== mask && name !== types);
  const known = [ids?.name, mask, types];
  if (!ids || inputs.some(({ name }) => !known.includes(name)))
    return refuse(
      column,
      `expected int64 inputs [N, tokens]: ids, and perhaps a mask and types, found ${inputs.map(printValue).join("; ")}`,
      "Export the network with such inputs.",
    );
  if (tokenizer === undefined)
    return refuse(column, "a network that reads text needs its tokeniser", "Say backboneTokenizer: tokenizer.json.");
  openTextEncoder(tokenizer, column);
  return { source: "text", ids: ids.name, mask, types, maxLength, fixed: ids.shape[1] ?? null, tokenizer };
}

/** How the column's files are decoded for the network; undefined where its cells are text, or no sound could be measured. */
export function inputRequest(plan: InputPlan, probes: readonly MediaProbe[]): MediaRequest | undefined {
  if (plan.source === "text") return undefined;
  const lengths = probes.flatMap((probe) => ("seconds" in probe ? [probe.seconds] : []));
  return requestOf(planInput(plan, lengths.length > 0 ? Math.min(10, quantile(ascending(lengths), 0.98)) : 1));
}

export function requestOf(input: BackboneInput): MediaRequest | undefined {
  if (input.source === "text") return undefined;
  if (input.source === "audio") return { media: "sound", rate: input.rate, maxSeconds: input.samples / input.rate };
  const { width, height, channels, background } = input;
  return { media: "image", width, height, channels, background } satisfies ImageRequest;
}

/** A function of a few values that the column holds → the network's input tensors, and how much each place of a sequence counts. */
export type Feeder = (values: readonly Value[]) => { inputs: Record<string, ShapedArray>; weights?: ShapedArray };

export function feederOf(input: BackboneInput, column: string): Feeder {
  if (input.source === "image") return (values) => ({ inputs: feedImages(input, values as readonly Image[]) });
  if (input.source === "audio") {
    const settings = input.mel && { ...input.mel, rate: input.rate, ceiling: 0 };
    const tools = settings && spectrogramTools(settings);
    const item = ({ samples }: Sound): ArrayLike<number> => {
      if (!settings || !tools) return samples.subarray(0, input.samples);
      const grid = logMel(fixLength(samples, input.samples), settings, tools);
      return settings.transposed ? turned(grid, settings.frames, settings.mels) : grid;
    };
    return (values) => ({ inputs: { [input.name]: stack((values as readonly Sound[]).map(item), input.shape) } });
  }
  const encode = openTextEncoder(input.tokenizer, column);
  return (values) =>
    feedTexts(
      input,
      values.map((value) => encode(String(value), input.fixed ?? input.maxLength)),
    );
}

function turned(grid: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(grid.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) result[c * rows + r] = grid[r * columns + c]!;
  return result;
}

/** Items one after the other; a shorter one is followed by zeros. */
function stack(items: readonly ArrayLike<number>[], shape: readonly number[]): ShapedArray {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const data = new Float32Array(items.length * size);
  for (const [i, item] of items.entries()) data.set(Float32Array.from(item).subarray(0, size), i * size);
  return { shape: [items.length, ...shape], data };
}

function feedImages(input: ImageInput, images: readonly Image[]): Record<string, ShapedArray> {
  const { width, height, channels, layout, mean, std, bytes } = input;
  const area = width * height;
  const data = bytes
    ? new Uint8Array(images.length * area * channels)
    : new Float32Array(images.length * area * channels);
  for (const [i, { pixels }] of images.entries()) {
    for (let at = 0; at < area * channels; at++) {
      const c = at % channels;
      const to = layout === "nhwc" ? at : c * area + Math.floor(at / channels);
      data[i * area * channels + to] = bytes ? pixels[at]! : (pixels[at]! / 255 - mean[c]!) / std[c]!;
    }
  }
  const item = layout === "nhwc" ? [height, width, channels] : [channels, height, width];
  return { [input.name]: { shape: [images.length, ...item], data } };
}

function feedTexts({ ids, mask, types, fixed }: TextInput, texts: readonly (readonly number[])[]) {
  const longest = fixed ?? texts.reduce((most, tokens) => Math.max(most, tokens.length), 1);
  const shape = [texts.length, longest];
  const [tokens, weights] = [new Int32Array(texts.length * longest), new Int32Array(texts.length * longest)];
  for (const [i, own] of texts.entries()) {
    tokens.set(own, i * longest);
    weights.fill(1, i * longest, i * longest + own.length);
  }
  const inputs: Record<string, ShapedArray> = { [ids]: { shape, data: tokens } };
  if (mask !== null) inputs[mask] = { shape, data: weights };
  if (types !== null) inputs[types] = { shape, data: new Int32Array(tokens.length) };
  return { inputs, weights: { shape, data: weights } };
}
