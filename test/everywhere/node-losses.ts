/** @file A process that trains the small VAE on Node. In: device and number of steps. Out: one line of JSON. */
import { type Device, nodeRuntime } from "polyvae";
import { trainSmallVae, trainSteps } from "./small-vae.ts";

export interface NodeResult {
  readonly device: string;
  readonly losses: number[];
}

const [, , device, steps] = process.argv;
const runtime = nodeRuntime({ threads: 1, device: device as Device });
const trainer = await trainSmallVae(runtime);
const result: NodeResult = { device: trainer.device, losses: await trainSteps(trainer, Number(steps)) };
await runtime.close();
process.stdout.write(JSON.stringify(result));
