/**
 * @file Accelerators on Node. In: a device. Out: whether there is a graphics processor, and why a device cannot be had. A device is
 * first used by a process of its own: a driver that crashes, hangs or writes to the terminal does it there.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Accelerator, Platform } from "../device.ts";

/** A driver starts within seconds, also one that is emulated on a busy machine. */
const patience = 60_000;

export const nodePlatform: Platform = { hasGpu, refusal };

/**
 * Whether the operating system has a graphics processor to offer. Asked before a driver is loaded: software that emulates one is slower
 * than the CPU's own kernels.
 */
function hasGpu(): boolean {
  if (process.platform !== "linux") return ["darwin", "win32"].includes(process.platform);
  const rendering = existsSync("/dev/dri") && readdirSync("/dev/dri").some((name) => name.startsWith("renderD"));
  return rendering || existsSync("/dev/nvidia0") || existsSync("/dev/dxg");
}

function refusal(device: Accelerator): string | undefined {
  const file = fileURLToPath(new URL(`./trial${import.meta.url.slice(-3)}`, import.meta.url));
  const loader = file.endsWith(".ts") ? ["--import", import.meta.resolve("tsx")] : [];
  const { status, signal, stdout, error } = spawnSync(process.execPath, [...loader, file, device], {
    stdio: ["ignore", "pipe", "ignore"],
    encoding: "utf8",
    timeout: patience,
    windowsHide: true,
  });
  if (error && "code" in error && error.code === "ETIMEDOUT")
    return `its driver gave no answer in ${patience / 1000} s`;
  if (error) return error.message;
  if (status === 0) return undefined;
  return stdout || `its driver ended the process with ${signal ?? `exit code ${status}`}`;
}
