import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodePng } from "../src/data/node/media-decoder.ts";
import { nodeRuntime } from "../src/engine/node/runtime.ts";
import { type Model, openData, openModel, train } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "polyvae-library-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const colours = { red: [220, 30, 30], green: [30, 200, 40], blue: [20, 40, 230] } as const;
type Colour = keyof typeof colours;

/** A square of one colour on white. */
const picture = (colour: Colour, at: number) =>
  encodePng({
    width: 16,
    height: 16,
    channels: 3,
    pixels: Uint8Array.from({ length: 768 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % 16, Math.floor(i / 48)];
      return x > at && x < at + 8 && y > 3 && y < 12 ? colours[colour][i % 3]! : 255;
    }),
  });

let model: Model;
beforeAll(async () => {
  const lines = ["photo,title,price"];
  for (let i = 0; i < 120; i++) {
    const colour = (["red", "green", "blue"] as const)[i % 3]!;
    writeFileSync(join(folder, `${i}.png`), await picture(colour, i % 5));
    const price = { red: 10, green: 20, blue: 30 }[colour] + (i % 7) / 10;
    lines.push(
      `${i % 9 === 0 ? "" : `${i}.png`},${i % 8 === 0 ? "" : `${colour} shoe number ${i % 4}`},${i % 7 === 0 ? "" : price}`,
    );
  }
  writeFileSync(join(folder, "shoes.csv"), `${lines.join("\n")}\n`);
  writeFileSync(join(folder, "query.png"), await picture("blue", 2));
});

test("train, ask, save and open again", async () => {
  const data = await openData(join(folder, "shoes.csv"), { columns: { title: { kind: "text" } } });
  model = await train(data, { latent: 8, width: 32, channels: 4, epochs: 120 });

  const [title] = await model.translate({ photo: join(folder, "query.png") }, "title");
  expect(title!.title).toMatch(/^blue shoe/);
  const { filled } = await model.impute([{ title: "green shoe number 1", price: null, photo: null }]);
  expect(filled[0]!.price).toBeGreaterThan(15);
  expect(filled[0]!.price).toBeLessThan(25);

  const space = await model.index(data);
  const hits = await space.search({ title: "red shoe number 2" }, { k: 5, where: "price < 50" });
  expect(hits).toHaveLength(5);
  expect(hits.filter(({ columns }) => (columns.price as number) < 15).length).toBeGreaterThanOrEqual(4);

  const file = join(folder, "shoes.polyvae");
  await model.save(file);
  const opened = await openModel(file);
  expect(await opened.translate({ title: "red shoe number 2" }, "price")).toEqual(
    await model.translate({ title: "red shoe number 2" }, "price"),
  );
  expect(await opened.generate(2, { seed: 3 })).toEqual(await model.generate(2, { seed: 3 }));
  await opened.close();
  await model.close();
  data.close();
});

test("a setting that does not exist is named", async () => {
  const data = await openData(join(folder, "shoes.csv"));
  await expect(train(data, { latents: 4 } as object)).rejects.toThrow(/no setting "latents"/);
  data.close();
});

test("a runtime that is closed says so", async () => {
  const runtime = nodeRuntime();
  await runtime.close();
  await expect(runtime.load(new Uint8Array())).rejects.toThrow(/worker has ended/);
});
