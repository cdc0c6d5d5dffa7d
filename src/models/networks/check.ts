/**
 * @file Whether the networks of a config can be built, before any file is decoded for them.
 * In: modalities, a config. Out: nothing, or the refusal that building them would meet.
 */
import { input } from "../../engine/ops.ts";
import { modalityInputs } from "../../modalities/batch.ts";
import type { Modality } from "../../modalities/modality.ts";
import type { ModelConfig } from "../config.ts";
import { decoderNetwork, encoderNetwork } from "../networks.ts";
import { chooseNetworks } from "./choose.ts";

/** @throws Error naming the modality that there is not, the network or the layer that does not fit */
export function checkNetworks(modalities: readonly Modality[], config: ModelConfig): void {
  const chosen = chooseNetworks(modalities, config.networks);
  for (const modality of modalities) {
    if (!Object.hasOwn(config.networks, modality.name)) continue;
    const { encoder, decoder } = chosen[modality.name]!;
    const features = modality.features(modalityInputs(modality));
    encoderNetwork(modality, encoder, config, { isTraining: true })(features, "encoder");
    decoderNetwork(modality, decoder, config, true)(input("latent", ["batch", config.latent]), "decoder");
  }
}
