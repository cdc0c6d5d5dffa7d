/**
 * The optimiser's arithmetic in WebAssembly SIMD (AssemblyScript): n parameters in place, four at a time. Pointers are byte
 * addresses of 16-byte aligned float32 arrays whose length is a multiple of 4. The rules share one body, inlined into each with
 * constant flags, so that plain Adam pays nothing for the others.
 */

/**
 *   m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  p ← p − (rate·m / (√u·correction + ε) + decay·p),  g scaled by `scale` (clipping)
 * `rate` already holds 1/(1 − β₁ᵗ), `correction` is 1/√(1 − β₂ᵗ) (Kingma & Ba 2015, algorithm 1). u = v, and in AMSGrad the
 * largest v so far (Reddi et al. 2018, algorithm 2). `decay` is decoupled from the gradient (Loshchilov & Hutter 2019,
 * algorithm 2); as a difference it keeps its digits, which a factor 1 − decay would lose in float32.
 */
// @ts-ignore: decorator
@inline
function update(
  isMaximum: bool,
  isDecaying: bool,
  p: usize,
  m: usize,
  v: usize,
  u: usize,
  g: usize,
  n: i32,
  rate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  correction: f32,
  scale: f32,
  decay: f32,
): void {
  const b1 = f32x4.splat(beta1);
  const c1 = f32x4.splat((1 - beta1) * scale);
  const b2 = f32x4.splat(beta2);
  const c2 = f32x4.splat((1 - beta2) * scale * scale);
  const step = f32x4.splat(rate);
  const eps = f32x4.splat(epsilon);
  const correct = f32x4.splat(correction);
  const shrink = f32x4.splat(decay);
  const bytes = <usize>n << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = v128.load(g + i);
    const first = f32x4.add(f32x4.mul(b1, v128.load(m + i)), f32x4.mul(c1, gradient));
    const second = f32x4.add(f32x4.mul(b2, v128.load(v + i)), f32x4.mul(c2, f32x4.mul(gradient, gradient)));
    v128.store(m + i, first);
    v128.store(v + i, second);
    let under = second;
    if (isMaximum) {
      under = f32x4.max(v128.load(u + i), second);
      v128.store(u + i, under);
    }
    const scaled = f32x4.div(first, f32x4.add(f32x4.mul(f32x4.sqrt(under), correct), eps));
    const before = v128.load(p + i);
    let change = f32x4.mul(step, scaled);
    if (isDecaying) change = f32x4.add(change, f32x4.mul(shrink, before));
    v128.store(p + i, f32x4.sub(before, change));
  }
}

export function adam(
  p: usize,
  m: usize,
  v: usize,
  g: usize,
  n: i32,
  rate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  correction: f32,
  scale: f32,
): void {
  update(false, false, p, m, v, 0, g, n, rate, beta1, beta2, epsilon, correction, scale, 0);
}

export function adamw(
  p: usize,
  m: usize,
  v: usize,
  g: usize,
  n: i32,
  rate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  correction: f32,
  scale: f32,
  decay: f32,
): void {
  update(false, true, p, m, v, 0, g, n, rate, beta1, beta2, epsilon, correction, scale, decay);
}

export function amsgrad(
  p: usize,
  m: usize,
  v: usize,
  u: usize,
  g: usize,
  n: i32,
  rate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  correction: f32,
  scale: f32,
  decay: f32,
): void {
  update(true, true, p, m, v, u, g, n, rate, beta1, beta2, epsilon, correction, scale, decay);
}

/** a ← a + weight·(p − a): one step of an exponential moving average. */
export function average(a: usize, p: usize, n: i32, weight: f32): void {
  const share = f32x4.splat(weight);
  const bytes = <usize>n << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const mean = v128.load(a + i);
    v128.store(a + i, f32x4.add(mean, f32x4.mul(share, f32x4.sub(v128.load(p + i), mean))));
  }
}
