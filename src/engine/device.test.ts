import { afterEach, expect, test, vi } from "vitest";
import { chooseDevice, type Platform } from "./device.ts";

const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(() => warn.mockClear());

const platform = (hasGpu: boolean, refusal?: string): Platform => ({ hasGpu: () => hasGpu, refusal: () => refusal });

test("auto takes the graphics processor that works, else the CPU, and says nothing", async () => {
  expect(await chooseDevice("auto", platform(true))).toBe("webgpu");
  expect(await chooseDevice("auto", platform(false))).toBe("cpu");
  expect(await chooseDevice("auto", platform(true, "its driver is too old"))).toBe("cpu");
  expect(warn).not.toHaveBeenCalled();
});

test("a device that is asked for is had, or one line says why not", async () => {
  expect(await chooseDevice("cpu", platform(true))).toBe("cpu");
  expect(await chooseDevice("webgpu", platform(false))).toBe("webgpu");
  expect(await chooseDevice("cuda", platform(true, "its libraries are not installed"))).toBe("cpu");
  expect(warn.mock.calls).toEqual([
    ["polyvae: cannot run on cuda, so the CPU is used: its libraries are not installed."],
  ]);
});
