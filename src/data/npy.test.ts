import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readNpy, writeNpy } from "./npy.ts";

/** A file as NumPy writes it, of any type. */
function npy(type: string, shape: string, data: Uint8Array, { version = 1, turned = "False" } = {}): Uint8Array {
  const header = `{'descr': '${type}', 'fortran_order': ${turned}, 'shape': ${shape}, }`.padEnd(117);
  const length = version === 1 ? [118, 0] : [118, 0, 0, 0];
  const start = [0x93, ...Buffer.from("NUMPY"), version, 0, ...length];
  return Uint8Array.from([...start, ...Buffer.from(`${header}\n`), ...data]);
}
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const values = (bytes: Uint8Array) => [...readNpy(bytes).values];

describe(".npy files", () => {
  it("come back as they were written", () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 50 }), (array) => {
        const again = readNpy(writeNpy({ shape: [array.length], values: array }));
        expect(again.shape).toEqual([array.length]);
        expect(again.values).toEqual(array);
      }),
    );
    expect(writeNpy({ shape: [3], values: new Float32Array(3) }).length % 64).toBe(12);
  });

  it("are read in every plain type and either byte order", () => {
    expect(values(npy("<f8", "(2,)", bytesOf(Float64Array.of(1.5, -2))))).toEqual([1.5, -2]);
    expect(values(npy("<f4", "(2, 1)", bytesOf(Float32Array.of(1.5, -2)), { version: 2 }))).toEqual([1.5, -2]);
    // 1, -2, 2^-24 and the largest half
    expect(values(npy("<f2", "(4,)", Uint8Array.of(0, 0x3c, 0, 0xc0, 1, 0, 0xff, 0x7b)))).toEqual([
      1,
      -2,
      2 ** -24,
      65_504,
    ]);
    expect(values(npy(">i2", "(2,)", Uint8Array.of(1, 0, 0xff, 0xff)))).toEqual([256, -1]);
    expect(values(npy("|u1", "(3,)", Uint8Array.of(1, 2, 255)))).toEqual([1, 2, 255]);
    expect(values(npy("<i8", "(1,)", bytesOf(BigInt64Array.of(-7n))))).toEqual([-7]);
    expect(values(npy("<f4", "()", bytesOf(Float32Array.of(4))))).toEqual([4]);
  });

  it("are refused where the header is not to be trusted", () => {
    const data = bytesOf(Float32Array.of(1, 2, 3, 4));
    expect(() => readNpy(Buffer.from("no such thing"))).toThrow(/no \.npy file/);
    expect(() => readNpy(npy("<f4", "(4,)", data).slice(0, 60))).toThrow(/cut off/);
    expect(() => readNpy(npy("<f4", "(5,)", data))).toThrow(/16 bytes of numbers, its header says 20/);
    expect(() => readNpy(npy("<f4", "(99999999, 99999999)", data))).toThrow(/the limit is/);
    expect(() => readNpy(npy("<c8", "(2,)", data))).toThrow(/type <c8/);
    expect(() => readNpy(npy("|O8", "(2,)", data))).toThrow(/type \|O8|plain numbers/);
    expect(() => readNpy(npy("<f4", "(2, 2)", data, { turned: "True" }))).toThrow(/C order/);
    expect(values(npy("<f4", "(4,)", data, { turned: "True" }))).toEqual([1, 2, 3, 4]);
  });

  it("never crash the reader otherwise than by saying what is wrong", () => {
    const good = writeNpy({ shape: [4], values: Float32Array.of(1, 2, 3, 4) });
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const bad = good.slice(0, length);
        if (at < length) bad[at] = byte;
        try {
          expect(readNpy(bad).values.length).toBeLessThanOrEqual(4);
        } catch (error) {
          expect((error as Error).message).toMatch(/^it(s| is| holds) /);
        }
      }),
    );
  });
});
