import { expect, test } from "vitest";
import { firstVae } from "./first-vae.ts";

test("the textbook network learns: its held-out lower bound rises, and its latents are used", async () => {
  const lines: string[] = [];
  const { before, after } = await firstVae({ epochs: 20, log: (line: string) => lines.push(line) });
  // Ten fair coins cost 10 log 2 = 6.9 nats; the best that columns by themselves can do is about 4.6.
  expect(before).toBeLessThan(-6);
  expect(after).toBeGreaterThan(-4.6);
  expect(lines.at(-1)).toMatch(/held-out ELBO -\d\.\d\d nats a row \(KL \d\.\d\d\)/);
});
