/** @file Accelerators in a browser. In: a device. Out: whether there is a graphics processor, and why a device cannot be had. */
import type { Platform } from "../device.ts";

/** Absent in browsers without WebGPU, and on pages that are not served securely. */
const findAdapter = async (): Promise<GPUAdapter | null> =>
  (await (navigator.gpu as GPU | undefined)?.requestAdapter()) ?? null;

export const webPlatform: Platform = {
  // A fallback adapter is the CPU in disguise, and slower than its own kernels.
  hasGpu: async () => (await findAdapter())?.info.isFallbackAdapter === false,
  async refusal(device) {
    if (device === "cuda") return "a browser has no CUDA";
    return (await findAdapter()) ? undefined : "this browser offers no WebGPU adapter";
  },
};
