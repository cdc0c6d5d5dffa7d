/**
 * @file The multimodal VAE as a composition of values: encoders → product of experts → sample → decoders → objective.
 * In: modalities and a ModelConfig. Out: the loss with its terms, and the graphs of every encoder and decoder.
 */
import { sampleNormal } from "../engine/functions.ts";
import { add, input, mul, noise } from "../engine/ops.ts";
import type { Tensor } from "../engine/tensor.ts";
import { modalityInputs, presenceInput } from "../modalities/batch.ts";
import type { Modality } from "../modalities/modality.ts";
import type { ModelConfig } from "./config.ts";
import { infoNce } from "./contrast.ts";
import { divergenceFromStandard, type Gaussian, productOfExperts } from "./gaussian.ts";
import { decoderNetwork, encoderNetwork, posteriorHead } from "./networks.ts";
import { type Evidence, elbo, lowerBound, mvtcae, type Objective, wherePresent } from "./objectives.ts";

/** Names of the inputs that are no modality's. */
export const betaInput = "schedule/beta";
export const latentInput = "latent";
/** Equal numbers for equal values of a modality, [batch]; read by InfoNCE. */
export const identityInput = (modality: string): string => `${modality}/identity`;

export const networkName = (role: "encoder" | "decoder", modality: string): string => `${role}-${modality}`;

export interface VaeGraph {
  /** [], to be minimised. */
  readonly loss: Tensor;
  /** `lower-bound`, `divergence`, `log-likelihood/<modality>` [batch], unrescaled, in nats; `contrast` []. */
  readonly terms: Readonly<Record<string, Tensor>>;
  /** `encoder-<modality>` → mean, log-variance; `decoder-<modality>` → parameters: what the model file holds. */
  readonly networks: Readonly<Record<string, Readonly<Record<string, Tensor>>>>;
}

export function encoderGraph(modality: Modality, config: ModelConfig): Gaussian {
  const name = networkName("encoder", modality.name);
  const hidden = encoderNetwork(modality, config)(modality.features(modalityInputs(modality)), name);
  return posteriorHead(hidden, name, config.latent);
}

export const decoderGraph = (modality: Modality, config: ModelConfig, latent: Tensor): Tensor =>
  decoderNetwork(modality, config)(latent, networkName("decoder", modality.name));

export function buildVae(modalities: readonly Modality[], config: ModelConfig): VaeGraph {
  const posteriors = modalities.map((modality) => encoderGraph(modality, config));
  const present = modalities.map(presenceInput);
  const joint = productOfExperts(posteriors, present);
  const latent = sampleNormal(joint.mean, joint.logVariance, noise("posterior", ["batch", config.latent]));
  const scales = likelihoodScales(modalities, config);

  const evidence: Evidence = {
    joint,
    modalities: Object.fromEntries(
      modalities.map((modality, m) => [
        modality.name,
        {
          posterior: posteriors[m]!,
          present: present[m]!,
          logLikelihood: modality.logLikelihood(decoderGraph(modality, config, latent), modalityInputs(modality)),
          scale: scales[m]!,
        },
      ]),
    ),
  };

  const beta = input(betaInput, []);
  const contrast = contrastTerm(modalities, posteriors, present, config);
  const objective = objectiveOf(config)(evidence, { beta });
  return {
    loss: contrast ? add(objective, mul(contrast, config.contrast)) : objective,
    terms: {
      "lower-bound": lowerBound(evidence),
      divergence: divergenceFromStandard(joint),
      ...Object.fromEntries(
        Object.entries(evidence.modalities).map(([name, m]) => [
          `log-likelihood/${name}`,
          wherePresent(m, m.logLikelihood),
        ]),
      ),
      ...(contrast && { contrast }),
    },
    networks: Object.fromEntries(
      modalities.flatMap((modality, m) => [
        [
          networkName("encoder", modality.name),
          { mean: posteriors[m]!.mean, "log-variance": posteriors[m]!.logVariance },
        ],
        [
          networkName("decoder", modality.name),
          { parameters: decoderGraph(modality, config, input(latentInput, ["batch", config.latent])) },
        ],
      ]),
    ),
  };
}

const objectives: Readonly<Record<ModelConfig["objective"], (config: ModelConfig) => Objective>> = {
  elbo: () => elbo,
  mvtcae: ({ alpha }) => mvtcae(alpha),
};

const objectiveOf = (config: ModelConfig): Objective => objectives[config.objective](config);

/** Largest event size / own event size: no modality drowns because it has fewer numbers. */
export function likelihoodScales(modalities: readonly Modality[], { balance }: ModelConfig): number[] {
  const largest = Math.max(...modalities.map(({ eventSize }) => eventSize));
  return modalities.map(({ eventSize }) => (balance ? largest / eventSize : 1));
}

function contrastTerm(
  modalities: readonly Modality[],
  posteriors: readonly Gaussian[],
  present: readonly Tensor[],
  { contrast }: ModelConfig,
): Tensor | undefined {
  if (contrast === 0 || modalities.length < 2) return undefined;
  return infoNce(
    modalities.map(({ name }, m) => ({
      name,
      mean: posteriors[m]!.mean,
      present: present[m]!,
      identity: input(identityInput(name), ["batch"]),
    })),
  );
}
