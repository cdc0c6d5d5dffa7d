import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../engine/random.ts";
import { chooseToken } from "./choose-token.ts";

const logits = Float32Array.of(2, 1, 0, -1, 3);
const never = [4];

describe("the next token", () => {
  it("is the likeliest that may come", () => expect(chooseToken(logits, never)).toBe(0));

  const draws = (temperature: number, topP: number, count = 4000) => {
    const rng = random(1);
    return Array.from({ length: count }, () => chooseToken(logits, never, { random: rng, temperature, topP }));
  };

  it("is drawn with its probability", () => {
    const drawn = draws(1, 1);
    const total = Math.exp(2) + Math.exp(1) + 1 + Math.exp(-1);
    [2, 1, 0, -1].forEach((logit, token) => {
      expect(drawn.filter((own) => own === token).length / drawn.length).toBeCloseTo(Math.exp(logit) / total, 1);
    });
    expect(drawn).not.toContain(4);
  });

  it("is drawn from the likeliest that together have the share asked for", () => {
    // Shares .644, .237, .087, .032
    expect(new Set(draws(1, 0.6))).toEqual(new Set([0]));
    expect(new Set(draws(1, 0.7))).toEqual(new Set([0, 1]));
    expect(new Set(draws(1, 0.95))).toEqual(new Set([0, 1, 2]));
  });

  it("is the likeliest as the temperature falls to 0, and any when it is high", () => {
    expect(new Set(draws(0, 1, 50))).toEqual(new Set([0]));
    expect(new Set(draws(0.02, 1, 200))).toEqual(new Set([0]));
    const drawn = draws(1000, 1);
    for (const token of [0, 1, 2, 3])
      expect(drawn.filter((own) => own === token).length / drawn.length).toBeCloseTo(0.25, 1);
  });

  it("never is one that must not come, whatever the logits", () => {
    const anyLogits = fc.float32Array({ minLength: 3, maxLength: 9, noNaN: true, min: -500, max: 500 });
    fc.assert(
      fc.property(
        anyLogits,
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (own, temperature, topP) => {
          const token = chooseToken(own, [1], { random: random(1), temperature, topP });
          expect(token).not.toBe(1);
          expect(token).toBeLessThan(own.length);
        },
      ),
      { seed: 3 },
    );
  });
});
