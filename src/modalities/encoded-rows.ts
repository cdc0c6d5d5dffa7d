/**
 * @file Encoded rows, wherever they lie: the contract by which training, evaluation and commands read them, and its form in memory.
 * In: a Batch of all rows. Out: EncodedRows. `node/row-file.ts` keeps them on disk, read block by block.
 */
import { batchRows, selectRows } from "./batch.ts";
import type { Batch } from "./modality.ts";

export interface EncodedRows {
  readonly count: number;
  /** 1 for rows in which at least one modality has a value. */
  readonly usable: Uint8Array;
  /** Bytes of one row's arrays. */
  readonly rowBytes: number;
  /** Rows that lie together and are read at once; all of them where they stand in memory. */
  readonly blockRows: number;
  /** Blocks from which rows are drawn at random at one time. */
  readonly windowBlocks: number;
  /** These blocks are read next: they are brought into memory ahead, and all others leave it. */
  prefetch(blocks: readonly number[]): void;
  /** The rows at these indices, in their order, as fresh copies; an index may recur. */
  read(indices: readonly number[]): Promise<Batch>;
}

/** Rows that stand in memory: one block, at hand at once. */
export function memoryRows(batch: Batch): EncodedRows {
  const count = batchRows(batch);
  return {
    count,
    usable: usableRows(batch),
    rowBytes: bytesOf(batch) / Math.max(1, count),
    blockRows: Math.max(1, count),
    windowBlocks: 1,
    prefetch: () => undefined,
    read: async (indices) => selectRows(batch, indices),
  };
}

/** [rows], 1 where at least one modality has a value. */
export function usableRows(batch: Batch): Uint8Array {
  const usable = new Uint8Array(batchRows(batch));
  for (const { present } of Object.values(batch)) for (let i = 0; i < usable.length; i++) usable[i]! |= present[i]!;
  return usable;
}

const bytesOf = (batch: Batch): number =>
  Object.values(batch)
    .flatMap(({ arrays, present }) => [...Object.values(arrays), present])
    .reduce((bytes, { byteLength }) => bytes + byteLength, 0);
