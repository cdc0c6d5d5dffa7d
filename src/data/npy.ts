/**
 * @file NumPy's .npy format, version 1 to 3. In: bytes of a file. Out: its numbers as float32 with their shape; and back.
 * Source: numpy.lib.format, "Format Version 1.0". Floats of 16, 32 and 64 bits and whole numbers, either byte order, C order.
 */

export interface NumberArray {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Numbers of one array that are still read: 64 MiB as float32. */
export const mostNumbers = 2 ** 24;
const longestHeader = 2 ** 16;
const magic = "\x93NUMPY";

export const isNpy = (head: Uint8Array): boolean => String.fromCharCode(...head.subarray(0, 6)) === magic;

type Read = (view: DataView, at: number, little: boolean) => number;
const readers: Readonly<Record<string, Read>> = {
  f2: (view, at, little) => halfAt(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
};

/** A float16 by its bits (IEEE 754 binary16). */
function halfAt(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** @throws Error that says what is wrong, as the second half of a sentence */
export function readNpy(bytes: Uint8Array): NumberArray {
  if (!isNpy(bytes)) throw new Error("it is no .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = (bytes[6] ?? 0) >= 2;
  const start = wide ? 12 : 10;
  if (bytes.length < start || bytes[6]! < 1 || bytes[6]! > 3) throw new Error("its header is cut off or unknown");
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > longestHeader || start + length > bytes.length) throw new Error("its header is cut off");
  const { type, shape } = readHeader(new TextDecoder("latin1").decode(bytes.subarray(start, start + length)));
  const [order, name] = [type[0]!, type.slice(1)];
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (!read) throw new Error(`it holds numbers of type ${type}, expected float16, 32, 64 or whole numbers`);
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (!(size <= mostNumbers)) throw new Error(`it holds ${size} numbers, the limit is ${mostNumbers}`);
  const width = Number(name.slice(1));
  const data = start + length;
  if (bytes.length - data < size * width)
    throw new Error(`it holds ${bytes.length - data} bytes of numbers, its header says ${size * width}`);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) values[i] = read(view, data + i * width, order !== ">");
  return { shape, values };
}

/** The header is a Python dictionary of three keys, as NumPy writes it. */
function readHeader(text: string): { type: string; shape: number[] } {
  const [, type] = /'descr'\s*:\s*'([<>|=][a-z][0-9]{1,2})'/.exec(text) ?? [];
  const [, turned] = /'fortran_order'\s*:\s*(True|False)/.exec(text) ?? [];
  const [, axes] = /'shape'\s*:\s*\(([0-9, ]*)\)/.exec(text) ?? [];
  if (type === undefined || turned === undefined || axes === undefined)
    throw new Error("its header does not say type, order and shape of plain numbers");
  const shape = axes.split(",").flatMap((axis) => (axis.trim() === "" ? [] : [Number(axis)]));
  if (turned === "True" && shape.filter((axis) => axis > 1).length > 1)
    throw new Error("it is in Fortran order; save it in C order");
  return { type, shape };
}

export function writeNpy({ shape, values }: NumberArray): Uint8Array {
  const axes = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${axes}, }`;
  // The data begin at a multiple of 64, after a line break.
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length + 4 * values.length);
  const view = new DataView(bytes.buffer);
  const text = `${magic}\x01\0\0\0${header.padEnd(length - 1)}\n`;
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  view.setUint16(8, length, true);
  values.forEach((value, i) => {
    view.setFloat32(10 + length + 4 * i, value, true);
  });
  return bytes;
}
