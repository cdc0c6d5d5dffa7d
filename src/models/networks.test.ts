import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { gradients } from "../engine/differentiate.ts";
import { evaluate } from "../engine/evaluate.ts";
import { nodeRuntime } from "../engine/node/runtime.ts";
import { input, mul, sum } from "../engine/ops.ts";
import { random } from "../engine/random.ts";
import { ndarray } from "../engine/reference.ts";
import { isOp, type Tensor, topologicalOrder } from "../engine/tensor.ts";
import { argument, build, checkLowering } from "../engine/testing/check-graph.ts";
import { modelConfigSchema } from "./config.ts";
import { type NetworkChoice, networkNames, networkSizes } from "./networks/setting.ts";
import { decoderNetwork, encoderNetwork } from "./networks.ts";

const runtime = nodeRuntime({ threads: 1 });
afterAll(() => runtime.close());

const config = modelConfigSchema.parse({ width: 16, channels: 4 });
const choices = networkNames.flatMap((network) => networkSizes.map((size) => ({ network, size })));
const isGrid = ({ network }: { network: string }) => network === "conv" || network === "transformer";

const shapes = [
  ["a vector", [7], [5, 3], 0],
  ["a small picture", [8, 8, 1], [8, 8, 1], 2],
  ["a picture of odd size", [29, 17, 3], [29, 17, 3], 2],
  ["a picture smaller than a window", [7, 5, 1], [7, 5, 2], 2],
  ["a spectrogram", [40, 20, 1], [40, 20, 1], 2],
  ["a sequence with a large vocabulary", [24, 32], [24, 500], 1],
  ["a short sequence", [5, 32], [5, 70], 1],
  ["a sequence of odd length", [13, 6], [11, 9], 1],
] as const;

const encoderOf = (shaped: Shaped, choice: NetworkChoice, extent?: Tensor, isTraining = false) =>
  encoderNetwork({ name: "x", ...shaped }, choice, config, { isTraining, extent });
const decoderOf = (shaped: Shaped, choice: NetworkChoice) =>
  decoderNetwork({ name: "x", ...shaped }, choice, config, false);

interface Shaped {
  readonly featureShape: readonly number[];
  readonly parameterShape: readonly number[];
  readonly gridAxes: 0 | 1 | 2;
}

test.each(shapes)("every network fits %s", (_, featureShape, parameterShape, gridAxes) => {
  const shaped = { featureShape, parameterShape, gridAxes };
  for (const choice of choices.filter((one) => gridAxes > 0 || !isGrid(one))) {
    const hidden = encoderOf(shaped, choice)(input("x", ["batch", ...featureShape]), "encoder");
    expect(hidden.shape, JSON.stringify(choice)).toEqual(["batch", expect.any(Number)]);
    const decoded = decoderOf(shaped, choice)(input("z", ["batch", 6]), "decoder");
    expect(decoded.shape, JSON.stringify(choice)).toEqual(["batch", ...parameterShape]);
  }
});

test("small networks fit grids of any sides", () => {
  const side = fc.integer({ min: 1, max: 70 });
  fc.assert(
    fc.property(side, side, fc.constantFrom(...networkNames), (height, width, network) => {
      const shaped = { featureShape: [height, width, 2], parameterShape: [width, height, 3], gridAxes: 2 } as const;
      const choice = { network, size: "small" } as const;
      const hidden = encoderOf(shaped, choice)(input("x", ["batch", height, width, 2]), "encoder");
      expect(hidden.shape).toHaveLength(2);
      const decoded = decoderOf(shaped, choice)(input("z", ["batch", 6]), "decoder");
      expect(decoded.shape).toEqual(["batch", width, height, 3]);
    }),
    { seed: 5, numRuns: 40 },
  );
});

/** Of float32 through a dozen layers and back. */
const tolerance = 2e-4;

const small: Shaped[] = [
  { featureShape: [9, 10, 2], parameterShape: [9, 10, 1], gridAxes: 2 },
  { featureShape: [10, 3], parameterShape: [11, 6], gridAxes: 1 },
  { featureShape: [6], parameterShape: [4], gridAxes: 0 },
];
const smallCases = small.flatMap((shaped) =>
  networkNames
    .filter((network) => shaped.gridAxes > 0 || !isGrid({ network }))
    .map((network) => [network, shaped.featureShape.join(" x "), shaped] as const),
);

describe.each(smallCases)("%s on %s", (network, _, shaped) => {
  const choice = { network, size: "small" } as const;
  const x = argument(["batch", ...shaped.featureShape], "x", (value) => value, 2);
  const z = argument(["batch", 3], "z", (value) => value, 2);
  const encode = (value: Tensor) => encoderOf(shaped, choice)(value, "encoder");
  const decode = (value: Tensor) => decoderOf(shaped, choice)(value, "decoder");

  test("float32 equals float64, slopes too", async () => {
    await checkLowering(runtime, (value) => encode(value!), [x], 2, tolerance);
    await checkLowering(runtime, (value) => decode(value!), [z], 2, tolerance);
  });

  test("a gradient reaches every parameter", () => {
    for (const [f, value] of [[encode, x] as const, [decode, z] as const]) {
      const built = build((...inputs) => f(inputs[0]!), [value], 2);
      const names = Object.keys(built.by);
      const slopes = gradients(sum(mul(built.value, built.value)), Object.values(built.by));
      const values = evaluate(Object.fromEntries(slopes.map((slope, i) => [names[i]!, slope])), built.values);
      for (const name of names)
        expect(
          values[name]!.data.some((v) => v !== 0),
          name,
        ).toBe(true);
    }
  });
});

const ended: readonly (readonly [string, Shaped])[] = [
  ["a sequence", { featureShape: [13, 4], parameterShape: [13, 4], gridAxes: 1 }],
  ["a long sequence, in patches", { featureShape: [150, 2], parameterShape: [150, 2], gridAxes: 1 }],
  ["a spectrogram", { featureShape: [21, 12, 1], parameterShape: [21, 12, 1], gridAxes: 2 }],
];
const own: NetworkChoice = { layers: [{ conv: 3, kernel: 3 }, "relu", { pool: "max" }] };
const endedCases = ended.flatMap(([what, shaped]) =>
  [...networkNames.map((network) => ({ network, size: "small" as const })), own].map(
    (choice) => ["network" in choice ? choice.network : "a list", what, shaped, choice] as const,
  ),
);

test.each(endedCases)("%s on %s: what lies past the end changes nothing", (_, __, shaped, choice) => {
  const [places, ...rest] = shaped.featureShape as [number, ...number[]];
  const size = rest.reduce((a, b) => a * b, 1);
  const shape = ["batch", ...shaped.featureShape] as const;
  const hidden = encoderOf(shaped, choice, input("extent", ["batch", places]))(input("x", shape), "encoder");
  const drawn = Object.fromEntries(
    topologicalOrder([hidden])
      .filter((node) => isOp(node, "parameter"))
      .map(({ attributes: { name, shape: own } }) => {
        const rng = random(3, name);
        const count = own.reduce((a, b) => a * b, 1);
        return [
          name,
          ndarray(
            own,
            Array.from({ length: count }, () => 0.3 * rng.normal()),
          ),
        ];
      }),
  );
  const lengths = [Math.ceil(places / 2), places, 1, 0];
  const extent = lengths.flatMap((length) => Array.from({ length: places }, (_, at) => Number(at < length)));
  const hiddenFor = (seed: number) => {
    const [rng, beyond] = [random(1, "content"), random(seed, "beyond")];
    const content = extent.flatMap((isIn) =>
      Array.from({ length: size }, () => {
        const value = rng.normal();
        return isIn ? value : 100 * beyond.normal();
      }),
    );
    const values = {
      ...drawn,
      x: ndarray([lengths.length, ...shaped.featureShape], content),
      extent: ndarray([lengths.length, places], extent),
    };
    return Array.from(evaluate({ hidden }, values).hidden.data);
  };
  const first = hiddenFor(1);
  expect(hiddenFor(2)).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(1);
});
