/**
 * @file Which network each modality gets: what the config says, else a rule over its shape and the number of rows.
 * In: modalities, a config, training rows. Out: choices with their reasons, and the config in which nothing is left to choose.
 */
import { nameList, nearestName } from "../../data/data-error.ts";
import type { Modality } from "../../modalities/modality.ts";
import {
  choiceOf,
  describeChoice,
  type NetworkChoice,
  type NetworkName,
  type NetworkSetting,
  type SizedChoice,
} from "./setting.ts";
import type { Shaped } from "./shaped.ts";

export interface Chosen {
  readonly encoder: NetworkChoice;
  readonly decoder: NetworkChoice;
  /** Why, in words for the user. */
  readonly reason: string;
}

/** What a config says of networks, by modality. */
export type NetworkSettings = Readonly<Record<string, NetworkSetting>>;

type Named = Shaped & Pick<Modality, "name">;

/**
 * @param rows training rows, where they are known
 * @throws Error for a modality that there is not, and for a network that does not fit what a modality holds
 */
export function chooseNetworks(
  modalities: readonly Named[],
  settings: NetworkSettings,
  rows?: number,
): Readonly<Record<string, Chosen>> {
  const names = modalities.map(({ name }) => name);
  for (const name of Object.keys(settings)) if (!names.includes(name)) throw unknownModality(name, names);
  return Object.fromEntries(modalities.map((modality) => [modality.name, chooseFor(modality, settings, rows)]));
}

function chooseFor(modality: Named, settings: NetworkSettings, rows: number | undefined): Chosen {
  const { name } = modality;
  const said = Object.hasOwn(settings, name) ? settings[name] : undefined;
  const { reason, ...otherwise } = defaultNetwork(modality, rows);
  const encoder = choiceOf(said, otherwise);
  const saidOfDecoder = typeof said === "object" ? said.decoder : undefined;
  const decoder = choiceOf(saidOfDecoder, "layers" in encoder ? otherwise : encoder);
  for (const choice of [encoder, decoder]) checkFits(modality, choice);
  return { encoder, decoder, reason: said === undefined || said === "default" ? reason : "as the config says" };
}

/** The rule of docs/networks.md, "What is chosen". */
function defaultNetwork({ gridAxes }: Shaped, _rows: number | undefined): SizedChoice & { readonly reason: string } {
  if (gridAxes === 0) return { network: "mlp", size: "small", reason: "its numbers have no neighbours" };
  return { network: "conv", size: "small", reason: "its places have neighbours" };
}

const withoutGrid: readonly NetworkName[] = ["mlp", "resnet"];

function checkFits({ name, gridAxes }: Named, choice: NetworkChoice): void {
  if ("layers" in choice || gridAxes > 0 || withoutGrid.includes(choice.network)) return;
  throw new Error(
    `Cannot build networks.${name}: expected a network for numbers without neighbours, received ${choice.network}, which reads a grid. ` +
      `Use ${withoutGrid.join(" or ")}.`,
  );
}

function unknownModality(name: string, names: readonly string[]): Error {
  const near = nearestName(name, names);
  const hint = near
    ? `did you mean "${near}"?`
    : `the modalities are ${nameList(names)}; columns of a table share the one named "table".`;
  return new Error(`Cannot use networks.${name}: there is no modality "${name}"; ${hint}`);
}

/** The settings that stand for these choices: from them the same networks are built, however many rows there are. */
export const settle = (chosen: Readonly<Record<string, Chosen>>): Record<string, NetworkSetting> =>
  Object.fromEntries(
    Object.entries(chosen).map(([name, { encoder, decoder }]) => [name, settingFor(encoder, decoder)]),
  );

function settingFor(encoder: NetworkChoice, decoder: NetworkChoice): NetworkSetting {
  const [word, other] = [describeChoice(encoder), describeChoice(decoder)];
  if (word !== "layers" && word === other) return word;
  return { ...encoder, decoder } as NetworkSetting;
}
