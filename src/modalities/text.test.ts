import { describe, expect, it } from "vitest";
import type { Values } from "../data/records.ts";
import { random } from "../engine/random.ts";
import { softmaxOf } from "./likelihoods/categorical.ts";
import { sigmoidAt, softplusAt } from "./likelihoods/likelihood.ts";
import type { Encoded, Modality } from "./modality.ts";
import { likelihoodOf, modalityContract } from "./testing/modality-contract.ts";
import { fitText } from "./text.ts";

const rowsOf = (...texts: string[]): Values[] => texts.map((word) => ({ word }));

/** Logits of 20 on the encoded tokens. */
const parametersFor = (size: number) => (encoded: Encoded) => {
  const logits = new Float32Array(encoded.arrays.tokens!.length * size);
  encoded.arrays.tokens!.forEach((token, at) => {
    logits[at * size + token] = 20;
  });
  return logits;
};

/** Sum over the tokens and the end. */
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

contract("text by character, positional", rowsOf("seven", "two", "Zürich", "x"), {
  tokenizer: "character",
  decoder: "positional",
});
contract("text of single characters", rowsOf("a", "b"), { tokenizer: "character" });
contract("text by pieces of words", rowsOf("灰色的猫", "the cat's cat", "قطة"), { vocabulary: 270 });
contract("text by likely pieces", rowsOf("seven seven", "two"), { tokenizer: "unigram", vocabulary: 270 });
const words = Array.from({ length: 70 }, (_, i) => `w${i}`);
contract("text by word", rowsOf(words.slice(0, 4).join(" "), words.slice(4).join(" ")), {
  tokenizer: "word",
  maxLength: 70,
});

modalityContract("text as a bag of words", () => {
  const samples = rowsOf("red cat", "cat", "old red hat");
  const modality = fitText("word", samples, { decoder: "bag" })!;
  const [size] = modality.parameterShape as [number];
  const occurs = ({ arrays }: Encoded, row: number, token: number) =>
    token > 0 && arrays.tokens!.subarray(row * 3, row * 3 + 3).includes(token);
  const each = <T>(encoded: Encoded, f: (row: number, token: number) => T) =>
    Array.from({ length: encoded.rows * size }, (_, i) => f(Math.floor(i / size), i % size));
  return {
    modality,
    samples,
    parametersFor: (encoded) =>
      Float32Array.from(each(encoded, (row, token) => (occurs(encoded, row, token) ? 20 : -20))),
    expectSame: ({ word: decoded }, { word }) =>
      expect(String(decoded).split(" ").sort()).toEqual(String(word).split(" ").sort()),
    densityAt: (parameters, encoded, row) => {
      let sum = 0;
      for (let token = 0; token < size; token++) {
        const logit = parameters[row * size + token]!;
        sum += (occurs(encoded, row, token) ? logit : 0) - softplusAt(logit);
      }
      return sum;
    },
  };
});

describe("text", () => {
  const fitted = (texts: string[], options: unknown = {}): Modality => fitText("word", rowsOf(...texts), options)!;
  const byCharacter = { tokenizer: "character", decoder: "positional" };

  it("is as long as 99 % of the strings, up to 64 tokens", () => {
    expect(fitted(["seven", "two"], byCharacter).featureShape).toEqual([5, 64]);
    const few = ["x".repeat(30), ...Array.from({ length: 199 }, () => "seven")];
    expect(fitted(few, byCharacter).state).toMatchObject({ length: 5 });
    expect(fitted(["x".repeat(99)], byCharacter).state).toMatchObject({ length: 64 });
    expect(fitted(["x".repeat(99)], { ...byCharacter, maxLength: 80 }).state).toMatchObject({ length: 80 });
  });

  it("says what belongs to an item, and counts its tokens with the end", () => {
    const modality = fitted(["abcde", "a"]);
    expect(modality.extent).toBeDefined();
    expect(modality.events!.count(modality.encode([...rowsOf("abcde", "a"), {}]))).toBe(
      modality.events!.count(modality.encode(rowsOf("abcde"))) + 2,
    );
  });

  it("reads pieces that it has not seen, and what is cut off, without an issue", () => {
    const modality = fitted(["abc", "ab"], byCharacter);
    const { arrays, present, issues } = modality.encode(rowsOf("azcab", " "));
    expect([...arrays.tokens!]).toEqual([2, 1, 4, 0, 0, 0]);
    expect([...present]).toEqual([1, 0]);
    expect(issues).toEqual([]);
  });

  it("spells what it has not seen where tokens are made of bytes", () => {
    const modality = fitted(["abc", "ab"], { maxLength: 20 });
    const { arrays } = modality.encode(rowsOf("azc 猫"));
    expect(modality.sequence!.values(arrays.tokens as Int32Array, 1)).toEqual(rowsOf("azc 猫"));
  });

  it("scores nothing behind the end", () => {
    const modality = fitted(["abcd", "a"], byCharacter);
    const size = modality.parameterShape[1]!;
    const { slope } = likelihoodOf(modality, modality.encode(rowsOf("a")), new Float32Array(4 * size).fill(0.5));
    const positions = [0, 1, 2, 3].map((at) => slope.slice(at * size, (at + 1) * size).some((x) => x !== 0));
    expect(positions).toEqual([true, true, false, false]);
  });

  it("draws strings with their probabilities, never an unknown piece or nothing", () => {
    const modality = fitted(["ab", "b"], byCharacter);
    // At both places: end, unknown, b, a
    const logits = Float32Array.from({ length: 2 * 4 * 4000 }, (_, i) => [0, 9, 1, 0][i % 4]!);
    const drawn = modality.decode(logits, 4000, random(2)).map(({ word }) => word as string);
    expect(new Set(drawn)).toEqual(new Set(["a", "b", "aa", "ab", "ba", "bb"]));
    const share = (test: (text: string) => boolean) => drawn.filter(test).length / drawn.length;
    expect(share((text) => text.startsWith("b"))).toBeCloseTo(Math.E / (1 + Math.E), 1);
    expect(share((text) => text.length === 1)).toBeCloseTo(1 / (2 + Math.E), 1);
  });

  it("draws each word of a bag by itself, and says at least the likeliest", () => {
    const modality = fitted(["cat", "cat hat"], { decoder: "bag" });
    // End, unknown, cat, hat
    const drawn = modality.decode(
      Float32Array.from({ length: 4 * 2000 }, (_, i) => [9, 9, 1, -1][i % 4]!),
      2000,
      random(2),
    );
    const share = drawn.filter(({ word }) => String(word).includes("hat")).length / 2000;
    expect(share).toBeCloseTo(sigmoidAt(-1), 1);
    expect(modality.decode(Float32Array.of(9, 9, -2, -1), 1)).toEqual(rowsOf("hat"));
  });

  it("is nothing without a string", () => expect(fitText("word", [{ word: null }], {})).toBeNull());

  it("names what is wrong with an option", () => {
    expect(() => fitted(["a"], { vocabulary: 100 })).toThrow(/vocabulary to be at least 258/);
    expect(() => fitted(["a"], { level: "word" })).toThrow(/column "word".*level/);
    expect(() => fitted(["a"], { decoder: "greedy" })).toThrow(/decoder/);
  });
});
