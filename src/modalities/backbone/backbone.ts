/**
 * @file Pictures, sounds and texts read through a frozen network of the user's own. In: its features, one vector an item. Out: the
 * vector modality over them, whose answers are the nearest training items: features cannot be turned back into what they came from.
 * Values reach `encode` as features already (extract.ts); without a gallery `decode` gives features.
 */
import * as z from "zod";
import type { Value, Values } from "../../data/records.ts";
import type { ForeignNetwork, ForeignValue, ShapedArray } from "../../engine/runtime.ts";
import type { BackboneUse, Modality, ModalityKind, ModalityState } from "../modality.ts";
import { readState } from "../options.ts";
import { openVector, vectorOf } from "../vector.ts";
import { fitVectorScale, vectorScale } from "../vector-space.ts";
import { type Gallery, itemValue, nearestItem } from "./gallery.ts";
import {
  backboneOptions,
  feederOf,
  type InputPlan,
  inputRequest,
  inputSchema,
  planInput,
  printValue,
  requestOf,
  type Source,
} from "./inputs.ts";

const backboneState = z.object({
  kind: z.literal("backbone"),
  name: z.string(),
  /** Of the ONNX file, which the model holds as `backbone-<column>`. */
  sha256: z.string(),
  output: z.string(),
  /** A fixed number of rows that the network takes at once; null where any goes. */
  batch: z.int().positive().nullable(),
  input: inputSchema,
  ...vectorScale,
});
type BackboneState = z.infer<typeof backboneState>;

export const backboneName = (column: string): string => `backbone-${column}`;

/** A backbone that was read and opened, before it is known what rows look like. */
export interface Backbone {
  readonly column: string;
  readonly source: Source;
  readonly sha256: string;
  readonly inputs: readonly ForeignValue[];
  readonly outputs: readonly ForeignValue[];
  readonly tokenizer?: string;
}

/** The modality that a column becomes where its options name a backbone. @throws Error where network and options do not fit */
export function backboneKind(backbone: Backbone): ModalityKind {
  const planOf = (options: unknown): InputPlan => ({ ...backbone, options });
  const settings = (options: unknown, seconds?: number) => {
    const { output: asked } = backboneOptions(planOf(options));
    const input = planInput(planOf(options), seconds);
    return { input, output: outputOf(backbone, asked), batch: batchOf(backbone) };
  };
  return {
    plan: (_name, probes, options) => inputRequest(planOf(options), probes),
    backbone(options, request) {
      const { input, output, batch } = settings(options, request?.media === "sound" ? request.maxSeconds : undefined);
      return useOf(backbone.column, input, output, batch);
    },
    fit({ name, sample, options, request }) {
      const found = sample.map((row) => vectorOf(row[name])).filter((vector) => vector instanceof Float32Array);
      if (found.length === 0) return null;
      const { likelihood } = backboneOptions(planOf(options));
      const chosen = settings(options, request?.media === "sound" ? request.maxSeconds : undefined);
      const { sha256 } = backbone;
      return openBackbone({ kind: "backbone", name, sha256, ...chosen, ...fitVectorScale(found, likelihood) });
    },
    open: openBackbone,
  };
}

function outputOf({ column, outputs }: Backbone, asked: string | undefined): string {
  const found = asked === undefined ? outputs[0] : outputs.find(({ name }) => name === asked);
  if (found && found.type === "float32" && found.shape.length >= 2 && found.shape.length <= 4) return found.name;
  throw new Error(
    `Cannot read column "${column}" through its backbone: expected ${asked === undefined ? "its first output" : `an output "${asked}"`} to be float32 [N, D], [N, L, D] or [N, C, H, W], found ${outputs.map(printValue).join("; ")}. Name another with the option output.`,
  );
}

function batchOf({ column, inputs }: Backbone): number | null {
  const batch = inputs[0]?.shape[0] ?? null;
  if (batch === null || batch === 1) return batch;
  throw new Error(
    `Cannot read column "${column}" through its backbone: expected an input of any number of rows, or of one, found ${batch}. Export the network with an open first axis.`,
  );
}

const rowsAtOnce = 16;

function useOf(column: string, input: BackboneState["input"], output: string, batch: number | null): BackboneUse {
  const feed = feederOf(input, column);
  // Without a mask a padded text would be another text.
  const size = batch ?? (input.source === "text" && input.mask === null ? 1 : rowsAtOnce);
  return {
    network: backboneName(column),
    async features(values, network) {
      const found: Float32Array[] = [];
      for (let start = 0; start < values.length; start += size) {
        const { inputs, weights } = feed(values.slice(start, start + size));
        const features = await runNetwork(column, network, inputs, output);
        found.push(...pooled(features, weights));
      }
      return found;
    },
  };
}

async function runNetwork(
  column: string,
  network: ForeignNetwork,
  inputs: Readonly<Record<string, ShapedArray>>,
  output: string,
): Promise<ShapedArray> {
  try {
    return await network.run(inputs, output);
  } catch (cause) {
    const shapes = Object.entries(inputs).map(([name, { shape }]) => `${name} [${shape.join(", ")}]`);
    throw new Error(
      `Cannot read column "${column}" through its backbone: the network refused ${shapes.join(", ")} (${cause instanceof Error ? cause.message : String(cause)}). Say the size that it wants in the column's options.`,
      { cause },
    );
  }
}

/** [N, D] → N vectors; [N, L, D] by the mean over the places that count, [N, C, H, W] over the picture. */
export function pooled({ shape, data }: ShapedArray, weights?: ShapedArray): Float32Array[] {
  const [rows, one = 1, two = 1, three = 1] = shape;
  return Array.from({ length: rows! }, (_, row) => {
    const own = (data as Float32Array).subarray(row * one * two * three, (row + 1) * one * two * three);
    if (shape.length === 2) return own.slice();
    if (shape.length === 4)
      return Float32Array.from({ length: one }, (_, c) => meanOf(two * three, (i) => own[c * two * three + i]!));
    // One vector a token, where there is one for each.
    const counts = (place: number) => (weights?.shape[1] === one ? weights.data[row * one + place]! : 1);
    const total = Math.max(
      1,
      Array.from({ length: one }, (_, place) => counts(place)).reduce((a, b) => a + b, 0),
    );
    return Float32Array.from(
      { length: two },
      (_, d) => (meanOf(one, (place) => own[place * two + d]! * counts(place)) * one) / total,
    );
  });
}

function meanOf(count: number, at: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += at(i);
  return total / count;
}

export function openBackbone(stored: ModalityState): Modality {
  return bound(readState(backboneState, stored, stored.name));
}

function bound(state: BackboneState, gallery?: Gallery): Modality {
  const { name, input, output, batch } = state;
  const vector = openVector({ ...state, kind: "vector" });
  const request = requestOf(input);
  const found = (features: Float32Array): Value | null => {
    const item = gallery && nearestItem(gallery, features);
    return item ? itemValue(item) : null;
  };
  return {
    ...vector,
    state,
    media: request ? { [name]: request } : {},
    backbone: useOf(name, input, output, batch),
    ...(gallery && { gallery }),
    withGallery: (items) => bound(state, items),
    decode(parameters, rows, random): Values[] {
      const features = vector.decode(parameters, rows, random);
      if (!gallery) return features;
      const { arrays } = vector.encode(features);
      const size = state.dimensions;
      return features.map((_, row) => ({
        [name]: found(arrays.values!.slice(row * size, (row + 1) * size) as Float32Array),
      }));
    },
  };
}
