/**
 * @file Latents → items, and how likely given items are. In: modalities, and how to open their decoders. Out: values in the user's
 * units, arrays, log-likelihoods. Here alone it matters whether a decoder says an item at once or token by token.
 */
import type { Values } from "../data/records.ts";
import { lower } from "../engine/onnx.ts";
import { input } from "../engine/ops.ts";
import type { Random } from "../engine/random.ts";
import type { Executable } from "../engine/runtime.ts";
import { arrayInputName, joinBatches, modalityFeeds, modalityInputs, selectRows } from "../modalities/batch.ts";
import { complete, type Encoded, type Modality, type TokenSequence } from "../modalities/modality.ts";
import { chooseToken, type Writing } from "./choose-token.ts";
import { latentInput, nextOutput, placeInput } from "./vae.ts";

export interface ItemOptions {
  /** Draws from the likelihood in place of the most typical values. */
  readonly random?: Random | undefined;
  /** The values that each row is made after, where there are some: a sound made after itself keeps its phase. */
  readonly like?: readonly Values[] | undefined;
  /** How sequences of tokens are drawn: then they are, even where all else is typical. */
  readonly writing?: Writing | undefined;
}

export interface Networks {
  /** The decoder of a modality, with one of its outputs. */
  decoder(modality: string, output: string): Promise<Executable>;
  /** `densityModel` of a modality. */
  density(modality: Modality): Promise<Executable>;
}

const parametersName = "parameters";

/** Parameters of the likelihood and an item's arrays → `density` [batch], in nats. */
export function densityModel(modality: Modality): Uint8Array {
  const parameters = input(parametersName, ["batch", ...modality.parameterShape]);
  return lower({ density: modality.logLikelihood(parameters, modalityInputs(modality)) }).bytes;
}

/** Rows that pass through a network at once. */
export const chunk = 256;

export function decoding(modalities: readonly Modality[], latent: number, networks: Networks) {
  const named = (name: string): Modality => {
    const found = modalities.find((modality) => modality.name === name);
    if (found) return found;
    throw new Error(`The model has no modality "${name}"; it knows ${modalities.map((m) => m.name).join(", ")}.`);
  };

  /** Parameters of a part's rows; a sequence's given the tokens of these items. */
  const parametersOf = async (modality: Modality, part: Part, items?: Encoded): Promise<Float32Array> => {
    const decoder = await networks.decoder(modality.name, parametersName);
    const tokens = modality.sequence && items ? modalityFeeds(modality, items) : {};
    const arrays = { ...tokens, [latentInput]: part.latents.slice() };
    return (await decoder.run({ batch: part.rows, arrays })).parameters!;
  };

  /** Tokens [rows, length], one place after the other; rows that have ended are not looked at again. */
  const write = async (modality: Modality, sequence: TokenSequence, part: Part, writing?: Writing) => {
    const { array, length, size, end } = sequence;
    const decoder = await networks.decoder(modality.name, nextOutput);
    const tokens = new Int32Array(part.rows * length).fill(end);
    const isGreedy = !writing || writing.temperature === 0;
    let open = Array.from({ length: part.rows }, (_, row) => row);
    for (let place = 0; place < length && open.length > 0; place++) {
      const arrays = {
        [latentInput]: gatherRows(part.latents, latent, open),
        [arrayInputName(modality.name, array)]: gatherRows(tokens, length, open),
        [placeInput]: new Int32Array(open.length).fill(place),
      };
      const { [nextOutput]: logits } = await decoder.run({ batch: open.length, arrays });
      // No item is empty.
      const never = place === 0 ? [...sequence.unsaid, end] : sequence.unsaid;
      open.forEach((row, i) => {
        const own = logits!.subarray(i * size, (i + 1) * size);
        const before = tokens.subarray(row * length, row * length + place);
        tokens[row * length + place] = chooseToken(own, [...never, ...(isGreedy ? repeating(before) : [])], writing);
      });
      open = open.filter((row) => tokens[row * length + place] !== end);
    }
    return tokens;
  };

  return {
    async items(name: string, latents: Float32Array, { random, writing, like }: ItemOptions = {}): Promise<Values[]> {
      const modality = named(name);
      const { sequence } = modality;
      const drawn = writing ?? (random && { random, temperature: 1, topP: 1 });
      const values: Values[] = [];
      for (const part of partsOf(latents, latent)) {
        const own = sequence
          ? sequence.values(await write(modality, sequence, part, drawn), part.rows)
          : modality.decode(
              await parametersOf(modality, part),
              part.rows,
              random,
              like?.slice(part.from, part.from + part.rows),
            );
        values.push(...own);
      }
      return values;
    },

    async consensus(name: string, draws: readonly Float32Array[], columns?: readonly string[]): Promise<Values[]> {
      const modality = named(name);
      if (!modality.consensus) throw new Error(`The modality "${name}" has no typical item over several latents.`);
      const parts = draws.map((latents) => partsOf(latents, latent));
      const values: Values[] = [];
      for (const [i, { rows }] of parts[0]!.entries()) {
        const parameters: Float32Array[] = [];
        for (const own of parts) parameters.push(await parametersOf(modality, own[i]!));
        values.push(...modality.consensus(parameters, rows, columns));
      }
      return values;
    },

    async typical(name: string, latents: Float32Array): Promise<Encoded> {
      const modality = named(name);
      const { sequence } = modality;
      const parts: Encoded[] = [];
      for (const part of partsOf(latents, latent))
        parts.push(
          sequence
            ? complete(part.rows, { [sequence.array]: await write(modality, sequence, part) })
            : modality.typical(await parametersOf(modality, part), part.rows),
        );
      return joinBatches(parts.map((own) => ({ [name]: own })))[name] ?? complete(0, {});
    },

    async logLikelihood(name: string, latents: Float32Array, items: Encoded): Promise<Float32Array> {
      const modality = named(name);
      const density = await networks.density(modality);
      const result = new Float32Array(items.rows);
      for (const part of partsOf(latents, latent)) {
        const indices = Array.from({ length: part.rows }, (_, i) => part.from + i);
        const own = selectRows({ [name]: items }, indices)[name]!;
        const parameters = await parametersOf(modality, part, own);
        const arrays = { ...modalityFeeds(modality, own), [parametersName]: parameters };
        result.set((await density.run({ batch: part.rows, arrays })).density!, part.from);
      }
      return result;
    },
  };
}

/**
 * Tokens that would say one a third time in a row, or three in a row a second time. The likeliest token after the likeliest often
 * runs in circles; no text of a few words says the same three twice (Paulus 2018, 1705.04304, section 2.5).
 */
export function repeating(before: Int32Array): number[] {
  if (before.length < 2) return [];
  const [first, second] = before.slice(-2);
  const found = first === second ? [first!] : [];
  for (let i = 2; i < before.length; i++)
    if (before[i - 2] === first && before[i - 1] === second) found.push(before[i]!);
  return found;
}

interface Part {
  readonly from: number;
  readonly rows: number;
  /** A view: a copy is posted, for of a view all the memory behind it would be. */
  readonly latents: Float32Array;
}

function partsOf(latents: Float32Array, width: number): Part[] {
  const rows = latents.length / width;
  return Array.from({ length: Math.ceil(rows / chunk) }, (_, i) => {
    const from = i * chunk;
    const to = Math.min(rows, from + chunk);
    return { from, rows: to - from, latents: latents.subarray(from * width, to * width) };
  });
}

function gatherRows<T extends Float32Array | Int32Array>(values: T, width: number, rows: readonly number[]): T {
  const result = new (values.constructor as new (length: number) => T)(rows.length * width);
  rows.forEach((row, i) => {
    result.set(values.subarray(row * width, (row + 1) * width), i * width);
  });
  return result;
}
