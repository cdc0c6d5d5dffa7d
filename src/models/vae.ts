/**
 * @file The multimodal VAE as a composition of values: encoders → product of experts → sample → decoders → objective.
 * In: modalities and a ModelConfig. Out: the loss with its terms, and the graphs of every encoder and decoder.
 */
import { sampleNormal } from "../engine/distributions.ts";
import {
  add,
  cast,
  concat,
  equal,
  greater,
  input,
  max,
  maximum,
  mul,
  noise,
  reshape,
  slice,
  sub,
} from "../engine/ops.ts";
import type { Tensor } from "../engine/tensor.ts";
import { modalityInputs, presenceInput } from "../modalities/batch.ts";
import type { Modality } from "../modalities/modality.ts";
import type { ModelConfig } from "./config.ts";
import { infoNce } from "./contrast.ts";
import { divergenceFromStandard, type Gaussian, productOfExperts } from "./gaussian.ts";
import { type Chosen, chooseNetworks } from "./networks/choose.ts";
import { decoderNetwork, encoderNetwork, posteriorHead } from "./networks.ts";
import { type Evidence, elbo, lowerBound, mvtcae, type Objective, wherePresent } from "./objectives.ts";
import { sequenceDecoder } from "./sequence-decoder.ts";

/** Names of the inputs that are no modality's. */
export const betaInput = "schedule/beta";
export const latentInput = "latent";
/** Of a sequence's decoder: the place, int32 [batch], whose logits [batch, size] are its output `next`. */
export const placeInput = "place";
export const nextOutput = "next";
/** Equal numbers for equal values of a modality, [batch]; read by InfoNCE. */
export const identityInput = (modality: string): string => `${modality}/identity`;

export const networkName = (role: "encoder" | "decoder", modality: string): string => `${role}-${modality}`;

export interface VaeGraph {
  /** [], to be minimised, with dropout and random subsets. */
  readonly loss: Tensor;
  /** Of the training graph: `lower-bound`, `divergence`, `log-likelihood/<modality>` [batch], in nats; `contrast` []. */
  readonly terms: Terms;
  /** The same from all that a row holds, without dropout: what held-out rows are judged by. */
  readonly evaluation: Terms;
  /** `encoder-<modality>` → mean, log-variance; `decoder-<modality>` → parameters, and next: what the model file holds. */
  readonly networks: Readonly<Record<string, Terms>>;
}

type Terms = Readonly<Record<string, Tensor>>;
type Networks = Readonly<Record<string, Chosen>>;

export function buildVae(modalities: readonly Modality[], config: ModelConfig): VaeGraph {
  const chosen = chooseNetworks(modalities, config.networks);
  const training = buildGraph(modalities, chosen, config, true);
  const evaluation = buildGraph(modalities, chosen, config, false);
  const latent = input(latentInput, ["batch", config.latent]);
  const networks = modalities.flatMap((modality, m): [string, Terms][] => {
    const { mean, logVariance } = evaluation.posteriors[m]!;
    return [
      [networkName("encoder", modality.name), { mean, "log-variance": logVariance }],
      [networkName("decoder", modality.name), decoderOutputs(modality, chosen, config, latent)],
    ];
  });
  return {
    loss: training.loss,
    terms: training.terms,
    evaluation: { ...evaluation.terms, loss: evaluation.loss },
    networks: Object.fromEntries(networks),
  };
}

const objectives: Readonly<Record<ModelConfig["objective"], (config: ModelConfig) => Objective>> = {
  elbo: () => elbo,
  mvtcae: ({ alpha }) => mvtcae(alpha),
};

function buildGraph(modalities: readonly Modality[], chosen: Networks, config: ModelConfig, isTraining: boolean) {
  const posteriors = modalities.map((modality) => encode(modality, chosen, config, isTraining));
  const present = modalities.map(presenceInput);
  const given = isTraining && config.subsets > 0 ? randomSubsets(present, config.subsets) : present;
  const joint = productOfExperts(posteriors, given);
  const latent = sampleNormal(joint.mean, joint.logVariance, noise("posterior", ["batch", config.latent]));
  const scales = likelihoodScales(modalities, config);
  const evidence: Evidence = {
    joint,
    modalities: Object.fromEntries(
      modalities.map((modality, m) => [
        modality.name,
        {
          posterior: posteriors[m]!,
          given: given[m]!,
          present: present[m]!,
          logLikelihood: modality.logLikelihood(
            decode(modality, chosen, config, latent, isTraining),
            modalityInputs(modality),
          ),
          scale: scales[m]!,
        },
      ]),
    ),
  };
  const objective = objectives[config.objective](config)(evidence, { beta: input(betaInput, []) });
  const contrast = contrastTerm(modalities, posteriors, present, config);
  const likelihoods = Object.entries(evidence.modalities).map(([name, m]): [string, Tensor] => [
    `log-likelihood/${name}`,
    wherePresent(m, m.logLikelihood),
  ]);
  return {
    posteriors,
    loss: contrast ? add(objective, mul(contrast, config.contrast)) : objective,
    terms: {
      "lower-bound": lowerBound(evidence),
      divergence: divergenceFromStandard(joint),
      ...Object.fromEntries(likelihoods),
      ...(contrast && { contrast }),
    },
  };
}

function encode(modality: Modality, chosen: Networks, config: ModelConfig, isTraining: boolean): Gaussian {
  const name = networkName("encoder", modality.name);
  const arrays = modalityInputs(modality);
  const features = modality.features(
    isTraining && config.hiding > 0 ? hideCells(modality, arrays, config.hiding) : arrays,
  );
  const extent = modality.extent?.(arrays);
  const network = encoderNetwork(modality, chosen[modality.name]!.encoder, config, { isTraining, extent });
  return posteriorHead(network(features, name), name, config.latent);
}

/**
 * In a `share` of the rows each observed cell is hidden with chance ½ from the encoder, while the likelihood still asks for it:
 * so an encoder of cells learns to fill them in (ReMasker, Du 2023).
 */
function hideCells(
  { name, cellMask }: Modality,
  arrays: Record<string, Tensor>,
  share: number,
): Record<string, Tensor> {
  const mask = cellMask === undefined ? undefined : arrays[cellMask];
  if (cellMask === undefined || !mask) return arrays;
  const isWhole = greater(noise(`${name}/hidden rows`, ["batch", 1], "uniform"), share);
  const kept = maximum(isWhole, greater(noise(`${name}/hidden cells`, mask.shape, "uniform"), 0.5));
  return { ...arrays, [cellMask]: mul(cast(mask), kept) };
}

/** Parameters of the likelihood; those of a sequence given its true tokens. */
function decode(
  modality: Modality,
  chosen: Networks,
  config: ModelConfig,
  latent: Tensor,
  isTraining: boolean,
): Tensor {
  const name = networkName("decoder", modality.name);
  const { sequence } = modality;
  if (!sequence) return decoderNetwork(modality, chosen[modality.name]!.decoder, config, isTraining)(latent, name);
  return sequenceDecoder(sequence, config, name).all(latent, modalityInputs(modality)[sequence.array]!, isTraining);
}

function decoderOutputs(modality: Modality, chosen: Networks, config: ModelConfig, latent: Tensor): Terms {
  const parameters = decode(modality, chosen, config, latent, false);
  const { sequence, name } = modality;
  if (!sequence) return { parameters };
  const decoder = sequenceDecoder(sequence, config, networkName("decoder", name));
  const tokens = modalityInputs(modality)[sequence.array]!;
  return { parameters, [nextOutput]: decoder.one(latent, tokens, input(placeInput, ["batch"], "int32")) };
}

/**
 * Events smaller than this weigh as if they were of this size. A row of a small table holds few nats that its cells share;
 * unscaled they do not pay for the divergence, the posterior falls onto the prior, and every gap is filled with a constant.
 */
const leastEvent = 96;

/** Largest event size / own event size: no modality drowns because it has fewer numbers. */
function likelihoodScales(modalities: readonly Modality[], { balance }: ModelConfig): number[] {
  const largest = Math.max(leastEvent, ...modalities.map(({ eventSize }) => eventSize));
  return modalities.map(({ eventSize }) => (balance ? largest / eventSize : 1));
}

/**
 * Masks of what the joint posterior may see: in a `share` of the rows each present modality stays with chance ½, and one always
 * does; the others keep all. So the latent learns to say from a part what the whole would (the idea of MVAE and MoPoE).
 */
function randomSubsets(present: readonly Tensor[], share: number): Tensor[] {
  const asColumn = (x: Tensor) => reshape(x, ["batch", 1]);
  const draws = noise("subsets", ["batch", present.length], "uniform");
  const mask = concat(present.map(asColumn), 1);
  // Draws lie in [0, 1): absent modalities never hold the largest, since theirs are moved below 0.
  const ranked = sub(draws, sub(1, mask));
  const isFirst = equal(ranked, max(ranked, [1], true));
  const isWhole = greater(noise("subset rows", ["batch", 1], "uniform"), share);
  const kept = mul(maximum(maximum(isWhole, greater(draws, 0.5)), isFirst), mask);
  return present.map((_, m) => reshape(slice(kept, 1, m, m + 1), ["batch"]));
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
