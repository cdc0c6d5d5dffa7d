/**
 * @file One row's arrays as one record of fixed size, and back. In: modalities; batches. Out: bytes; batches.
 * A record holds the arrays of every modality one after the other, then a byte each for their presence.
 */
import { batchRows } from "./batch.ts";
import type { ArraySpec, Batch, Encoded, Modality, TypedArray } from "./modality.ts";

export interface RecordField {
  readonly modality: string;
  /** null: whether the row has the modality. */
  readonly array: string | null;
  readonly type: ArraySpec["type"];
  /** Elements in one row. */
  readonly width: number;
  readonly bytes: number;
  readonly offset: number;
}

export interface RecordLayout {
  readonly fields: readonly RecordField[];
  /** Of one record. */
  readonly bytes: number;
}

const arrayTypes = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const;

export function recordLayout(modalities: readonly Pick<Modality, "name" | "arrays">[]): RecordLayout {
  let offset = 0;
  const field = (modality: string, array: string | null, { shape, type }: ArraySpec): RecordField => {
    const width = shape.reduce((a, b) => a * b, 1);
    const bytes = width * arrayTypes[type].BYTES_PER_ELEMENT;
    offset += bytes;
    return { modality, array, type, width, bytes, offset: offset - bytes };
  };
  const arrays = modalities.flatMap(({ name, arrays: specs }) =>
    Object.entries(specs).map(([array, spec]) => field(name, array, spec)),
  );
  const present = modalities.map(({ name }) => field(name, null, { shape: [], type: "uint8" }));
  return { fields: [...arrays, ...present], bytes: offset };
}

/** A batch whose rows are filled one by one or part by part; `batch` is what it holds so far, zeros elsewhere. */
export interface BatchFiller {
  readonly batch: Batch;
  /** @param at where the record begins in `bytes` */
  setRecord(row: number, bytes: Uint8Array, at: number): void;
  setRows(start: number, part: Batch): void;
}

export function batchFiller(layout: RecordLayout, rows: number): BatchFiller {
  const batch: Record<
    string,
    Omit<Encoded, "arrays" | "present"> & { arrays: Record<string, TypedArray>; present: Uint8Array }
  > = {};
  const columns = layout.fields.map((field) => {
    const own = (batch[field.modality] ??= { rows, arrays: {}, present: new Uint8Array(0), issues: [] });
    const values = new arrayTypes[field.type](rows * field.width);
    if (field.array === null) own.present = values as Uint8Array;
    else own.arrays[field.array] = values;
    return { ...field, values, raw: new Uint8Array(values.buffer) };
  });
  return {
    batch,
    setRecord(row, bytes, at) {
      for (const { raw, offset, bytes: length } of columns) {
        const from = at + offset;
        if (length === 1) raw[row] = bytes[from]!;
        else raw.set(bytes.subarray(from, from + length), row * length);
      }
    },
    setRows(start, part) {
      for (const { modality, array, width, values } of columns)
        values.set(checked(part, modality, array, width), start * width);
    },
  };
}

/** All rows of a batch as records, one after the other. */
export function packRecords({ fields, bytes }: RecordLayout, batch: Batch): Uint8Array {
  const rows = batchRows(batch);
  const records = new Uint8Array(rows * bytes);
  for (const { modality, array, width, offset, bytes: length } of fields) {
    const values = checked(batch, modality, array, width);
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let row = 0; row < rows; row++)
      records.set(raw.subarray(row * length, (row + 1) * length), row * bytes + offset);
  }
  return records;
}

function checked(batch: Batch, modality: string, array: string | null, width: number): TypedArray {
  const encoded = batch[modality];
  const values = array === null ? encoded?.present : encoded?.arrays[array];
  if (values && values.length === encoded!.rows * width) return values;
  throw new Error(
    `Cannot keep rows of "${modality}": expected ${width} elements of "${array ?? "present"}" a row, received ${values?.length ?? 0} for ${encoded?.rows ?? 0} rows. ` +
      "Its `arrays` must say what `encode` gives.",
  );
}
