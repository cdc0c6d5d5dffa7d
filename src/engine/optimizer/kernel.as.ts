/**
 * Adam in WebAssembly SIMD (AssemblyScript): updates n parameters in place, four at a time. Pointers are byte addresses of
 * 16-byte aligned float32 arrays whose length is a multiple of 4.
 *   m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  p ← p − rate·m / (√v·correction + ε),  with g scaled by `scale` (clipping)
 * `rate` already holds 1/(1 − β₁ᵗ), `correction` is 1/√(1 − β₂ᵗ) (Kingma & Ba 2015, algorithm 1).
 */
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
  const b1 = f32x4.splat(beta1);
  const c1 = f32x4.splat((1 - beta1) * scale);
  const b2 = f32x4.splat(beta2);
  const c2 = f32x4.splat((1 - beta2) * scale * scale);
  const step = f32x4.splat(rate);
  const eps = f32x4.splat(epsilon);
  const correct = f32x4.splat(correction);
  const bytes = <usize>n << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = v128.load(g + i);
    const first = f32x4.add(f32x4.mul(b1, v128.load(m + i)), f32x4.mul(c1, gradient));
    const second = f32x4.add(f32x4.mul(b2, v128.load(v + i)), f32x4.mul(c2, f32x4.mul(gradient, gradient)));
    v128.store(m + i, first);
    v128.store(v + i, second);
    const scaled = f32x4.div(first, f32x4.add(f32x4.mul(f32x4.sqrt(second), correct), eps));
    v128.store(p + i, f32x4.sub(v128.load(p + i), f32x4.mul(step, scaled)));
  }
}
