/**
 * @file The networks of a modality, as chosen: any of four architectures, or the layers that a config lists.
 * In: a modality's shapes, a choice. Out: layers to and from feature vectors, and the posterior that stands on them.
 */
import { dense, dropout, flatten, type Layer, sequential, unflatten } from "../engine/layers.ts";
import { mul, tanh } from "../engine/ops.ts";
import { staticSize, type Tensor } from "../engine/tensor.ts";
import type { ModelConfig } from "./config.ts";
import type { Gaussian } from "./gaussian.ts";
import { conv } from "./networks/conv.ts";
import { within } from "./networks/extent.ts";
import { listedLayers } from "./networks/layer-list.ts";
import { mlp } from "./networks/mlp.ts";
import { resnet } from "./networks/resnet.ts";
import type { NetworkChoice, NetworkName } from "./networks/setting.ts";
import type { Architecture, Shaped, Units } from "./networks/shaped.ts";
import { transformer } from "./networks/transformer.ts";

const architectures: Readonly<Record<NetworkName, Architecture>> = { mlp, conv, resnet, transformer };

export interface EncoderOptions {
  /** With dropout: not so in the network that is used after training. */
  readonly isTraining: boolean;
  /** Where items end along the first grid axis, [batch, places]; see Modality.extent. */
  readonly extent?: Tensor | undefined;
}

/** features [batch, ...featureShape] → hidden [batch, units]. Listed layers stand as they are, with no dropout but their own. */
export function encoderNetwork(
  shaped: Shaped & { readonly name: string },
  choice: NetworkChoice,
  config: Units & Pick<ModelConfig, "dropout">,
  { isTraining, extent }: EncoderOptions,
): Layer {
  if ("layers" in choice) {
    const own = listedLayers(choice.layers, `networks.${shaped.name}.layers`, isTraining);
    return sequential(...within(extent), ...own, flatten);
  }
  const layers = architectures[choice.network].encoder(shaped, choice.size, config, extent);
  return sequential(...layers, ...(isTraining && config.dropout > 0 ? [dropout(config.dropout)] : []));
}

/**
 * latent [batch, latent] → likelihood parameters [batch, ...parameterShape]. Listed layers end in one more that makes the
 * parameters: at every place where they left the grid of the parameters, else of all numbers at once.
 */
export function decoderNetwork(
  shaped: Shaped & { readonly name: string },
  choice: NetworkChoice,
  config: Units,
  isTraining: boolean,
): Layer {
  if (!("layers" in choice)) {
    return sequential(...architectures[choice.network].decoder(shaped, choice.size, config));
  }
  const own = listedLayers(choice.layers, `networks.${shaped.name}.decoder.layers`, isTraining);
  return sequential(...own, parameterLayer(shaped));
}

const parameterLayer =
  ({ parameterShape, gridAxes }: Shaped): Layer =>
  (x, name) => {
    const grid = parameterShape.slice(0, gridAxes);
    const places = x.shape.slice(1, -1);
    const isOnGrid = gridAxes > 0 && places.length === gridAxes && places.every((side, i) => side === grid[i]);
    const outputs = staticSize(isOnGrid ? parameterShape.slice(gridAxes) : parameterShape);
    const parameters = dense(outputs, { gain: 1 })(isOnGrid ? x : flatten(x, name), name);
    return unflatten(parameterShape)(parameters, name);
  };

/** Posterior variances stay within e^±bound, so that neither a divergence nor a precision can overflow. */
const logVarianceBound = 8;

/** hidden [batch, width] → Gaussian over the latent space, with log-variances in ±8. */
export function posteriorHead(hidden: Tensor, name: string, latent: number): Gaussian {
  const raw = dense(latent, { gain: 0.5 })(hidden, `${name}/log-variance`);
  return {
    mean: dense(latent, { gain: 1 })(hidden, `${name}/mean`),
    logVariance: mul(tanh(mul(raw, 1 / logVarianceBound)), logVarianceBound),
  };
}
