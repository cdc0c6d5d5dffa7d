/**
 * @file Where graphs run. In: what the user asks for, and what the platform offers. Out: the device to try, with one line on the
 * console where an explicit wish cannot be had.
 */

/** auto: WebGPU where there is a graphics processor and the model runs right on it, else the CPU. */
export const devices = ["auto", "cpu", "webgpu", "cuda"] as const;

export type Device = (typeof devices)[number];
export type ConcreteDevice = Exclude<Device, "auto">;
export type Accelerator = Exclude<ConcreteDevice, "cpu">;

/** What a platform knows of its accelerators. */
export interface Platform {
  /** Whether a graphics processor, not one emulated by the CPU, is at hand for WebGPU. */
  hasGpu(): boolean | Promise<boolean>;
  /** Why this accelerator cannot be had, as the middle of a sentence; undefined where it can. */
  refusal(device: Accelerator): string | undefined | Promise<string | undefined>;
}

export async function chooseDevice(asked: Device, platform: Platform): Promise<ConcreteDevice> {
  if (asked === "auto") return (await platform.hasGpu()) && !(await platform.refusal("webgpu")) ? "webgpu" : "cpu";
  if (asked === "cpu") return "cpu";
  const refusal = await platform.refusal(asked);
  if (refusal === undefined) return asked;
  warnOfFallback(asked, refusal);
  return "cpu";
}

export const warnOfFallback = (device: Accelerator, cause: string): void =>
  console.warn(`polyvae: cannot run on ${device}, so the CPU is used: ${cause}.`);
