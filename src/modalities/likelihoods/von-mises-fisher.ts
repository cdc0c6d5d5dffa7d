/**
 * @file The von Mises–Fisher distribution: directions x, |x| = 1, about a direction μ (Fisher 1953; Banerjee et al. 2005, eq. 2.1):
 *   log p(x) = log C_D(κ) + κ μᵀx,   C_D(κ) = κ^v / ((2π)^(D/2) I_v(κ)),   v = D/2 - 1,
 * in nats on the surface of the unit sphere in D dimensions. In: concentrations. Out: log C_D, for the graph and on plain numbers;
 * draws (Wood 1994).
 *
 * log I_v, the modified Bessel function of the first kind, by Debye's expansion, uniform in κ (DLMF 10.41.3 with the first terms of
 * 10.41.10): with s = √(V² + κ²) and p = V / s,
 *   log I_V(κ) ≈ s + V log(κ / (V + s)) - ½ log 2πs + log(1 + U₁(p)/V + U₂(p)/V² + U₃(p)/V³).
 * It is good to 1e-6 from V = 12 on. A smaller order v is reached from V = v + n by the ratios r_j = I_{j+1} / I_j, which follow
 * from one another downwards, r_{j-1} = 1 / (2j / κ + r_j) (DLMF 10.29.1), and forget the guess that they start from (Amos 1974).
 */
import { add, constant, div, log, mul, neg, sqrt, sub } from "../../engine/ops.ts";
import type { Random } from "../../engine/random.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { sampleGamma } from "./special.ts";

const leastOrder = 12;
/** Ratios above the expansion's order: by then the guess is forgotten. */
const ratiosAbove = 24;

const orderOf = (dimensions: number) => {
  const order = dimensions / 2 - 1;
  const steps = Math.max(0, Math.ceil(leastOrder - order));
  return { order, steps, reached: order + steps };
};

/** The coefficients of Uₖ(p) = pᵏ (c₀ + c₁ p² + …). */
const debye = [
  [3 / 24, -5 / 24],
  [81 / 1152, -462 / 1152, 385 / 1152],
  [30_375 / 414_720, -369_603 / 414_720, 765_765 / 414_720, -425_425 / 414_720],
] as const;

/** log C_D(κ), element by element. */
export function logNormaliser(kappa: Tensor, dimensions: number): Tensor {
  const { order, steps, reached } = orderOf(dimensions);
  const logKappa = log(kappa);
  const root = sqrt(add(mul(kappa, kappa), reached ** 2));
  const p = div(constant(reached), root);
  const square = mul(p, p);
  let series: Tensor = constant(1);
  let power: Tensor = p;
  debye.forEach((coefficients, k) => {
    const inner = coefficients.reduceRight<Tensor>((sum, c) => add(mul(square, sum), c), mul(p, 0));
    series = add(series, mul(mul(power, inner), reached ** -(k + 1)));
    power = mul(power, p);
  });
  let bessel = add(add(root, mul(sub(logKappa, log(add(root, reached))), reached)), log(series));
  bessel = sub(bessel, mul(log(mul(root, 2 * Math.PI)), 0.5));
  if (steps > 0) {
    const inverse = div(constant(1), kappa);
    const top = reached + ratiosAbove;
    let ratio = div(kappa, add(sqrt(add(mul(kappa, kappa), (top + 1.5) ** 2)), top + 0.5));
    for (let j = top; j > order; j--) {
      ratio = div(constant(1), add(mul(inverse, 2 * j), ratio));
      if (j <= reached) bessel = add(bessel, neg(log(ratio)));
    }
  }
  return sub(sub(mul(logKappa, order), bessel), (dimensions / 2) * Math.log(2 * Math.PI));
}

/** The same on a number. */
export function logNormaliserAt(kappa: number, dimensions: number): number {
  const { order, steps, reached } = orderOf(dimensions);
  const root = Math.sqrt(kappa ** 2 + reached ** 2);
  const p = reached / root;
  const terms = debye.map((coefficients, k) => {
    const inner = coefficients.reduceRight((sum, c) => sum * p * p + c, 0);
    return (p / reached) ** (k + 1) * inner;
  });
  const series = terms.reduce((sum, term) => sum + term, 1);
  let bessel = root + reached * Math.log(kappa / (reached + root)) - 0.5 * Math.log(2 * Math.PI * root);
  bessel += Math.log(series);
  const top = reached + ratiosAbove;
  let ratio = kappa / (top + 0.5 + Math.sqrt((top + 1.5) ** 2 + kappa ** 2));
  for (let j = top; steps > 0 && j > order; j--) {
    ratio = 1 / ((2 * j) / kappa + ratio);
    if (j <= reached) bessel -= Math.log(ratio);
  }
  return order * Math.log(kappa) - bessel - (dimensions / 2) * Math.log(2 * Math.PI);
}

/** A direction drawn about `mean`, of length 1 (Wood 1994, algorithm VM*). */
export function sampleDirection(mean: ArrayLike<number>, kappa: number, random: Random): Float64Array {
  const size = mean.length;
  const cosine = sampleCosine(size - 1, kappa, random);
  const side = Float64Array.from({ length: size }, () => random.normal());
  let along = 0;
  for (let d = 0; d < size; d++) along += side[d]! * mean[d]!;
  let squares = 0;
  for (let d = 0; d < size; d++) squares += (side[d] = side[d]! - along * mean[d]!) ** 2;
  const sine = Math.sqrt(Math.max(0, 1 - cosine ** 2) / Math.max(squares, Number.MIN_VALUE));
  return side.map((value, d) => cosine * mean[d]! + sine * value);
}

function sampleCosine(m: number, kappa: number, random: Random): number {
  const b = m / (2 * kappa + Math.sqrt(4 * kappa ** 2 + m ** 2));
  const x = (1 - b) / (1 + b);
  const c = kappa * x + m * Math.log(1 - x * x);
  while (true) {
    const [one, other] = [sampleGamma(m / 2, random), sampleGamma(m / 2, random)];
    const share = one / (one + other);
    const w = (1 - (1 + b) * share) / (1 - (1 - b) * share);
    if (kappa * w + m * Math.log(1 - x * w) - c >= Math.log(1 - random.uniform())) return w;
  }
}
