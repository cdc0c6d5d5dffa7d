/**
 * @file The sum of several batches' gradients. In: gradients with weights, batch by batch, or one array from elsewhere.
 * Out: the sum, its norm, and the whole as one array. It lies in memory of its own, allocated when first used: the optimiser's cannot
 * grow without detaching the views that the graph is fed from.
 */
type Values = Readonly<Record<string, Float32Array>>;

export interface Accumulator {
  /** sum ← sum + weight · gradients */
  add(gradients: Values, weight: number): void;
  /** Views of the sum: name → values. Of what was added, as `norm` is: not to be asked while it is empty. */
  gradients(): Values;
  /** Global norm of the sum: in float32, as the graph's own, so that what overflows there does here. */
  norm(): number;
  /** Whether nothing was added since the sum was last cleared. */
  isEmpty(): boolean;
  clear(): void;
  /** A copy of the sum: all gradients one after the other, without gaps; zeros while it is empty. */
  values(): Float32Array;
  /** @throws Error when the length is another; nothing is changed then */
  set(values: Float32Array): void;
}

/** @param sizes name → length, in the order of `values` */
export function createAccumulator(sizes: Readonly<Record<string, number>>): Accumulator {
  const length = Object.values(sizes).reduce((a, b) => a + b, 0);
  let sum: { readonly all: Float32Array; readonly views: Values } | undefined;
  let isEmpty = true;

  const allocated = () => {
    if (sum) return sum;
    const all = new Float32Array(length);
    let start = 0;
    const views = Object.entries(sizes).map(([name, size]) => [name, all.subarray(start, (start += size))] as const);
    return (sum = { all, views: Object.fromEntries(views) });
  };

  return {
    add: (gradients, weight) => {
      for (const [name, target] of Object.entries(allocated().views)) {
        const own = gradients[name]!;
        if (isEmpty) for (let i = 0; i < target.length; i++) target[i] = weight * own[i]!;
        else for (let i = 0; i < target.length; i++) target[i]! += weight * own[i]!;
      }
      isEmpty = false;
    },
    gradients: () => allocated().views,
    norm: () => {
      let squares = 0;
      const { all } = allocated();
      for (let i = 0; i < all.length; i++) squares += all[i]! * all[i]!;
      return Math.fround(Math.sqrt(Math.fround(squares)));
    },
    isEmpty: () => isEmpty,
    // What was added last is overwritten by what is added next.
    clear: () => {
      isEmpty = true;
    },
    values: () => (isEmpty ? new Float32Array(length) : allocated().all.slice()),
    set: (values) => {
      if (values.length !== length)
        throw new Error(`Cannot set gradients: expected ${length} values, received ${values.length}.`);
      allocated().all.set(values);
      isEmpty = false;
    },
  };
}
