/**
 * @file Layers as a config lists them. In: plain objects such as `{conv: 32, kernel: 4, stride: 2}`. Out: their schemas, and layers;
 * one that does not fit is refused by its place in the list and the shape that it received.
 */
import * as z from "zod";
import { nearestName } from "../../data/data-error.ts";
import { convolution, transposedConvolution } from "../../engine/convolution.ts";
import { gelu, silu } from "../../engine/functions.ts";
import { dense, dropout, flatten, type Layer, unflatten } from "../../engine/layers.ts";
import { groupNormalisation, layerNormalisation } from "../../engine/normalisation.ts";
import { relu, sigmoid, softplus, tanh } from "../../engine/ops.ts";
import { averagePooling, globalAveragePooling, globalMaxPooling, maxPooling } from "../../engine/pooling.ts";
import { printShape, ShapeError, staticSize } from "../../engine/tensor.ts";
import { upsampling } from "../../engine/upsampling.ts";
import { gridOf } from "../../engine/windows.ts";

const plainLayers = { relu, gelu, silu, tanh, sigmoid, softplus, flatten } satisfies Record<string, Layer>;
type PlainLayer = keyof typeof plainLayers;

const count = z.int().min(1).max(65_536);
const perAxis = z.union(
  [count, z.array(count).min(1).max(2)],
  "expected a whole number of at least 1, or one for each grid axis",
);
const window = {
  kernel: perAxis.describe("Cells under the window, one number or one for each grid axis."),
  stride: perAxis.default(1),
  padding: z.enum(["same", "valid"]).default("same"),
};

/** The message where an object has a key that it should not. */
export const unknownKey =
  (keys: readonly string[]) =>
  (issue: z.core.$ZodRawIssue): string | undefined => {
    if (issue.code !== "unrecognized_keys") return undefined;
    const [key] = issue.keys as [string];
    const near = nearestName(key, keys);
    return `there is no key "${key}"; ${near ? `did you mean "${near}"?` : `the keys are ${keys.join(", ")}`}`;
  };

interface ListedLayer {
  readonly schema: z.ZodObject;
  /** `isTraining` is false for the graph that is used after training. */
  readonly build: (setting: unknown, isTraining: boolean) => Layer;
}

const listed = <S extends z.ZodRawShape>(
  shape: S,
  build: (setting: z.output<z.ZodObject<S>>, isTraining: boolean) => Layer,
) => {
  const schema = z.strictObject(shape, { error: unknownKey(Object.keys(shape)) });
  return {
    schema,
    build: (setting: unknown, isTraining: boolean) =>
      build(schema.parse(setting) as z.output<z.ZodObject<S>>, isTraining),
  };
};

/** Layers with settings of their own; the key that names one holds its main setting. */
const settableLayers = {
  dense: listed({ dense: count.describe("Units; on a grid, of every place.") }, (own) => dense(own.dense)),
  conv: listed(
    { conv: count.describe("Channels."), ...window, dilation: perAxis.default(1), groups: count.default(1) },
    ({ conv: channels, ...options }) => convolution(channels, options),
  ),
  transposed: listed(
    {
      transposed: count.describe("Channels of a transposed convolution, to a grid `stride` times as large."),
      kernel: window.kernel,
      stride: perAxis.default(2),
      to: z.array(count).min(1).max(2).optional().describe("The grid to reach, where it is no multiple."),
    },
    ({ transposed: channels, to, ...options }) =>
      (x, name) => {
        const strides = (axis: number) =>
          typeof options.stride === "number" ? options.stride : (options.stride[axis] ?? 1);
        const grid = to ?? gridOf("transposed", x).map((size, axis) => size * strides(axis));
        return transposedConvolution(channels, grid, options)(x, name);
      },
  ),
  pool: listed(
    {
      pool: z.enum(["max", "average"]),
      size: perAxis.optional().describe("The window; the whole grid unless said, and no grid is left."),
      stride: perAxis.optional().describe("The size unless said."),
    },
    ({ pool, size, stride }) => {
      if (size === undefined) return pool === "max" ? globalMaxPooling : globalAveragePooling;
      const options = { padding: "same", ...(stride !== undefined && { stride }) } as const;
      return pool === "max" ? maxPooling(size, options) : averagePooling(size, options);
    },
  ),
  upsample: listed(
    { upsample: perAxis.describe("Whole factor."), method: z.enum(["nearest", "bilinear"]).default("nearest") },
    ({ upsample: factor, method }) => upsampling(factor, method),
  ),
  dropout: listed({ dropout: z.number().min(0).max(0.9) }, ({ dropout: rate }, isTraining) =>
    isTraining && rate > 0 ? dropout(rate) : (x) => x,
  ),
  norm: listed(
    { norm: z.enum(["layer", "group"]), groups: count.default(8).describe("Of `group`: they divide the channels.") },
    ({ norm, groups }) => (norm === "layer" ? layerNormalisation() : groupNormalisation(groups)),
  ),
  reshape: listed(
    { reshape: z.array(count).min(1).max(3).describe("Without the batch.") },
    ({ reshape: shape }) =>
      (x, name) => {
        if (staticSize(x.shape) !== staticSize(shape))
          throw new ShapeError("reshape", `${staticSize(shape)} numbers a row`, [x.shape]);
        return unflatten(shape)(x, name);
      },
  ),
} satisfies Record<string, ListedLayer>;

const kinds: Readonly<Record<string, ListedLayer>> = settableLayers;
const names = [...Object.keys(settableLayers), ...Object.keys(plainLayers)];

export const layerSchema = z.union(
  [
    z.enum(Object.keys(plainLayers) as [PlainLayer, ...PlainLayer[]]),
    ...Object.values(settableLayers).map(({ schema }) => schema),
  ],
  { error: ({ input }) => layerFault(input) },
);

export const layerList = z.array(layerSchema).min(1);

/** A checked entry of a list: a word, or an object with one key of `settableLayers`. */
export type LayerSetting = PlainLayer | Readonly<Record<string, unknown>>;

/** What is wrong with an entry, in one line. */
function layerFault(entry: unknown): string {
  const said = JSON.stringify(entry);
  const own = typeof entry === "object" && entry !== null ? Object.keys(entry) : [String(entry)];
  const kind = typeof entry === "object" ? own.find((key) => kinds[key]) : undefined;
  if (kind === undefined) {
    const near = own.map((name) => nearestName(name, names)).find((name) => name !== undefined);
    return `${said} is no layer${near ? `; did you mean "${near}"?` : `; the layers are ${names.join(", ")}`}`;
  }
  const [issue] = kinds[kind]!.schema.safeParse(entry).error?.issues ?? [];
  const at = issue && issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  return `${said} is no "${kind}" layer; ${at}${issue?.message.replace(/^Invalid input: /, "") ?? "see docs/networks.md"}`;
}

/** @param where the list's place in the config, for messages */
export function listedLayers(settings: readonly LayerSetting[], where: string, isTraining: boolean): Layer[] {
  return settings.map((setting, i): Layer => {
    const layer = layerOf(setting, isTraining);
    return (x, name) => {
      try {
        return layer(x, name);
      } catch (cause) {
        if (!(cause instanceof ShapeError)) throw cause;
        const expected = /expected ([\s\S]*), received/.exec(cause.message)?.[1] ?? "another shape";
        throw new Error(
          `Cannot build ${where}[${i}], ${JSON.stringify(setting)}: expected ${expected}, received ${printShape(x.shape)}. Change this layer or those before it.`,
          { cause },
        );
      }
    };
  });
}

function layerOf(setting: LayerSetting, isTraining: boolean): Layer {
  if (typeof setting === "string") return plainLayers[setting as PlainLayer];
  const kind = Object.keys(setting).find((key) => kinds[key])!;
  return kinds[kind]!.build(setting, isTraining);
}
