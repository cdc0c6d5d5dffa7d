import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { type ConvolutionOptions, convolution, transposedConvolution } from "./convolution.ts";
import { evaluate } from "./evaluate.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { input } from "./ops.ts";
import { random } from "./random.ts";
import { type NdArray, ndarray, sizeOf } from "./reference.ts";
import { ShapeError, type Tensor } from "./tensor.ts";
import { argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

/** One convolution, every option spelt out. One grid axis is two with a height of 1. */
interface Case {
  readonly grid: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly groups: number;
  /** Channels of each group, in and out. */
  readonly own: readonly [number, number];
}

const draw = (shape: readonly number[], name: string): NdArray => {
  const rng = random(3, name);
  return ndarray(shape, Array.from({ length: sizeOf(shape) }, rng.normal));
};

const countPositions = ({ grid, kernel, stride, dilation, padding }: Case): number[] =>
  grid.map((size, i) => {
    const span = dilation[i]! * (kernel[i]! - 1) + 1;
    return Math.floor((size + padding[i]![0] + padding[i]![1] - span) / stride[i]!) + 1;
  });

/** Calls `visit` for every pair of a grid cell and a position whose window holds it, as [cell, position, kernel cell]. */
function visitWindows(one: Case, visit: (cell: number, position: number, offset: number) => void): void {
  const last = one.grid.length - 1;
  const axis = (i: number) => {
    const [size, kernel] = [one.grid[i] ?? 1, one.kernel[i] ?? 1];
    const count = countPositions(one)[i] ?? 1;
    const at = (p: number, k: number) =>
      p * (one.stride[i] ?? 1) - (one.padding[i]?.[0] ?? 0) + k * (one.dilation[i] ?? 1);
    return { size, kernel, count, at };
  };
  const [rows, columns] = last === 0 ? [{ size: 1, kernel: 1, count: 1, at: () => 0 }, axis(0)] : [axis(0), axis(1)];
  for (let p = 0; p < rows.count; p++) {
    for (let q = 0; q < columns.count; q++) {
      for (let k = 0; k < rows.kernel; k++) {
        for (let l = 0; l < columns.kernel; l++) {
          const [row, column] = [rows.at(p, k), columns.at(q, l)];
          if (row < 0 || column < 0 || row >= rows.size || column >= columns.size) continue;
          visit(row * columns.size + column, p * columns.count + q, k * columns.kernel + l);
        }
      }
    }
  }
}

const batch = 2;

/** Weight [kernel x own in, out]: the sum over window, rows and channels written out. */
function loopConvolution(one: Case, x: NdArray, weight: NdArray, bias: NdArray): number[] {
  const [own, made] = one.own;
  const [inputs, outputs] = [own * one.groups, made * one.groups];
  const [cells, places] = [sizeOf(one.grid), sizeOf(countPositions(one))];
  const y = Array.from({ length: batch * places * outputs }, (_, i) => bias.data[i % outputs]!);
  visitWindows(one, (cell, position, offset) => {
    for (let n = 0; n < batch; n++) {
      for (let out = 0; out < outputs; out++) {
        for (let c = 0; c < own; c++) {
          const channel = Math.floor(out / made) * own + c;
          y[(n * places + position) * outputs + out]! +=
            x.data[(n * cells + cell) * inputs + channel]! * weight.data[(offset * own + c) * outputs + out]!;
        }
      }
    }
  });
  return y;
}

/** Weight [kernel x out, own in], x on the positions: every window spread back over its cells. */
function loopTransposed(one: Case, x: NdArray, weight: NdArray, bias: NdArray): number[] {
  const [own, made] = one.own;
  const [inputs, outputs] = [own * one.groups, made * one.groups];
  const [cells, places] = [sizeOf(one.grid), sizeOf(countPositions(one))];
  const y = Array.from({ length: batch * cells * outputs }, (_, i) => bias.data[i % outputs]!);
  visitWindows(one, (cell, position, offset) => {
    for (let n = 0; n < batch; n++) {
      for (let out = 0; out < outputs; out++) {
        for (let c = 0; c < own; c++) {
          const channel = Math.floor(out / made) * own + c;
          y[(n * cells + cell) * outputs + out]! +=
            x.data[(n * places + position) * inputs + channel]! * weight.data[(offset * outputs + out) * own + c]!;
        }
      }
    }
  });
  return y;
}

const cases = fc.integer({ min: 1, max: 2 }).chain((axes) => {
  const each = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: axes, maxLength: axes });
  const whole = (min: number, max: number) => fc.integer({ min, max });
  return fc.record<Case>({
    grid: each(whole(1, 6)),
    kernel: each(whole(1, 3)),
    stride: each(whole(1, 3)),
    dilation: each(whole(1, 2)),
    padding: each(fc.tuple(whole(0, 3), whole(0, 2))),
    groups: whole(1, 3),
    own: fc.tuple(whole(1, 3), whole(1, 3)),
  });
});

const optionsOf = ({ kernel, stride, dilation, padding, groups }: Case): ConvolutionOptions => ({
  kernel,
  stride,
  dilation,
  padding,
  groups,
});

function expectNear(received: ArrayLike<number>, expected: readonly number[]): void {
  expect(received.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(received[i]).toBeCloseTo(expected[i]!, 9);
}

test("any convolution, and its transpose, is the sum over its windows written out", () => {
  let computed = 0;
  fc.assert(
    fc.property(cases, (one) => {
      const [inputs, outputs] = [one.own[0] * one.groups, one.own[1] * one.groups];
      const places = countPositions(one);
      const x = input("x", ["batch", ...one.grid, inputs]);
      if (places.some((count) => count < 1)) {
        expect(() => convolution(outputs, optionsOf(one))(x, "c")).toThrow(ShapeError);
        return;
      }
      const bias = draw([outputs], "bias");
      const xs = draw([batch, ...one.grid, inputs], "x");
      const weight = draw([sizeOf(one.kernel) * one.own[0], outputs], "weight");
      const { y } = evaluate(
        { y: convolution(outputs, optionsOf(one))(x, "c") },
        { x: xs, "c/weight": weight, "c/bias": bias },
      );
      expect(y.shape).toEqual([batch, ...places, outputs]);
      expectNear(y.data, loopConvolution(one, xs, weight, bias));

      const back = draw([sizeOf(one.kernel) * outputs, one.own[0]], "back");
      const ps = draw([batch, ...places, inputs], "positions");
      const { t } = evaluate(
        { t: transposedConvolution(outputs, one.grid, optionsOf(one))(input("p", ["batch", ...places, inputs]), "t") },
        { p: ps, "t/weight": back, "t/bias": bias },
      );
      expect(t.shape).toEqual([batch, ...one.grid, outputs]);
      expectNear(t.data, loopTransposed(one, ps, back, bias));
      computed++;
    }),
    { seed: 4, numRuns: 150, endOnFailure: true },
  );
  expect(computed).toBeGreaterThan(75);
});

const image = argument(["batch", 4, 3, 4], "image");
const strip = argument(["batch", 6, 4], "strip");
const layers: Record<string, readonly [(x: Tensor) => Tensor, typeof image]> = {
  "two groups": [(x) => convolution(6, { kernel: 3, groups: 2 })(x, "c"), image],
  depthwise: [(x) => convolution(4, { kernel: [3, 2], stride: [2, 1], groups: 4 })(x, "c"), image],
  "depthwise, twice the channels": [(x) => convolution(8, { kernel: 3, dilation: 2, groups: 4 })(x, "c"), strip],
  "padding of each side": [(x) => convolution(2, { kernel: 2, padding: [[2, 0], 1], dilation: [1, 2] })(x, "c"), image],
  "transposed, two groups": [
    (x) => transposedConvolution(6, [8, 6], { kernel: 3, stride: 2, groups: 2 })(x, "t"),
    image,
  ],
  "transposed, depthwise": [(x) => transposedConvolution(4, [12], { kernel: 4, stride: 2, groups: 4 })(x, "t"), strip],
  "transposed, depthwise, twice the channels": [
    (x) => transposedConvolution(8, [8, 3], { kernel: 3, stride: [2, 1], groups: 4 })(x, "t"),
    image,
  ],
};

test.each(Object.entries(layers))(
  "%s: float32 equals float64, derivatives equal central differences",
  async (_, [f, x]) => {
    await checkLowering(runtime, (a) => f(a!), [x]);
    checkDerivative((a) => f(a!), [x]);
  },
);

test("what does not fit is refused by name", () => {
  const x = input("x", ["batch", 4, 3, 4]);
  const refused = (channels: number, options: ConvolutionOptions) => () => convolution(channels, options)(x, "c");
  expect(refused(6, { kernel: 3, groups: 3 })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "convolution": expected channels that 3 groups divide, 6 of them going out, received [batch, 4, 3, 4].]`,
  );
  expect(refused(6, { kernel: 3, groups: 4 })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "convolution": expected channels that 4 groups divide, 6 of them going out, received [batch, 4, 3, 4].]`,
  );
  expect(refused(6, { kernel: [3, 3, 3] })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "convolution": expected kernel in whole numbers of at least 1, one for each grid axis (asked for 3, 3, 3), received [4, 3].]`,
  );
  expect(refused(6, { kernel: 3, stride: 0 })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "convolution": expected stride in whole numbers of at least 1, one for each grid axis (asked for 0, 0), received [4, 3].]`,
  );
  expect(refused(6, { kernel: 3, padding: [[1, -1], 0] })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "convolution": expected padding in whole numbers of at least 0, one for each grid axis (asked for -1, 0), received [4, 3].]`,
  );
  expect(refused(6, { kernel: 5, padding: "valid" })).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "unfold": expected a grid of at least the window 5 x 5 (dilation 1, 1), received [4, 3].]`,
  );
  expect(() => convolution(6, { kernel: 3 })(input("flat", ["batch", 4]), "c")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "convolution": expected [batch, length, channels] or [batch, height, width, channels], received [batch, 4].]`,
  );
  expect(() => transposedConvolution(6, [8, 6], { kernel: 3 })(x, "t")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "fold": expected [batch, 8, 6, 9 x channels], received [batch, 4, 3, 54].]`,
  );
});
