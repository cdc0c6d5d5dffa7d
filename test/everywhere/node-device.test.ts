import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { nodePlatform } from "../../src/engine/node/platform.ts";
import type { NodeResult } from "./node-losses.ts";

/** Trains the small VAE in a process whose drivers the environment chooses. */
function trainOn(device: string, environment: NodeJS.ProcessEnv = {}) {
  const script = new URL("node-losses.ts", import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", script, device, "3"], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  expect(status, stderr).toBe(0);
  return { ...(JSON.parse(stdout) as NodeResult), stderr };
}

function expectLosses(losses: readonly number[], expected: readonly number[]) {
  expect(losses).toHaveLength(expected.length);
  losses.forEach((loss, step) => {
    expect(Math.abs(loss / expected[step]! - 1), `step ${step}`).toBeLessThan(1e-3);
  });
}

const noDrivers = { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent" };

test.runIf(process.platform === "linux")(
  "a device that cannot be had gives way to the CPU, in one line that names the cause",
  () => {
    const onCpu = trainOn("cpu");
    expect(onCpu).toMatchObject({ device: "cpu", stderr: "" });
    const asked = trainOn("webgpu", noDrivers);
    expect(asked).toEqual({
      ...onCpu,
      stderr:
        "polyvae: cannot run on webgpu, so the CPU is used: Failed to get a WebGPU adapter: No supported adapters.\n",
    });
  },
);

const hasGpu = await nodePlatform.hasGpu();
/** Debian's Chromium brings a Vulkan driver that runs on the CPU, and the library that loads it. */
const emulated = "/usr/lib/chromium/vk_swiftshader_icd.json";
const emulation = {
  VK_DRIVER_FILES: emulated,
  VK_ICD_FILENAMES: emulated,
  LD_LIBRARY_PATH: `/usr/lib/chromium:${process.env.LD_LIBRARY_PATH ?? ""}`,
};
/** Emulated shaders are compiled one by one, on a machine that may be busy. */
const emulationTimeout = 300_000;
const canEmulate = process.platform === "linux" && existsSync(emulated);

test.runIf(canEmulate)(
  `on WebGPU, emulated by the CPU, the losses are the CPU's${canEmulate ? "" : "; skipped: no Chromium to bring a driver"}`,
  () => {
    const onGpu = trainOn("webgpu", emulation);
    expect(onGpu).toMatchObject({ device: "webgpu", stderr: "" });
    expectLosses(onGpu.losses, trainOn("cpu").losses);
  },
  emulationTimeout,
);

test.runIf(hasGpu)(
  `on this machine's graphics processor the losses are the CPU's${hasGpu ? "" : "; skipped: there is none"}`,
  () => {
    const onGpu = trainOn("auto");
    expect(["cpu", "webgpu"]).toContain(onGpu.device);
    expectLosses(onGpu.losses, trainOn("cpu").losses);
  },
);
