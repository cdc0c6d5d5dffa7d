/**
 * @file The order in which an epoch takes the rows: shuffled by seed and epoch, the same for the same seed. In: which rows train, and
 * how they lie. Out: windows of blocks, and the batches of row indices that are drawn from each.
 *
 * Rows in memory are one block: the shuffle is over all of them. Rows on disk lie in blocks: these are shuffled, and the rows of some
 * blocks at a time among themselves. A batch then mixes rows of at most so many places of the file: near to a shuffle over all rows
 * unless the file is sorted by what is learnt and has few blocks. An epoch over many rows may be a part of them: `parts` epochs in
 * turn take all of them once.
 */
import { random, shuffle } from "../engine/random.ts";
import type { EncodedRows } from "../modalities/encoded-rows.ts";
import { inBatches } from "./batches.ts";

export type RowsLie = Pick<EncodedRows, "count" | "blockRows" | "windowBlocks">;

/** Whether a row is learnt from. */
export type TrainsOn = (row: number) => boolean;

export interface EpochPlan {
  readonly size: number;
  readonly seed: number;
  /** From 1. */
  readonly epoch: number;
  /** Epochs that together take every row once; 1 by default. */
  readonly parts?: number;
}

export interface EpochWindow {
  readonly blocks: readonly number[];
  readonly batches: readonly (readonly number[])[];
}

/** @param trains rows among all that are learnt from */
export function* epochWindows(lie: RowsLie, trains: TrainsOn, plan: EpochPlan): Generator<EpochWindow> {
  const { size } = plan;
  const { windows, rng, share } = windowsOf(lie, plan);
  let waiting: number[] = [];
  for (const [w, blocks] of windows.entries()) {
    const rows = blocks.flatMap((block) => rowsOf(lie, block, trains));
    shuffle(rows, rng);
    waiting = waiting.concat(rows.slice(...share(rows.length)));
    const isLast = w === windows.length - 1;
    const batches: number[][] = isLast ? inBatches(waiting, size) : [];
    // More than a batch stays for the next window, so that none but the last is short, and none is of one row.
    while (!isLast && waiting.length >= 2 * size) batches.push(waiting.splice(0, size));
    yield { blocks, batches };
  }
}

/** Batches of the epoch, counted without drawing them. */
export function epochSteps(lie: RowsLie, trains: TrainsOn, plan: EpochPlan): number {
  const { windows, share } = windowsOf(lie, plan);
  let rows = 0;
  for (const blocks of windows) {
    const [from, to] = share(blocks.reduce((count, block) => count + countIn(lie, block, trains), 0));
    rows += to - from;
  }
  // A last batch of one row joins the one before.
  return Math.ceil(rows / plan.size) - (rows > plan.size && rows % plan.size === 1 ? 1 : 0);
}

/** The epoch's windows in their order; what shuffles the rows of each; and which of so many of its rows are the epoch's. */
function windowsOf(lie: RowsLie, { seed, epoch, parts = 1 }: EpochPlan) {
  const pass = Math.floor((epoch - 1) / parts) + 1;
  const part = (epoch - 1) % parts;
  const border = (length: number, at: number) => Math.floor((at * length) / parts);
  const count = Math.ceil(lie.count / lie.blockRows);
  const order = Array.from({ length: count }, (_, block) => block);
  shuffle(order, random(seed, `blocks ${pass}`));
  // Too few blocks for every part: each then takes its share of every window, shuffled alike in all parts.
  const byBlocks = count >= parts;
  const own = byBlocks ? order.slice(border(count, part), border(count, part + 1)) : order;
  return {
    windows: Array.from({ length: Math.ceil(own.length / lie.windowBlocks) }, (_, w) =>
      own.slice(w * lie.windowBlocks, (w + 1) * lie.windowBlocks),
    ),
    rng: random(seed, byBlocks && part > 0 ? `epoch ${pass} part ${part}` : `epoch ${pass}`),
    share: (rows: number): readonly [number, number] =>
      byBlocks ? [0, rows] : [border(rows, part), border(rows, part + 1)],
  };
}

function rowsOf({ count, blockRows }: RowsLie, block: number, trains: TrainsOn): number[] {
  const rows: number[] = [];
  const end = Math.min(count, (block + 1) * blockRows);
  for (let row = block * blockRows; row < end; row++) if (trains(row)) rows.push(row);
  return rows;
}

function countIn({ count, blockRows }: RowsLie, block: number, trains: TrainsOn): number {
  let rows = 0;
  const end = Math.min(count, (block + 1) * blockRows);
  for (let row = block * blockRows; row < end; row++) if (trains(row)) rows++;
  return rows;
}
