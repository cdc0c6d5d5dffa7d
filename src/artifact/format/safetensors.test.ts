import { describe, expect, it } from "vitest";
import { readTensors, writeTensors } from "./safetensors.ts";

const tensors = {
  b: { shape: [2, 3], values: Float32Array.of(0, -1.5, 3e38, 1e-45, Number.NaN, Number.NEGATIVE_INFINITY) },
  a: { shape: [], values: Float32Array.of(7) },
  none: { shape: [0, 4], values: new Float32Array(0) },
};

describe("safetensors", () => {
  it("gives back every value, whatever the alignment of the bytes", () => {
    const bytes = writeTensors(tensors);
    expect(readTensors(bytes)).toEqual(tensors);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(readTensors(shifted.subarray(1))).toEqual(tensors);
  });

  it("follows the published layout", () => {
    const bytes = writeTensors({ w: { shape: [2], values: Float32Array.of(1, 2) } });
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      w: { dtype: "F32", shape: [2], data_offsets: [0, 8] },
    });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
  });

  it("refuses bytes that are none", () => {
    const bytes = writeTensors(tensors);
    expect(() => readTensors(bytes.subarray(0, 5))).toThrow("expected a header");
    expect(() => readTensors(bytes.subarray(0, bytes.length - 1))).toThrow("does not fit its shape");
  });
});
