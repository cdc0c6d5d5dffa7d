import { describe, expect, it } from "vitest";
import type { Values } from "../data/records.ts";
import { random } from "../engine/random.ts";
import { softmaxOf } from "./likelihoods/categorical.ts";
import type { Encoded, Modality } from "./modality.ts";
import { likelihoodOf, modalityContract } from "./testing/modality-contract.ts";
import { fitText } from "./text.ts";
import { joinPieces, pieces } from "./tokens.ts";

const rowsOf = (...texts: string[]): Values[] => texts.map((word) => ({ word }));

/** Logits of 20 on the encoded tokens. */
const parametersFor = (size: number) => (encoded: Encoded) => {
  const logits = new Float32Array(encoded.arrays.tokens!.length * size);
  encoded.arrays.tokens!.forEach((token, at) => {
    logits[at * size + token] = 20;
  });
  return logits;
};

/** Sum over the tokens and the first pad. */
const densityAt = (length: number, size: number) => (parameters: Float32Array, encoded: Encoded, row: number) => {
  let total = 0;
  for (let at = 0; at < length; at++) {
    const token = encoded.arrays.tokens![row * length + at]!;
    const start = (row * length + at) * size;
    total += Math.log(softmaxOf(parameters.subarray(start, start + size))[token]!);
    if (token === 0) break;
  }
  return total;
};

function contract(name: string, samples: Values[], options: unknown) {
  modalityContract(name, () => {
    const modality = fitText("word", samples, options)!;
    const [length, size] = modality.parameterShape as [number, number];
    return {
      modality,
      samples,
      parametersFor: parametersFor(size),
      expectSame: (decoded, sample) => expect(decoded).toEqual(sample),
      densityAt: densityAt(length, size),
    };
  });
}

contract("text by character", rowsOf("seven", "two", "Zürich", "x"), {});
contract("text of single characters", rowsOf("a", "b"), {});
const words = Array.from({ length: 70 }, (_, i) => `w${i}`);
contract("text by word, embedded", rowsOf(words.slice(0, 4).join(" "), words.slice(4).join(" ")), {
  level: "word",
  maxLength: 70,
});

describe("text", () => {
  const fitted = (texts: string[], options: unknown = {}): Modality => fitText("word", rowsOf(...texts), options)!;

  it("takes short strings by character, as long as the longest", () => {
    const modality = fitted(["seven", "two"]);
    expect(modality.state).toMatchObject({ level: "character", length: 5, lowerCase: false });
    expect(modality.featureShape).toEqual([5 * (2 + 7)]);
  });

  it("takes long strings by word, in lower case, at most 24 of them", () => {
    const modality = fitted(["A very long sentence that no one would ever spell, letter by letter. ".repeat(3)]);
    expect(modality.state).toMatchObject({ level: "word", length: 24, lowerCase: true });
    expect(modality.gridAxes).toBe(0);
  });

  it("reads pieces that it has not seen, and what is cut off, without an issue", () => {
    const modality = fitted(["abc", "ab"]);
    const { arrays, present, issues } = modality.encode(rowsOf("azcab", " "));
    expect([...arrays.tokens!]).toEqual([2, 1, 4, 0, 0, 0]);
    expect([...present]).toEqual([1, 0]);
    expect(issues).toEqual([]);
  });

  it("scores nothing behind the end", () => {
    const modality = fitted(["abcd", "a"]);
    const size = modality.parameterShape[1]!;
    const { slope } = likelihoodOf(modality, modality.encode(rowsOf("a")), new Float32Array(4 * size).fill(0.5));
    const positions = [0, 1, 2, 3].map((at) => slope.slice(at * size, (at + 1) * size).some((x) => x !== 0));
    expect(positions).toEqual([true, true, false, false]);
  });

  it("draws strings with their probabilities, never an unknown piece or nothing", () => {
    const modality = fitted(["ab", "b"]);
    // At both places: pad, unknown, b, a
    const logits = Float32Array.from({ length: 2 * 4 * 4000 }, (_, i) => [0, 9, 1, 0][i % 4]!);
    const drawn = modality.decode(logits, 4000, random(2)).map(({ word }) => word as string);
    expect(new Set(drawn)).toEqual(new Set(["a", "b", "aa", "ab", "ba", "bb"]));
    const share = (test: (text: string) => boolean) => drawn.filter(test).length / drawn.length;
    expect(share((text) => text.startsWith("b"))).toBeCloseTo(Math.E / (1 + Math.E), 1);
    expect(share((text) => text.length === 1)).toBeCloseTo(1 / (2 + Math.E), 1);
  });

  it("is nothing without a string", () => expect(fitText("word", [{ word: null }], {})).toBeNull());
});

describe("pieces", () => {
  it("counts code points, after normalisation", () => {
    expect(pieces("ne\u0301😀", "character", false)).toEqual(["n", "é", "😀"]);
  });

  it("splits words from signs and joins them as they are written", () => {
    const text = "the cat’s well-known (old) hat, 5 cm: nice!";
    const parts = pieces(text, "word", true);
    expect(parts).toEqual(["the", "cat’s", "well-known", "(", "old", ")", "hat", ",", "5", "cm", ":", "nice", "!"]);
    expect(joinPieces(parts, "word")).toBe(text);
  });
});
