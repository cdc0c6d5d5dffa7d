import { describe, expect, it } from "vitest";
import { gradients } from "../../engine/differentiate.ts";
import { evaluate } from "../../engine/evaluate.ts";
import { input, sum } from "../../engine/ops.ts";
import { random } from "../../engine/random.ts";
import { ndarray } from "../../engine/reference.ts";
import { logGammaAt } from "./special.ts";
import { logNormaliser, logNormaliserAt, sampleDirection } from "./von-mises-fisher.ts";

/** log I_v(x) by its power series (DLMF 10.25.2), summed by logarithms: exact, and slow for large x. */
function logBesselBySeries(v: number, x: number): number {
  const terms = Array.from(
    { length: 400 + Math.ceil(2 * x) },
    (_, k) => (v + 2 * k) * Math.log(x / 2) - logGammaAt(k + 1) - logGammaAt(v + k + 1),
  );
  const most = terms.reduce((a, b) => Math.max(a, b));
  return most + Math.log(terms.reduce((total, term) => total + Math.exp(term - most), 0));
}

const dimensions = [2, 3, 5, 16, 25, 27, 64, 768];
const shares = [0.05, 0.3, 1, 5, 40, 400];

describe("the von Mises–Fisher normaliser", () => {
  it.each(dimensions)("agrees with the Bessel function's own series in %i dimensions", (size) => {
    for (const share of shares) {
      const kappa = share * size;
      // The series takes terms in proportion to κ.
      if (kappa > 20_000) continue;
      const order = size / 2 - 1;
      const expected = order * Math.log(kappa) - (size / 2) * Math.log(2 * Math.PI) - logBesselBySeries(order, kappa);
      expect(Math.abs(logNormaliserAt(kappa, size) - expected)).toBeLessThan(1e-5 + 1e-9 * Math.abs(expected));
    }
  });

  it("is the known one on the sphere: κ / (4π sinh κ)", () => {
    for (const kappa of [0.1, 1, 7, 300]) {
      const logSinh = kappa + Math.log1p(-Math.exp(-2 * kappa)) - Math.log(2);
      expect(logNormaliserAt(kappa, 3)).toBeCloseTo(Math.log(kappa) - Math.log(4 * Math.PI) - logSinh, 5);
    }
  });

  it("makes the density sum to 1 over the circle", () => {
    const steps = 20_000;
    for (const kappa of [0.1, 2, 50]) {
      let total = 0;
      for (let i = 0; i < steps; i++)
        total += Math.exp(logNormaliserAt(kappa, 2) + kappa * Math.cos((2 * Math.PI * i) / steps));
      expect((total * 2 * Math.PI) / steps).toBeCloseTo(1, 5);
    }
  });

  it.each(dimensions)("is the same in the graph, with the slope that differences give, in %i dimensions", (size) => {
    const kappas = shares.map((share) => share * size);
    const x = input("kappa", ["batch"]);
    const value = logNormaliser(x, size);
    const [slope] = gradients(sum(value), [x]);
    const found = evaluate({ value, slope: slope! }, { kappa: ndarray([kappas.length], kappas) });
    // The graph stores its constants in float32.
    kappas.forEach((kappa, i) => {
      const expected = logNormaliserAt(kappa, size);
      expect(Math.abs(found.value.data[i]! - expected)).toBeLessThan(2e-7 * Math.max(1, Math.abs(expected)));
      const step = 1e-4 * kappa;
      const difference = (logNormaliserAt(kappa + step, size) - logNormaliserAt(kappa - step, size)) / (2 * step);
      expect(found.slope.data[i]!).toBeCloseTo(difference, 4);
    });
  });
});

describe("draws of directions", () => {
  it.each([
    [2, 3],
    [3, 5],
    [50, 200],
  ])("have length 1 and the mean that the density has: %i dimensions, κ %i", (size, kappa) => {
    const rng = random(1, "directions");
    const mean = Float64Array.from({ length: size }, (_, d) => (d === 0 ? 0.6 : d === 1 ? -0.8 : 0));
    const draws = Array.from({ length: 4000 }, () => sampleDirection(mean, kappa, rng));
    for (const x of draws.slice(0, 20)) expect(x.reduce((total, value) => total + value ** 2, 0)).toBeCloseTo(1, 9);
    const cosine = draws.reduce((total, x) => total + x[0]! * 0.6 - x[1]! * 0.8, 0) / draws.length;
    // E[μᵀx] = -d log C / dκ (exponential family)
    const expected = -(logNormaliserAt(kappa + 1e-3, size) - logNormaliserAt(kappa - 1e-3, size)) / 2e-3;
    expect(cosine).toBeCloseTo(expected, 1);
    expect(Math.abs(cosine - expected)).toBeLessThan(0.02);
  });
});
