/** The example of docs/new-modality.md: the contract that every modality keeps, and a small model from a CSV to answers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Encoded, openData, openModel, random, train, type Values } from "polyvae";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { modalityContract } from "../src/modalities/testing/modality-contract.ts";
import { accelerometer } from "./new-modality/accelerometer.ts";
import { motions } from "./new-modality/motions.ts";

const kinds = { accelerometer };
const size = 12 * 3;

modalityContract("the accelerometer of the guide", () => {
  const rng = random(1, "series");
  const samples: Values[] = Array.from({ length: 5 }, () => ({
    motion: Float32Array.from({ length: size }, (_, i) => (i % 3 === 2 ? 9.8 : 0) + rng.normal()),
  }));
  const modality = accelerometer.fit({ name: "motion", sample: samples, request: undefined, options: undefined })!;
  const at = (row: number, i: number) => row * 2 * size + 6 * Math.floor(i / 3) + (i % 3);
  return {
    modality,
    kinds,
    samples,
    parametersFor: ({ arrays, rows }: Encoded) => {
      const parameters = new Float32Array(rows * 2 * size).fill(-4);
      arrays.series!.forEach((x, i) => {
        parameters[at(Math.floor(i / size), i % size)] = x;
      });
      return parameters;
    },
    expectSame: ({ motion }, sample) => {
      for (const [i, x] of (motion as Float32Array).entries())
        expect(x).toBeCloseTo((sample.motion as Float32Array)[i]!, 4);
    },
    densityAt: (parameters, { arrays }, row) => {
      let total = 0;
      for (let i = 0; i < size; i++) {
        const logVariance = Math.min(3, Math.max(-6, parameters[at(row, i) + 3]!));
        const apart = arrays.series![row * size + i]! - parameters[at(row, i)]!;
        total -= 0.5 * (apart ** 2 / Math.exp(logVariance) + logVariance + Math.log(2 * Math.PI));
      }
      return total;
    },
  };
});

const folder = mkdtempSync(join(tmpdir(), "polyvae-guide-"));
beforeAll(() => vi.stubEnv("POLYVAE_CACHE", join(folder, "cache")));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

test("a model over a column of one's own kind: trained, saved, opened, asked", async () => {
  writeFileSync(join(folder, "motions.csv"), motions(150));
  const data = await openData(join(folder, "motions.csv"), { columns: { motion: { modality: "accelerometer" } } });
  const trained = await train(data, { latent: 4, epochs: 100 }, { kinds });
  expect(trained.record.modalities.map(({ kind }) => kind)).toEqual(["accelerometer", "table"]);
  await trained.save(join(folder, "m.polyvae"));
  await trained.close();
  await expect(openModel(join(folder, "m.polyvae"))).rejects.toThrow(
    /"accelerometer".* need a kind that is passed as `kinds`/,
  );
  const model = await openModel(join(folder, "m.polyvae"), { kinds });
  const spread = async (activity: string, axis: number) => {
    const [answer] = await model.translate({ activity }, "motion");
    const own = (answer!.motion as Float32Array).filter((_, i) => i % 3 === axis);
    return Math.max(...own) - Math.min(...own);
  };
  expect(await spread("still", 2)).toBeLessThan(3);
  expect(await spread("walk", 2)).toBeGreaterThan(5);
  expect(await spread("walk", 0)).toBeLessThan(3);
  expect(await spread("turn", 0)).toBeGreaterThan(4);
  const [, first] = /^"(\[.*\])",still/m.exec(readFileSync(join(folder, "motions.csv"), "utf8"))!;
  const [still] = await model.translate({ motion: first! }, "activity");
  expect(still).toEqual({ activity: "still" });
  const metrics = await model.evaluate(data, { split: "all" });
  const { error, baseline } = metrics.reconstruction.motion!;
  expect(error).toBeLessThan(0.8 * baseline!);
  await model.close();
  data.close();
});

test("the guide's file is shorter than 100 lines of code, and the guide shows it", () => {
  const file = readFileSync(new URL("new-modality/accelerometer.ts", import.meta.url), "utf8");
  expect(file.split("\n").length).toBeLessThan(101);
  const guide = readFileSync(new URL("../docs/new-modality.md", import.meta.url), "utf8");
  const quoted = [...guide.matchAll(/```ts from accelerometer\.ts\n([\s\S]*?)```/g)];
  expect(quoted.length).toBeGreaterThan(2);
  for (const [, code] of quoted) for (const line of code!.trim().split("\n")) expect(file).toContain(line.trim());
});
