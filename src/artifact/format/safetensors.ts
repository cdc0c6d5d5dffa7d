/**
 * @file The safetensors layout, float32 only: 8 bytes little-endian length, JSON header, raw little-endian tensors.
 * In: named tensors. Out: bytes, and back. Source: https://github.com/huggingface/safetensors, "Format".
 */
import * as z from "zod";

export interface FloatTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const count = z.number().int().min(0);
const headerSchema = z.record(
  z.string(),
  z.strictObject({ dtype: z.literal("F32"), shape: z.array(count), data_offsets: z.tuple([count, count]) }),
);

export function writeTensors(tensors: Readonly<Record<string, FloatTensor>>): Uint8Array {
  const names = Object.keys(tensors).sort();
  const header: z.infer<typeof headerSchema> = {};
  let end = 0;
  for (const name of names) {
    const { shape, values } = tensors[name]!;
    header[name] = { dtype: "F32", shape: [...shape], data_offsets: [end, (end += values.byteLength)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Padded with spaces, as the format allows, so that the tensors begin where a Float32Array may stand.
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  for (const name of names) {
    const offset = start + header[name]!.data_offsets[0];
    tensors[name]!.values.forEach((value, i) => {
      view.setFloat32(offset + 4 * i, value, true);
    });
  }
  return bytes;
}

/** @throws Error where the bytes are no such file */
export function readTensors(bytes: Uint8Array): Record<string, FloatTensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? -1 : Number(view.getBigUint64(0, true));
  if (length < 2 || length > bytes.length - 8) throw new Error(`expected a header, found ${bytes.length} bytes`);
  const header = headerSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))));
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        name,
        {
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const start = 8 + length + from;
        if (to - from !== 4 * size || 8 + length + to > bytes.length)
          throw new Error(`tensor "${name}" does not fit its shape [${shape.join(", ")}]`);
        return [
          name,
          { shape, values: Float32Array.from({ length: size }, (_, i) => view.getFloat32(start + 4 * i, true)) },
        ];
      },
    ),
  );
}
