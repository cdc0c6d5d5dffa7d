import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { Tokenizer as Reference } from "tokenizers";
import { beforeAll, describe, expect, it } from "vitest";
import { openTokenizer, trainTokenizer } from "./tokenizer.ts";
import { endToken, type TokenizerFile, type TokenizerKind, tokenizerFile, tokenizerKinds } from "./tokenizer-file.ts";

const folder =
  ["../shared", "../../shared"].map((shared) => `${shared}/data/emoji/annotations`).find((path) => existsSync(path)) ??
  "";

/** Names of emoji in 30 languages where the data is, else a few sentences. */
const texts: readonly string[] = folder
  ? readdirSync(folder).flatMap((file) => {
      const entries = JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as Record<string, { name?: string }>;
      return Object.values(entries)
        .map(({ name }) => name ?? "")
        .filter((_, i) => i % 40 === 0);
    })
  : [
      "the grey cat sat on the mat",
      "die graue Katze saß auf der Matte",
      "灰色的猫坐在垫子上",
      "جلست القطة الرمادية على السجادة",
    ];

/** Whatever a cell may hold: letters of any script, marks that combine, pairs, controls, spaces of all kinds. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.array(fc.constantFrom(...texts), { maxLength: 3 }).map((parts) => parts.join(" ")),
  fc.string({ unit: fc.constantFrom(" ", "\n", "\t", "\u00a0", "a", "İ", "Σ", "é", "e\u0301", "'", "-", "。", "한") }),
);

describe.each(tokenizerKinds)("%s tokeniser", (kind) => {
  const options = { kind, vocabulary: 900, lowerCase: false };
  let files: { cased: TokenizerFile; lower: TokenizerFile };
  beforeAll(() => {
    files = { cased: trainTokenizer(texts, options), lower: trainTokenizer(texts, { ...options, lowerCase: true }) };
  });
  const pairOf = (file: TokenizerFile) => ({
    own: openTokenizer(file),
    reference: Reference.fromString(JSON.stringify(file)),
  });

  it("gives the numbers that the reference gives for its file, in 30 languages", async () => {
    for (const file of Object.values(files)) {
      const { own, reference } = pairOf(file);
      const theirs = await reference.encodeBatch([...texts]);
      texts.forEach((text, i) => {
        expect(own.encode(text), text).toEqual(theirs[i]!.getIds());
      });
    }
  });

  it("gives them for any text", async () => {
    for (const file of Object.values(files)) {
      const { own, reference } = pairOf(file);
      const property = fc.asyncProperty(anyText, async (text) => {
        expect(own.encode(text)).toEqual((await reference.encode(text)).getIds());
      });
      await fc.assert(property, { numRuns: 500, seed: 1 });
    }
  });

  it("writes the same file for the same texts, which is read again as it was", () => {
    expect(trainTokenizer(texts, options)).toEqual(files.cased);
    expect(tokenizerFile.parse(JSON.parse(JSON.stringify(files.cased)))).toEqual(files.cased);
  });

  it("has no more tokens than asked for", () => {
    const many = Array.from({ length: 1000 }, (_, i) => `${String.fromCodePoint(0x4e00 + i)} w${i} w${i}`);
    const sizes = [300, 600, 900].map(
      (vocabulary) => openTokenizer(trainTokenizer(many, { ...options, vocabulary })).size,
    );
    expect(sizes).toEqual([300, 600, 900]);
  });
});

describe.each(["bpe", "unigram"] satisfies TokenizerKind[])("%s", (kind) => {
  it("gives every text back, in Unicode's composed form", async () => {
    const file = trainTokenizer(texts, { kind, vocabulary: 900, lowerCase: false });
    const own = openTokenizer(file);
    const reference = Reference.fromString(JSON.stringify(file));
    const property = fc.asyncProperty(anyText, async (text) => {
      const ids = own.encode(text);
      expect(own.decode(ids)).toBe(text.normalize("NFC"));
      expect(await reference.decode(ids, true)).toBe(own.decode(ids));
    });
    await fc.assert(property, { numRuns: 500, seed: 2 });
  });

  it("makes one token of what always stands together", () => {
    const own = openTokenizer(
      trainTokenizer(["seven", "two", "seven", "two"], { kind, vocabulary: 400, lowerCase: false }),
    );
    expect(own.encode("seven")).toHaveLength(1);
    expect(own.encode("sevens").length).toBeGreaterThan(1);
  });

  it("never learns a special token", () => {
    const own = openTokenizer(trainTokenizer(Array(9).fill("<|end|>"), { kind, vocabulary: 400, lowerCase: false }));
    expect(own.encode("<|end|>")).not.toContain(endToken);
    expect(own.decode(own.encode("<|end|>"))).toBe("<|end|>");
  });
});

describe("words", () => {
  const own = openTokenizer(
    trainTokenizer(["the cat’s well-known (old) hat, 5 cm: nice! __proto__"], {
      kind: "word",
      vocabulary: 99,
      lowerCase: true,
    }),
  );
  it.each(["the cat’s well-known (old) hat, 5 cm: nice!", "hat! __proto__"])(
    "come back as they are written: %s",
    (text) => {
      expect(own.decode(own.encode(text))).toBe(text);
    },
  );
  it("that are not known are left out", () => expect(own.decode(own.encode("the dog’s hat"))).toBe("the hat"));
});
