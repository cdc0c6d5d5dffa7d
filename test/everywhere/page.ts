/** @file The page that the browser tests open. In: calls from the test, through `window.polyvae`. Out: plain values. */
import { type Device, openTrainedModel, translate, unpackModel, type Values, webRuntime } from "polyvae/browser";
import { trainSmallVae, trainSteps } from "./small-vae.ts";

export interface PageResult {
  readonly device: string;
  readonly losses: number[];
  /** Whether the page may share memory between threads. */
  readonly isolated: boolean;
}

async function train(steps: number, device: Device): Promise<PageResult> {
  const runtime = webRuntime({ threads: 2, device, wasmPath: "/ort/" });
  const trainer = await trainSmallVae(runtime);
  const losses = await trainSteps(trainer, steps);
  await runtime.close();
  return { device: trainer.device, losses, isolated: crossOriginIsolated };
}

/** How often the page's thread gets a turn while one long step is under way: messages to itself, which no browser delays. */
async function turnsDuringStep(): Promise<number> {
  const runtime = webRuntime({ threads: 1, wasmPath: "/ort/" });
  const trainer = await trainSmallVae(runtime);
  const { port1, port2 } = new MessageChannel();
  let turns = 0;
  port1.onmessage = () => {
    turns++;
    port2.postMessage(null);
  };
  port2.postMessage(null);
  await trainSteps(trainer, 1, 64);
  port1.close();
  await runtime.close();
  return turns;
}

/** Opens a model file and asks it. */
async function ask(file: readonly number[], given: Values, to: string): Promise<Values[]> {
  const runtime = webRuntime({ threads: 1, wasmPath: "/ort/" });
  const model = openTrainedModel(await unpackModel(Uint8Array.from(file), "test.polyvae"), runtime);
  const answers = await translate(model, given, to, { count: 3, seed: 1 });
  await runtime.close();
  return answers;
}

const api = { train, turnsDuringStep, ask };
export type PageApi = typeof api;
Object.assign(window, { polyvae: api });
