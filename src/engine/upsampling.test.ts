import { afterAll, expect, test } from "vitest";
import { evaluate } from "./evaluate.ts";
import { nodeRuntime } from "./node/runtime.ts";
import { input } from "./ops.ts";
import { ndarray } from "./reference.ts";
import { type Argument, argument, checkDerivative, checkLowering } from "./testing/check-graph.ts";
import { repeat, upsampling } from "./upsampling.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const image = argument(["batch", 3, 4, 2], "image");
const strip = argument(["batch", 5, 2], "strip");
const narrow = argument(["batch", 1, 3, 1], "narrow");

const cases: Record<string, readonly [number | readonly number[], "nearest" | "bilinear", Argument]> = {
  "nearest, 2": [2, "nearest", image],
  "nearest, 1 by 3": [[1, 3], "nearest", image],
  "bilinear, 2": [2, "bilinear", image],
  "bilinear, 3 by 4": [[3, 4], "bilinear", image],
  "linear over one axis": [3, "bilinear", strip],
  "bilinear over an axis of 1": [2, "bilinear", narrow],
  "by 1": [1, "bilinear", image],
};

test.each(Object.entries(cases))(
  "%s: float32 equals float64, derivatives equal central differences",
  async (_, one) => {
    const [factor, method, x] = one;
    await checkLowering(runtime, (a) => upsampling(factor, method)(a!, ""), [x]);
    checkDerivative((a) => upsampling(factor, method)(a!, ""), [x]);
  },
);

const valuesOf = (
  factor: number | readonly number[],
  method: "nearest" | "bilinear",
  shape: number[],
  values: number[],
) =>
  Array.from(
    evaluate(
      { y: upsampling(factor, method)(input("x", ["batch", ...shape]), "") },
      { x: ndarray([1, ...shape], values) },
    ).y.data,
  );

test("nearest repeats rows and columns", () => {
  expect(valuesOf([2, 3], "nearest", [2, 2, 1], [1, 2, 3, 4])).toEqual(
    [
      [1, 1, 1, 2, 2, 2],
      [1, 1, 1, 2, 2, 2],
      [3, 3, 3, 4, 4, 4],
      [3, 3, 3, 4, 4, 4],
    ].flat(),
  );
});

test("bilinear is what PyTorch's interpolate gives with align_corners=False", () => {
  expect(valuesOf(2, "bilinear", [2, 2, 1], [1, 2, 3, 4])).toEqual(
    [
      [1, 1.25, 1.75, 2],
      [1.5, 1.75, 2.25, 2.5],
      [2.5, 2.75, 3.25, 3.5],
      [3, 3.25, 3.75, 4],
    ].flat(),
  );
});

/** Each result written out: its centre among the pixels, held within the outermost centres, between two neighbours. */
test.each([2, 3, 4, 5])("interpolation by %i lies where its centre lies", (factor) => {
  const values = [3, -1, 4, 1, -5];
  const expected = Array.from({ length: values.length * factor }, (_, i) => {
    const centre = Math.min(Math.max((i + 0.5) / factor - 0.5, 0), values.length - 1);
    const left = Math.min(Math.floor(centre), values.length - 2);
    return values[left]! + (centre - left) * (values[left + 1]! - values[left]!);
  });
  valuesOf(factor, "bilinear", [5, 1], values).forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 6);
  });
});

test("repeat keeps copies together along any axis", () => {
  const x = input("x", [2, 3]);
  const given = { x: ndarray([2, 3], [1, 2, 3, 4, 5, 6]) };
  expect(Array.from(evaluate({ y: repeat(x, -1, 2) }, given).y.data)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
  expect(Array.from(evaluate({ y: repeat(x, 0, 2) }, given).y.data)).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
});

test("factors that do not fit are refused", () => {
  const x = input("x", ["batch", 4, 4, 1]);
  expect(() => upsampling([2])(x, "")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "upsampling": expected a whole factor for each grid axis (asked for 2), received [batch, 4, 4, 1].]`,
  );
  expect(() => upsampling(1.5)(x, "")).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: Cannot build "upsampling": expected a whole factor for each grid axis (asked for 1.5, 1.5), received [batch, 4, 4, 1].]`,
  );
});
