/**
 * @file A tiny real model for tests: pictures, words and a table of three kinds of fruit, trained in seconds.
 * In: a runtime. Out: the model, its rows as values and as arrays. The kind is the label, which the model never sees.
 */
import {
  type Column,
  type Image,
  type Scalar,
  type Split,
  splits as splitNames,
  type Values,
} from "../../data/records.ts";
import { random } from "../../engine/random.ts";
import type { Runtime } from "../../engine/runtime.ts";
import { encodeRows } from "../../modalities/batch.ts";
import { memoryRows } from "../../modalities/encoded-rows.ts";
import { fitModalities } from "../../modalities/open-modality.ts";
import { modelConfigSchema } from "../../models/config.ts";
import { openTrainedModel, type TrainedModel } from "../../models/trained-model.ts";
import { trainingConfigSchema } from "../../training/config.ts";
import { fitModel } from "../../training/fit.ts";
import type { StudyRows } from "../study-rows.ts";

export interface Fruit {
  readonly model: TrainedModel;
  readonly encoded: StudyRows;
  /** Label of each row, and the row. */
  readonly kinds: readonly string[];
  readonly rows: readonly Values[];
}

export const kinds = ["plum", "pear", "melon"] as const;
const colours = ["blue", "green", "yellow"] as const;
const centres = [3, 8, 20] as const;
const side = 8;
const count = 400;

export async function fruitModel(runtime: Runtime): Promise<Fruit> {
  const rng = random(1, "fruit");
  const labels = Array.from({ length: count }, () => rng.below(3));
  const rows = labels.map((kind): Values => {
    const size = centres[kind]! + rng.normal();
    const cells = {
      photo: picture(kind, rng),
      word: kinds[kind]!,
      colour: colours[kind]!,
      size,
      weight: size * 10 + rng.normal(),
    };
    const entries = Object.entries(cells);
    const hidden = entries.map(([name, value]) => [name, rng.uniform() < 0.15 ? null : value] as const);
    return Object.fromEntries(hidden.some(([, value]) => value !== null) ? hidden : entries);
  });
  const splits = rows.map((_, i): Split => (i % 5 === 0 ? "test" : i % 5 === 1 ? "validation" : "train"));
  const of = (split: Split) => splits.flatMap((own, i) => (own === split ? [i] : []));
  const request = { media: "image", width: side, height: side, channels: 1, background: 0 } as const;
  const training = of("train").map((i) => rows[i]!);
  const modalities = fitModalities(columns, {}, training, { photo: request });
  const batch = encodeRows(modalities, rows);
  const config = {
    model: modelConfigSchema.parse({ latent: 6, width: 32, channels: 4 }),
    training: trainingConfigSchema.parse({ epochs: 40, warmUp: 3, rate: 3e-3, batch: 32, mixture: 3 }),
  };
  const fitted = await fitModel(
    {
      rows: memoryRows(batch),
      splits: Uint8Array.from(splits, (split) => splitNames.indexOf(split)),
      modalities,
      ...config,
    },
    runtime,
  );
  const { networks, prior, record } = fitted;
  const parts = {
    record: { config: config.model, modalities: modalities.map(({ state }) => state), data, training: record },
    networks,
    prior,
  };
  return {
    model: openTrainedModel(parts, runtime),
    rows,
    kinds: labels.map((kind) => kinds[kind]!),
    encoded: {
      keys: rows.map((_, i) => `fruit:${i + 1}`),
      rows: rows.map((_, i) => i + 1),
      splits,
      batch,
      issues: [],
      cells: { ...cellsOf(rows), kind: labels.map((kind) => kinds[kind]!) },
    },
  };
}

/** A bright blob whose place tells the kind, with noise. */
function picture(kind: number, rng: ReturnType<typeof random>): Image {
  const centre = [1.5, 3.5, 5.5][kind]!;
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => {
    const distance = Math.hypot((i % side) - centre, Math.floor(i / side) - centre);
    return Math.max(0, Math.min(255, 240 * Math.exp(-((distance / 1.6) ** 2)) + 12 * rng.normal()));
  });
  return { width: side, height: side, channels: 1, pixels };
}

const cellsOf = (rows: readonly Values[]): Record<string, (Scalar | null)[]> =>
  Object.fromEntries(
    columns.map(({ name }) => [
      name,
      rows.map((row) => {
        const value = row[name] ?? null;
        return typeof value === "object" && value !== null ? `${name}.png` : value;
      }),
    ]),
  );

const column = (name: string, kind: Column["kind"]): Column => ({
  name,
  kind,
  role: "feature",
  why: "",
  present: count,
  missing: 0,
  distinct: 3,
  examples: [],
});

const columns = [
  column("photo", "image"),
  column("word", "text"),
  column("colour", "categorical"),
  column("size", "real"),
  column("weight", "real"),
];

const data = {
  name: "fruit <of> three kinds.csv",
  fingerprint: "f0",
  rows: count,
  reading: {
    header: true,
    media: {},
    columns: {},
    splitFractions: { validation: 0.2, test: 0.2 },
    seed: 0,
    resolved: {},
  },
  columns,
};
