import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { type Device, nodeRuntime, openData, train as trainModel } from "polyvae";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, openBrowser, type Site, serveSite } from "./chromium.ts";
import type { PageApi } from "./page.ts";
import { trainSmallVae, trainSteps } from "./small-vae.ts";

const folder = mkdtempSync(join(tmpdir(), "polyvae-browser-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const steps = 200;
const why = chromiumPath ? "" : "; skipped: no Chromium found, apt-get install chromium";

describe.skipIf(!chromiumPath)(`in headless Chromium${why}`, () => {
  let site: Site;
  let expected: number[];

  beforeAll(async () => {
    site = await serveSite("test/everywhere/page.ts");
    const runtime = nodeRuntime({ threads: 1 });
    expected = await trainSteps(await trainSmallVae(runtime), steps);
    await runtime.close();
  });
  afterAll(() => site.close());

  /** Opens the page in a browser of its own. @returns what the page answers, and what it wrote to the console */
  async function visit<T>(path: string, flags: readonly string[], ask: (page: Page) => Promise<T>) {
    const browser = await openBrowser(flags);
    try {
      const page = await browser.newPage();
      const said: string[] = [];
      page.on("console", (message) => said.push(message.text()));
      page.on("pageerror", (error) => said.push(String(error)));
      await page.goto(site.url + path);
      return { answer: await ask(page), said };
    } finally {
      await browser.close();
    }
  }

  const train = (count: number, device: Device) => (page: Page) =>
    page.evaluate(([howMany, where]) => (window as unknown as { polyvae: PageApi }).polyvae.train(howMany, where), [
      count,
      device,
    ] as const);

  /** Equal arithmetic in another order: each loss differs by less than a thousandth of its magnitude. */
  function expectNodesLosses(losses: readonly number[], count: number) {
    expect(losses).toHaveLength(count);
    losses.forEach((loss, step) => {
      expect(Math.abs(loss / expected[step]! - 1), `step ${step}`).toBeLessThan(1e-3);
    });
  }

  test("200 steps of a small VAE give the losses that Node gives", async () => {
    const { answer, said } = await visit("/isolated/", ["--disable-gpu"], train(steps, "auto"));
    expect(answer).toMatchObject({ isolated: true, device: "cpu" });
    expectNodesLosses(answer.losses, steps);
    expect(said).toEqual([]);
    // They are losses of a model that learns.
    expect(expected.at(-1)).toBeLessThan(0.8 * expected[0]!);
  });

  test("the page's thread stays free while a step is under way", async () => {
    const ask = (page: Page) =>
      page.evaluate(() => (window as unknown as { polyvae: PageApi }).polyvae.turnsDuringStep());
    const { answer: turns } = await visit("/", ["--disable-gpu"], ask);
    // A step on the page's own thread would leave it no turn but those around the messages.
    expect(turns).toBeGreaterThan(50);
  });

  test("a model file gives the answers that it gives on Node", async () => {
    const lines = Array.from(
      { length: 90 },
      (_, i) => `${["red", "green", "blue"][i % 3]},${(i % 3) * 10 + (i % 7) / 10}`,
    );
    writeFileSync(join(folder, "things.csv"), ["colour,price", ...lines].join("\n"));
    const data = await openData(join(folder, "things.csv"));
    const model = await trainModel(data, { latent: 4, width: 16, epochs: 20 });
    await model.save(join(folder, "things.polyvae"));
    const onNode = await model.translate({ colour: "blue" }, "price", { count: 3, seed: 1 });
    await model.close();
    data.close();

    const file = [...readFileSync(join(folder, "things.polyvae"))];
    const ask = (page: Page) =>
      page.evaluate(
        (bytes) => (window as unknown as { polyvae: PageApi }).polyvae.ask(bytes, { colour: "blue" }, "price"),
        file,
      );
    const { answer } = await visit("/", ["--disable-gpu"], ask);
    expect(answer).toHaveLength(3);
    answer.forEach(({ price }, i) => {
      expect(price).toBeCloseTo(onNode[i]!.price as number, 3);
    });
  });

  test("a page that is not isolated uses one thread; a device that cannot be had gives way to the CPU; each in one line", async () => {
    const { answer, said } = await visit("/", ["--disable-gpu"], train(steps, "webgpu"));
    expect(answer).toMatchObject({ isolated: false, device: "cpu" });
    expectNodesLosses(answer.losses, steps);
    expect(said).toEqual([
      "polyvae: one thread is used, since this page is not cross-origin isolated (docs/browser.md).",
      "polyvae: cannot run on webgpu, so the CPU is used: this browser offers no WebGPU adapter.",
    ]);
  });

  test("files that are not served are named", async () => {
    const without = (files: string) => async (page: Page) => {
      await page.route(files, (route) => route.abort());
      return train(1, "cpu")(page).catch(String);
    };
    const { answer: noWorker } = await visit("/", ["--disable-gpu"], without("**/worker.js"));
    expect(noWorker).toMatch(/Cannot start the engine's worker: its script could not be loaded/);
    const { answer: noEngine } = await visit("/", ["--disable-gpu"], without("**/ort/*"));
    expect(noEngine).toMatch(/ort-wasm-simd-threaded\.mjs/);
  });

  test("on WebGPU, which the browser emulates where there is no graphics processor, the losses are the same", async () => {
    const flags = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
    const { answer } = await visit("/isolated/", flags, train(5, "webgpu"));
    expect(answer.device).toBe("webgpu");
    expectNodesLosses(answer.losses, 5);
  }, 300_000);
});
