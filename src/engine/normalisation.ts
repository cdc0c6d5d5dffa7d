/**
 * @file Normalisation: mean 0 and variance 1 over some of the axes, then a learned scale and shift for each channel.
 * In: sizes. Out: layers. Composed of means along whole axes: the kernels that ONNX has for these are slower.
 */
import { countAlong, mean, square } from "./functions.ts";
import { type Layer, zeros } from "./layers.ts";
import { add, constant, div, greater, maximum, mul, parameter, reshape, select, sqrt, sub, track } from "./ops.ts";
import { ShapeError, staticSize, type Tensor } from "./tensor.ts";

/** Over the last axis (Ba 2016). */
export const layerNormalisation =
  (epsilon = 1e-5): Layer =>
  (x, name) => {
    const width = x.shape.at(-1) as number;
    const centred = sub(x, mean(x, [-1], true));
    const scaled = div(centred, sqrt(add(mean(square(centred), [-1], true), epsilon)));
    return add(mul(scaled, ones(`${name}/scale`, width)), zeros(`${name}/shift`, width));
  };

/**
 * [batch, ...grid, channels] → the same shape, over the grid and each group of neighbouring channels (Wu & He 2018).
 * @throws ShapeError when the groups do not divide the channels
 */
export const groupNormalisation =
  (groups: number, epsilon = 1e-5): Layer =>
  (x, name) => {
    const channels = x.shape.at(-1);
    if (x.shape.length < 2 || typeof channels !== "number" || !Number.isInteger(channels / groups)) {
      throw new ShapeError("groupNormalisation", `[batch, ...grid, channels] that ${groups} groups divide`, [x.shape]);
    }
    const [batch, ...grid] = x.shape.slice(0, -1) as [Tensor["shape"][number], ...number[]];
    const cells = reshape(x, [batch, staticSize(grid), channels]);
    const width = channels / groups;
    // Over the cells first: what is left for the second mean is small, and both run along whole axes.
    const groupMean = (of: Tensor) => mean(reshape(mean(of, [1]), [batch, groups, width]), [-1], true);
    const perChannel = (of: Tensor) => reshape(mul(of, constant(Array(width).fill(1))), [batch, 1, channels]);
    const centred = sub(cells, perChannel(groupMean(cells)));
    const deviation = sqrt(add(groupMean(square(centred)), epsilon));
    const scale = div(ones(`${name}/scale`, channels), perChannel(deviation));
    return reshape(add(mul(centred, scale), zeros(`${name}/shift`, channels)), x.shape);
  };

export interface BatchNormalisationOptions {
  /** Whether the graph is trained: then the batch's own statistics are used and leave their trace in the running ones. */
  readonly training: boolean;
  /** Share of each batch in the running statistics. */
  readonly momentum?: number;
  readonly epsilon?: number;
}

/**
 * [..., channels] → the same shape, over all axes but the last (Ioffe & Szegedy 2015). In training the batch's mean and
 * biased variance; else the parameters `running-mean` and `running-variance`, which each applied step moves towards the batch's
 * mean and unbiased variance. A batch of one value for each channel has no unbiased variance: the running one then stays.
 */
export const batchNormalisation =
  ({ training, momentum = 0.1, epsilon = 1e-5 }: BatchNormalisationOptions): Layer =>
  (x, name) => {
    const channels = x.shape.at(-1) as number;
    const runningMean = zeros(`${name}/running-mean`, channels);
    const runningVariance = ones(`${name}/running-variance`, channels);
    const finish = (centred: Tensor, variance: Tensor) => {
      const scale = div(ones(`${name}/scale`, channels), sqrt(add(variance, epsilon)));
      return add(mul(centred, scale), zeros(`${name}/shift`, channels));
    };
    if (!training) return finish(sub(x, runningMean), runningVariance);
    const axes = x.shape.slice(0, -1).map((_, i) => i);
    const centre = mean(x, axes);
    const centred = sub(x, track(centre, runningMean, centre, momentum));
    const variance = mean(square(centred), axes);
    const count = countAlong(x, axes);
    const others = sub(count, 1);
    const unbiased = mul(variance, div(count, maximum(others, 1)));
    const observed = select(greater(others, 0), unbiased, runningVariance);
    return finish(centred, track(variance, runningVariance, observed, momentum));
  };

const ones = (name: string, units: number): Tensor => parameter(name, [units], { kind: "constant", value: 1 });
