/**
 * @file LZ4 frames, unpacked. In: the bytes of one frame, and how long its content is. Out: the content.
 * Arrow files pack their buffers so.
 */
const minMatch = 4;

/** @throws Error where the bytes are no such frame */
export function unlz4(bytes: Uint8Array, length: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== 0x184d2204) throw new Error("no LZ4 frame begins here");
  const flags = bytes[4]!;
  const checksums = (flags & 16) !== 0 ? 4 : 0;
  let at = 7 + ((flags & 8) !== 0 ? 8 : 0) + ((flags & 1) !== 0 ? 4 : 0);
  const out = new Uint8Array(length);
  let filled = 0;
  for (let size = view.getUint32(at, true); size !== 0; size = view.getUint32(at, true)) {
    at += 4;
    const width = size & 0x7fffffff;
    const block = bytes.subarray(at, at + width);
    if (block.length < width) throw new Error("an LZ4 block is cut off");
    if (size >>> 31 === 0) filled = readBlock(block, out, filled);
    else {
      out.set(block, filled);
      filled += width;
    }
    at += width + checksums;
  }
  if (filled !== length) throw new Error(`an LZ4 frame holds ${filled} bytes, expected ${length}`);
  return out;
}

/** @returns where the next block is to be put */
function readBlock(block: Uint8Array, out: Uint8Array, start: number): number {
  let at = 0;
  let to = start;
  const longer = (first: number): number => {
    let total = first;
    for (let byte = first === 15 ? 255 : 0; byte === 255; total += byte) {
      if (at >= block.length) throw new Error("an LZ4 block is cut off");
      byte = block[at++]!;
    }
    return total;
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = longer(token >> 4);
    if (to + literals > out.length || at + literals > block.length) throw new Error("an LZ4 block is too long");
    out.set(block.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at >= block.length) return to;
    const back = block[at]! | (block[at + 1]! << 8);
    at += 2;
    const match = longer(token & 15) + minMatch;
    if (back === 0 || back > to || to + match > out.length) throw new Error("an LZ4 match lies outside the content");
    for (let i = 0; i < match; i++) out[to + i] = out[to + i - back]!;
    to += match;
  }
  return to;
}
