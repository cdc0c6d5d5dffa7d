import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { input } from "../src/engine/ops.ts";
import { modelConfigSchema } from "../src/models/config.ts";
import { decoderNetwork, encoderNetwork, posteriorHead } from "../src/models/networks.ts";
import { parameterCount } from "../src/models/networks/report.ts";
import { networkNames, networkSizes } from "../src/models/networks/setting.ts";

const references = [
  { name: "picture 28x28x1", featureShape: [28, 28, 1], parameterShape: [28, 28, 1], gridAxes: 2 },
  { name: "picture 64x64x3", featureShape: [64, 64, 3], parameterShape: [64, 64, 3], gridAxes: 2 },
  { name: "picture 128x128x3", featureShape: [128, 128, 3], parameterShape: [128, 128, 3], gridAxes: 2 },
  { name: "spectrogram 64x40", featureShape: [64, 40, 1], parameterShape: [64, 40, 1], gridAxes: 2 },
  { name: "sequence 32x64", featureShape: [32, 64], parameterShape: [32, 64], gridAxes: 1 },
  { name: "table 100", featureShape: [100], parameterShape: [100], gridAxes: 0 },
] as const;

const config = modelConfigSchema.parse({});

/** As the page has it: millions with two decimals, of encoder, decoder and the posterior's layers. */
function printedCount(shaped: (typeof references)[number], network: (typeof networkNames)[number], size: (typeof networkSizes)[number]): string {
  if (shaped.gridAxes === 0 && (network === "conv" || network === "transformer")) return "-";
  const choice = { network, size };
  const features = input("x", ["batch", ...shaped.featureShape]);
  const hidden = encoderNetwork(shaped, choice, config, { isTraining: false })(features, "encoder");
  const { mean, logVariance } = posteriorHead(hidden, "encoder", config.latent);
  const parameters = decoderNetwork(shaped, choice, config, false)(input("z", ["batch", config.latent]), "decoder");
  return (parameterCount([mean, logVariance, parameters]) / 1e6).toFixed(2);
}

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

test("docs/networks.md gives each network's number of parameters", () => {
  const page = readFileSync(new URL("../docs/networks.md", import.meta.url), "utf8");
  const lines = networkNames.flatMap((network) =>
    networkSizes.map((size) =>
      row([`${network}-${size}`, ...references.map((shaped) => printedCount(shaped, network, size))]),
    ),
  );
  expect(page).toContain(
    [row(["weights, millions", ...references.map(({ name }) => name)]), row(Array(7).fill("---")), ...lines].join("\n"),
  );
});
