/**
 * @file The next token. In: logits, tokens that must not come, and how to draw. Out: a token: the likeliest, or a draw from the
 * likeliest few (nucleus sampling, Holtzman 2020, 1904.09751).
 */
import type { Random } from "../engine/random.ts";

/** How a sequence of tokens is drawn. */
export interface Writing {
  readonly random: Random;
  /** Logits are divided by it: below 1 likelier tokens gain, at 0 the likeliest is always taken. */
  readonly temperature: number;
  /** Drawn are only the likeliest tokens that together have this share of the probability. */
  readonly topP: number;
}

/** How a user says it; with neither, tokens are the likeliest ones. */
export interface WritingOptions {
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
}

export function writingOf({ temperature, topP }: WritingOptions, random: Random): Writing | undefined {
  if (temperature === undefined && topP === undefined) return undefined;
  return { random, temperature: temperature ?? 1, topP: topP ?? 1 };
}

export function chooseToken(logits: Float32Array, never: readonly number[], writing?: Writing): number {
  const own = Float64Array.from(logits);
  for (const token of never) own[token] = Number.NEGATIVE_INFINITY;
  if (!writing || writing.temperature === 0) return greatest(own);
  const { random, temperature, topP } = writing;
  const top = own[greatest(own)]!;
  const weights = own.map((logit) => Math.exp((logit - top) / temperature));
  // Stable, so that of equal tokens the first stays.
  const order = Array.from(weights.keys()).sort((a, b) => weights[b]! - weights[a]!);
  const total = weights.reduce((a, b) => a + b, 0);
  const nucleus: number[] = [];
  let mass = 0;
  for (const token of order) {
    if (nucleus.length > 0 && mass >= topP * total) break;
    nucleus.push(token);
    mass += weights[token]!;
  }
  let left = random.uniform() * mass;
  return nucleus.find((token) => (left -= weights[token]!) < 0) ?? nucleus[0]!;
}

function greatest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
