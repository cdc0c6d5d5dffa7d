import { expect, test } from "vitest";
import { random } from "../engine/random.ts";
import { fitMixture, mixtureLogDensity, sampleMixture, standardNormal } from "./prior.ts";

const centres = [
  [0, 5],
  [-4, -3],
  [6, -2],
];

/** 900 rows around three centres, with shares ½, ⅓ and ⅙. */
function clusters() {
  const rng = random(3, "clusters");
  const rows = Array.from({ length: 900 }, (_, i) => (i % 6 < 3 ? 0 : i % 6 < 5 ? 1 : 2));
  return Float32Array.from(rows.flatMap((c) => centres[c]!.map((x) => x + 0.5 * rng.normal())));
}

test("a mixture finds clusters with their shares, places and spreads", () => {
  const latents = clusters();
  const mixture = fitMixture(latents, new Float32Array(latents.length), 2, { components: 3, seed: 1 });
  const found = Array.from(mixture.weights.keys()).sort((a, b) => mixture.weights[b]! - mixture.weights[a]!);
  found.forEach((component, rank) => {
    expect(mixture.weights[component]).toBeCloseTo([1 / 2, 1 / 3, 1 / 6][rank]!, 1);
    for (const d of [0, 1]) {
      expect(mixture.means[2 * component + d]).toBeCloseTo(centres[rank]![d]!, 0);
      expect(Math.sqrt(mixture.variances[2 * component + d]!)).toBeCloseTo(0.5, 1);
    }
  });
});

test("the spread of the posteriors counts as variance", () => {
  const latents = Float32Array.from({ length: 200 }, () => 0);
  const mixture = fitMixture(latents, new Float32Array(200).fill(2), 1, { components: 1, seed: 1 });
  expect(mixture.variances[0]).toBeCloseTo(2, 5);
});

test("samples follow the density: their mean log density is minus the entropy", () => {
  const normal = standardNormal(2);
  const rng = random(4, "samples");
  const draws = Array.from({ length: 4000 }, () => mixtureLogDensity(normal, sampleMixture(normal, rng)));
  expect(draws.reduce((a, b) => a + b, 0) / draws.length).toBeCloseTo(-(1 + Math.log(2 * Math.PI)), 1);
});

test("few rows get few components, and equal rows no infinite density", () => {
  const mixture = fitMixture(new Float32Array(30), new Float32Array(30), 2, { components: 10, seed: 1 });
  expect(mixture.weights).toHaveLength(1);
  expect(Number.isFinite(mixtureLogDensity(mixture, [0, 0]))).toBe(true);
});
