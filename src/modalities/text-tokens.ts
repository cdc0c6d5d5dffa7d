/**
 * @file What every kind of text shares: its state, and its strings as tokens. In: strings, a tokeniser. Out: `tokens` int32 [length],
 * filled up with the end token; what networks read of them.
 */
import * as z from "zod";
import type { Values } from "../data/records.ts";
import { add, cast, constant, equal, pad, slice, sub } from "../engine/ops.ts";
import type { Tensor } from "../engine/tensor.ts";
import { tokenMarks } from "./marks.ts";
import type { Encoded, Modality } from "./modality.ts";
import type { Tokenizer } from "./tokenizer/tokenizer.ts";
import { endToken, tokenizerFile } from "./tokenizer/tokenizer-file.ts";

export const textDecoders = ["autoregressive", "positional", "bag"] as const;

export const textState = z.object({
  kind: z.literal("text"),
  name: z.string(),
  decoder: z.enum(textDecoders),
  tokenizer: tokenizerFile,
  length: z.int().positive(),
  /** Tokens of a string, its end not counted. */
  meanLength: z.number(),
  wordDropout: z.number(),
});
export type TextState = z.infer<typeof textState>;

/** A text as it is read; null where the cell says nothing. */
export const textOf = (value: Values[string] | undefined): string | null => {
  if (value === null || value === undefined || typeof value === "object") return null;
  return String(value).trim() || null;
};

/** The part of a modality that does not depend on the likelihood. */
export const textBase = (state: TextState, tokenizer: Tokenizer) =>
  ({
    name: state.name,
    columns: [state.name],
    state,
    media: {},
    arrays: { tokens: { shape: [state.length], type: "int32" } },
    eventSize: Math.max(1, Math.min(state.meanLength + 1, state.length) * Math.log2(tokenizer.size)),
    encode: (rows) => encodeTexts(state, tokenizer, rows),
    marks: ({ arrays }, row) => tokenMarks(wholeText(arrays.tokens!, row * state.length, state.length)),
  }) satisfies Partial<Modality>;

/** Tokens up to the end. */
function wholeText(tokens: ArrayLike<number>, from: number, length: number): number[] {
  const own = Array.from({ length }, (_, i) => tokens[from + i]!);
  const end = own.indexOf(endToken);
  return end < 0 ? own : own.slice(0, end);
}

function encodeTexts({ name, length }: TextState, tokenizer: Tokenizer, rows: readonly Values[]): Encoded {
  const tokens = new Int32Array(rows.length * length).fill(endToken);
  const present = new Uint8Array(rows.length);
  rows.forEach((row, i) => {
    const text = textOf(row[name]);
    if (text === null) return;
    tokens.set(tokenizer.encode(text).slice(0, length), i * length);
    present[i] = 1;
  });
  return { rows: rows.length, arrays: { tokens }, present, issues: [] };
}

/** [batch, length]: 1 at the string's tokens. */
export const isToken = (tokens: Tensor): Tensor => sub(1, equal(cast(tokens), endToken));

/** The same, and at the end where there is room for it: at the first place, and wherever the token before is not the end. */
export function isEvent(tokens: Tensor): Tensor {
  const length = tokens.shape[1] as number;
  const shifted = slice(pad(isToken(tokens), 1, 1, 0), 1, 0, length);
  return add(shifted, constant(Array.from({ length }, (_, at) => (at === 0 ? 1 : 0))));
}

/** How many events the rows that hold a text have together. */
export function countEvents({ rows, arrays, present }: Encoded, length: number): number {
  let events = 0;
  for (let row = 0; row < rows; row++) {
    if (present[row] !== 1) continue;
    const end = arrays.tokens!.subarray(row * length, (row + 1) * length).indexOf(endToken);
    events += end < 0 ? length : end + 1;
  }
  return events;
}
