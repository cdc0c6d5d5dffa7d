/**
 * @file How a config says which network a modality has: a word such as `conv-small`, parts, or a list of layers.
 * In: the config's `networks`. Out: its schema, and for each network a choice.
 */
import * as z from "zod";
import { nearestName } from "../../data/data-error.ts";
import { type LayerSetting, layerList, unknownKey } from "./layer-list.ts";

export const networkNames = ["mlp", "conv", "resnet", "transformer"] as const;
export type NetworkName = (typeof networkNames)[number];
export const networkSizes = ["small", "medium", "large"] as const;
export type NetworkSize = (typeof networkSizes)[number];

/** One network of a modality: its encoder or its decoder. */
export type NetworkChoice = SizedChoice | { readonly layers: readonly LayerSetting[] };
export interface SizedChoice {
  readonly network: NetworkName;
  readonly size: NetworkSize;
}

const sized = networkNames.flatMap((name) => networkSizes.map((size) => `${name}-${size}` as const));
const words = ["default", ...networkNames, ...sized] as const;
export type NetworkWord = (typeof words)[number];

const wordSchema = z.enum(words, { error: ({ input }) => wordFault(input) });
const parts = {
  network: z.enum(networkNames, { error: ({ input }) => wordFault(input) }).optional(),
  size: z.enum(networkSizes).optional().describe("Of the network; small unless said."),
  layers: layerList
    .optional()
    .describe("Layers of your own in place of a network, first to last; see docs/networks.md."),
};
const isOne = (said: { layers?: unknown; network?: unknown; size?: unknown }) =>
  said.layers === undefined || (said.network === undefined && said.size === undefined);
const oneOnly = "expected either `layers` or `network` and `size`, received both";

const decoderSchema = settingOf(
  z.strictObject(parts, { error: unknownKey(Object.keys(parts)) }).refine(isOne, oneOnly),
);

/** What one modality's networks are. What is not said is chosen. */
export const networkSchema = settingOf(
  z
    .strictObject(
      { ...parts, decoder: decoderSchema.optional().describe("Where it is not like the encoder.") },
      { error: unknownKey([...Object.keys(parts), "decoder"]) },
    )
    .refine(isOne, oneOnly),
);
export type NetworkSetting = z.output<typeof networkSchema>;

/** A word or an object, with the fault of whichever was meant. */
function settingOf<T extends z.ZodType>(object: T) {
  return z.union([wordSchema, object], {
    error: ({ input }) => {
      if (typeof input !== "object" || input === null) return wordFault(input);
      const [issue] = object.safeParse(input).error?.issues ?? [];
      if (!issue) return wordFault(input);
      const at = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
      return `${at ? `${at.replace(/^\./, "")}: ` : ""}${issue.message.replace(/^Invalid input: /, "")}`;
    },
  });
}

function wordFault(said: unknown): string {
  const near = typeof said === "string" ? nearestName(said, words) : undefined;
  const hint = near
    ? `; did you mean "${near}"?`
    : `: expected ${networkNames.join(", ")}, each with -small, -medium or -large, or default`;
  return `${JSON.stringify(said)} is no network${hint}`;
}

/** What is said of one network; what is not said of it is as in `otherwise`. */
export function choiceOf(said: NetworkSetting | undefined, otherwise: SizedChoice): NetworkChoice {
  if (said === undefined || said === "default") return otherwise;
  if (typeof said === "string") {
    const [network, size = "small"] = said.split("-") as [NetworkName, NetworkSize?];
    return { network, size };
  }
  const { layers, network, size } = said;
  if (layers) return { layers };
  return network ? { network, size: size ?? "small" } : { ...otherwise, ...(size && { size }) };
}

/** `conv-small`, or `layers`. */
export const describeChoice = (choice: NetworkChoice): NetworkWord | "layers" =>
  "layers" in choice ? "layers" : `${choice.network}-${choice.size}`;
