/**
 * @file What a model's networks turned out to be, for people and for its record. In: modalities, choices, the graph.
 * Out: names, reasons and numbers of parameters.
 */
import { isOp, staticSize, type Tensor, topologicalOrder } from "../../engine/tensor.ts";
import type { Chosen } from "./choose.ts";
import { describeChoice } from "./setting.ts";

export interface NetworkRecord {
  readonly modality: string;
  /** `conv-small`, or `layers` where the config lists them. */
  readonly encoder: string;
  readonly decoder: string;
  /** Why these. */
  readonly reason: string;
  /** Numbers learnt, with the posterior's two layers and a modality's own embedding in the encoder. */
  readonly parameters: { readonly encoder: number; readonly decoder: number };
}

/** @param outputs `encoder-<modality>` and `decoder-<modality>` → what they compute */
export const networkRecords = (
  chosen: Readonly<Record<string, Chosen>>,
  outputs: Readonly<Record<string, Readonly<Record<string, Tensor>>>>,
): NetworkRecord[] =>
  Object.entries(chosen).map(([modality, { encoder, decoder, reason }]) => ({
    modality,
    encoder: describeChoice(encoder),
    decoder: describeChoice(decoder),
    reason,
    parameters: {
      encoder: parameterCount(Object.values(outputs[`encoder-${modality}`] ?? {})),
      decoder: parameterCount(Object.values(outputs[`decoder-${modality}`] ?? {})),
    },
  }));

/** Numbers in the parameters that these values depend on. */
export function parameterCount(outputs: readonly Tensor[]): number {
  // Two outputs may each have a node for the same parameter.
  const sizes = new Map<string, number>();
  for (const node of topologicalOrder(outputs))
    if (isOp(node, "parameter")) sizes.set(node.attributes.name, staticSize(node.shape));
  return [...sizes.values()].reduce((a, b) => a + b, 0);
}
