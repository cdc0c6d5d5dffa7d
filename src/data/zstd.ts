/**
 * @file Zstandard, unpacked in pieces. In: the bytes of one or more frames (RFC 8878). Out: their content, one block at a time; the
 * window is all that is kept. Node has it from version 22 on; browsers do not.
 */
const largestWindow = 2 ** 27;
const blockSize = 2 ** 17;

/** @throws Error where the bytes are no frames, are cut off, or need a dictionary */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = byteSource(chunks);
  for (let mark = await source.take(4, true); mark !== undefined; mark = await source.take(4, true)) {
    const magic = word(mark, 0, 4);
    if (magic === 0xfd2fb528) yield* readFrame(source);
    else if (magic >= 0x184d2a50 && magic <= 0x184d2a5f) await source.take(word(await source.take(4), 0, 4));
    else throw new Error("no frame of Zstandard begins here");
  }
}

interface ByteSource {
  take(count: number): Promise<Uint8Array>;
  /** Undefined at the end of the source. */
  take(count: number, mayEnd: true): Promise<Uint8Array | undefined>;
}

function byteSource(chunks: AsyncIterable<Uint8Array>): ByteSource {
  const iterator = chunks[Symbol.asyncIterator]();
  let held = new Uint8Array(0);
  let at = 0;
  async function take(count: number, mayEnd?: true): Promise<Uint8Array | undefined> {
    while (held.length - at < count) {
      const next = await iterator.next();
      if (next.done === true) {
        if (mayEnd && held.length === at) return undefined;
        throw new Error("the frame is cut off");
      }
      const joined = new Uint8Array(held.length - at + next.value.length);
      joined.set(held.subarray(at));
      joined.set(next.value, held.length - at);
      [held, at] = [joined, 0];
    }
    at += count;
    return held.subarray(at - count, at);
  }
  return { take } as ByteSource;
}

/** Little-endian. */
function word(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

interface FrameState {
  /** The window and what is being decoded behind it. */
  readonly out: Uint8Array;
  at: number;
  huffman: Huffman | undefined;
  readonly tables: (Fse | undefined)[];
  readonly offsets: [number, number, number];
}

async function* readFrame(source: ByteSource): AsyncGenerator<Uint8Array> {
  const [descriptor] = await source.take(1);
  const single = (descriptor! & 32) !== 0;
  let window = 0;
  if (!single) {
    const [code] = await source.take(1);
    const base = 2 ** (10 + (code! >> 3));
    window = base + (base / 8) * (code! & 7);
  }
  const dictionary = word(await source.take([0, 1, 2, 4][descriptor! & 3]!), 0, [0, 1, 2, 4][descriptor! & 3]!);
  if (dictionary !== 0) throw new Error("the frame needs a dictionary");
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor! >> 6]!;
  const size = word(await source.take(sizeBytes), 0, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  if (single) window = size;
  if (window > largestWindow) throw new Error(`its window of ${window} bytes is larger than ${largestWindow}`);
  const out = new Uint8Array(Math.max(window, 1024) + 8 * blockSize);
  const state: FrameState = {
    out,
    at: 0,
    huffman: undefined,
    tables: [undefined, undefined, undefined],
    offsets: [1, 4, 8],
  };
  for (let last = false; !last; ) {
    const header = word(await source.take(3), 0, 3);
    last = (header & 1) === 1;
    const [kind, length] = [(header >> 1) & 3, header >> 3];
    if (state.at + blockSize > out.length) {
      out.copyWithin(0, state.at - window, state.at);
      state.at = window;
    }
    const from = state.at;
    if (kind === 1 ? length > blockSize * 8 : length > blockSize) throw new Error("a block is too long");
    if (kind === 0) append(state, await source.take(length));
    else if (kind === 1) {
      if (length > blockSize) throw new Error("a block is too long");
      const [byte] = await source.take(1);
      out.fill(byte!, from, from + length);
      state.at += length;
    } else if (kind === 2) readBlock(state, await source.take(length));
    else throw new Error("a block is of no known kind");
    if (state.at > from) yield out.slice(from, state.at);
  }
  if ((descriptor! & 4) !== 0) await source.take(4);
}

function append(state: FrameState, bytes: Uint8Array): void {
  if (state.at + bytes.length > state.out.length) throw new Error("a block is longer than it may be");
  state.out.set(bytes, state.at);
  state.at += bytes.length;
}

/** Bits from the end of a piece backwards; past its beginning there are zeros. */
interface Bits {
  readonly bytes: Uint8Array;
  /** Bits that are left; negative past the beginning. */
  at: number;
}

function backwards(bytes: Uint8Array): Bits {
  const last = bytes.at(-1);
  if (!last) throw new Error("a stream of bits has no end mark");
  return { bytes, at: bytes.length * 8 - (Math.clz32(last) - 24) - 1 };
}

function takeBits(bits: Bits, count: number): number {
  if (count > 24) {
    const high = takeBits(bits, count - 16);
    return high * 65536 + takeBits(bits, 16);
  }
  bits.at -= count;
  if (bits.at >= 0) return bitsAt(bits.bytes, bits.at, count);
  const there = count + bits.at;
  return there > 0 ? bitsAt(bits.bytes, 0, there) << -bits.at : 0;
}

function bitsAt(bytes: Uint8Array, at: number, count: number): number {
  const i = at >> 3;
  const four = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
  return (four >>> (at & 7)) & ((1 << count) - 1);
}

const highBit = (value: number): number => 31 - Math.clz32(value);

/** A finite-state decoder: symbol, bits to read and base of the next state, by state. */
interface Fse {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly next: Uint16Array;
}

function buildFse(shares: readonly number[], log: number): Fse {
  const size = 1 << log;
  const fse: Fse = { log, symbols: new Uint8Array(size), bits: new Uint8Array(size), next: new Uint16Array(size) };
  const count = shares.map((share) => Math.abs(share));
  let high = size;
  shares.forEach((share, symbol) => {
    if (share === -1) fse.symbols[--high] = symbol;
  });
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  shares.forEach((share, symbol) => {
    for (let i = 0; i < share; i++) {
      fse.symbols[at] = symbol;
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  });
  for (let i = 0; i < size; i++) {
    const next = count[fse.symbols[i]!]!++;
    fse.bits[i] = log - highBit(next);
    fse.next[i] = (next << fse.bits[i]!) - size;
  }
  return fse;
}

/** A table as it stands in a block. @returns it and the bytes that it takes */
function readFse(bytes: Uint8Array, largestLog: number): [Fse, number] {
  let at = 0;
  const take = (count: number): number => {
    at += count;
    if (at > bytes.length * 8) throw new Error("a table is cut off");
    return bitsAt(bytes, at - count, count);
  };
  const log = take(4) + 5;
  if (log > largestLog) throw new Error("a table is larger than it may be");
  const shares: number[] = [];
  for (let left = 1 << log; left > 0; ) {
    const width = highBit(left + 1) + 1;
    let value = take(width);
    const lower = (1 << (width - 1)) - 1;
    const threshold = (1 << width) - 1 - (left + 1);
    if ((value & lower) < threshold) {
      at--;
      value &= lower;
    } else if (value > lower) value -= threshold;
    const share = value - 1;
    left -= Math.abs(share);
    shares.push(share);
    if (share !== 0) continue;
    for (let more = 3; more === 3; ) {
      more = take(2);
      for (let i = 0; i < more; i++) shares.push(0);
    }
  }
  if (shares.length > 256) throw new Error("a table has too many symbols");
  return [buildFse(shares, log), (at + 7) >> 3];
}

interface Huffman {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

function readHuffman(bytes: Uint8Array): [Huffman, number] {
  const head = bytes[0]!;
  if (head >= 128) {
    const count = head - 127;
    const weights = Array.from({ length: count }, (_, i) => (bytes[1 + (i >> 1)]! >> (i % 2 === 0 ? 4 : 0)) & 15);
    return [buildHuffman(weights), 1 + ((count + 1) >> 1)];
  }
  const [fse, used] = readFse(bytes.subarray(1, 1 + head), 6);
  const bits = backwards(bytes.subarray(1 + used, 1 + head));
  const weights: number[] = [];
  const states = [takeBits(bits, fse.log), takeBits(bits, fse.log)];
  for (let turn = 0; weights.length < 256; turn = 1 - turn) {
    const state = states[turn]!;
    weights.push(fse.symbols[state]!);
    states[turn] = fse.next[state]! + takeBits(bits, fse.bits[state]!);
    if (bits.at >= 0) continue;
    weights.push(fse.symbols[states[1 - turn]!]!);
    break;
  }
  return [buildHuffman(weights), 1 + head];
}

function buildHuffman(given: readonly number[]): Huffman {
  const sum = given.reduce((total, weight) => total + (weight > 0 ? 2 ** (weight - 1) : 0), 0);
  const log = sum > 0 ? highBit(sum) + 1 : 0;
  const left = 2 ** log - sum;
  if (log < 1 || log > 11 || left !== 2 ** highBit(left)) throw new Error("a code is not whole");
  const lengths = [...given, highBit(left) + 1].map((weight) => (weight > 0 ? log + 1 - weight : 0));
  const huffman: Huffman = { log, symbols: new Uint8Array(1 << log), bits: new Uint8Array(1 << log) };
  let at = 0;
  for (let length = log; length >= 1; length--) {
    lengths.forEach((own, symbol) => {
      if (own !== length) return;
      const width = 1 << (log - length);
      huffman.symbols.fill(symbol, at, at + width);
      huffman.bits.fill(length, at, at + width);
      at += width;
    });
  }
  return huffman;
}

function decodeHuffman({ log, symbols, bits: lengths }: Huffman, bytes: Uint8Array, out: Uint8Array): void {
  const bits = backwards(bytes);
  const mask = (1 << log) - 1;
  let state = takeBits(bits, log);
  let at = 0;
  while (bits.at > -log && at < out.length) {
    out[at++] = symbols[state]!;
    const length = lengths[state]!;
    state = ((state << length) + takeBits(bits, length)) & mask;
  }
  if (at !== out.length || bits.at !== -log) throw new Error("a stream of literals has another length");
}

/** @returns literals, and the bytes that their section takes */
function readLiterals(state: FrameState, bytes: Uint8Array): [Uint8Array, number] {
  const [kind, form] = [bytes[0]! & 3, (bytes[0]! >> 2) & 3];
  if (kind < 2) {
    const [width, shift] = form === 1 ? [2, 4] : form === 3 ? [3, 4] : [1, 3];
    const size = word(bytes, 0, width!) >> shift!;
    if (size > blockSize) throw new Error("a block has too many literals");
    if (kind === 0) return [bytes.subarray(width, width! + size), width! + size];
    return [new Uint8Array(size).fill(bytes[width!]!), width! + 1];
  }
  const width = form < 2 ? 3 : form + 2;
  const field = form < 2 ? 10 : form === 2 ? 14 : 18;
  const header = word(bytes, 0, width);
  const size = Math.floor(header / 16) % 2 ** field;
  const packed = Math.floor(header / 2 ** (4 + field));
  if (size > blockSize) throw new Error("a block has too many literals");
  let section = bytes.subarray(width, width + packed);
  if (kind === 2) {
    const [huffman, used] = readHuffman(section);
    state.huffman = huffman;
    section = section.subarray(used);
  }
  if (state.huffman === undefined) throw new Error("literals come without their code");
  const literals = new Uint8Array(size);
  if (form === 0) decodeHuffman(state.huffman, section, literals);
  else {
    const part = (size + 3) >> 2;
    let from = 6;
    for (let i = 0; i < 4; i++) {
      const length = i < 3 ? word(section, i * 2, 2) : section.length - from;
      const target = literals.subarray(i * part, i < 3 ? (i + 1) * part : size);
      decodeHuffman(state.huffman, section.subarray(from, from + length), target);
      from += length;
    }
  }
  return [literals, width + packed];
}

const [literalLengths, offsetCodes, matchLengths] = [0, 1, 2] as const;
const ones = (count: number): number[] => Array<number>(count).fill(1);
const twos = (count: number): number[] => Array<number>(count).fill(2);
const rare = (count: number): number[] => Array<number>(count).fill(-1);
const usual: readonly Fse[] = [
  buildFse([4, 3, ...twos(11), ...ones(3), ...twos(9), 3, 2, ...ones(5), ...rare(4)], 6),
  buildFse([...ones(6), ...twos(3), ...ones(15), ...rare(5)], 5),
  buildFse([1, 4, 3, ...twos(6), ...ones(37), ...rare(7)], 6),
];
const largestLogs = [9, 8, 9] as const;
const literalBits = [...Array<number>(16).fill(0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const matchBits = [...Array<number>(32).fill(0), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
const basesOf = (bits: readonly number[], first: number): number[] => {
  let base = first;
  return bits.map((width) => (base += 2 ** width) - 2 ** width);
};
const literalBases = basesOf(literalBits, 0);
const matchBases = basesOf(matchBits, 3);

function readBlock(state: FrameState, bytes: Uint8Array): void {
  const [literals, used] = readLiterals(state, bytes);
  const section = bytes.subarray(used);
  const first = section[0] ?? 0;
  if (first === 0) {
    append(state, literals);
    return;
  }
  const [count, width] =
    first < 128 ? [first, 1] : first < 255 ? [(first - 128) * 256 + section[1]!, 2] : [word(section, 1, 2) + 0x7f00, 3];
  const modes = section[width!]!;
  let at = width! + 1;
  const table = (which: 0 | 1 | 2, mode: number): Fse => {
    if (mode === 0) return usual[which]!;
    if (mode === 1)
      return { log: 0, symbols: section.slice(at, ++at), bits: new Uint8Array(1), next: new Uint16Array(1) };
    if (mode === 3) {
      const earlier = state.tables[which];
      if (earlier === undefined) throw new Error("a table is repeated that never was");
      return earlier;
    }
    const [fse, length] = readFse(section.subarray(at), largestLogs[which]);
    at += length;
    return fse;
  };
  state.tables[literalLengths] = table(literalLengths, modes >> 6);
  state.tables[offsetCodes] = table(offsetCodes, (modes >> 4) & 3);
  state.tables[matchLengths] = table(matchLengths, (modes >> 2) & 3);
  runSequences(state, literals, backwards(section.subarray(at)), count!);
}

function runSequences(state: FrameState, literals: Uint8Array, bits: Bits, count: number): void {
  const [forLiterals, forOffsets, forMatches] = state.tables as [Fse, Fse, Fse];
  const { out } = state;
  let literal = takeBits(bits, forLiterals.log);
  let offset = takeBits(bits, forOffsets.log);
  let match = takeBits(bits, forMatches.log);
  let from = 0;
  for (let i = 0; i < count; i++) {
    const code = forOffsets.symbols[offset]!;
    if (code > 31) throw new Error("an offset is too large");
    const distance = 2 ** code + takeBits(bits, code);
    const matchCode = forMatches.symbols[match]!;
    const length = matchBases[matchCode]! + takeBits(bits, matchBits[matchCode]!);
    const literalCode = forLiterals.symbols[literal]!;
    const plain = literalBases[literalCode]! + takeBits(bits, literalBits[literalCode]!);
    if (i + 1 < count) {
      literal = forLiterals.next[literal]! + takeBits(bits, forLiterals.bits[literal]!);
      match = forMatches.next[match]! + takeBits(bits, forMatches.bits[match]!);
      offset = forOffsets.next[offset]! + takeBits(bits, forOffsets.bits[offset]!);
    }
    if (from + plain > literals.length) throw new Error("a block asks for more literals than it has");
    append(state, literals.subarray(from, from + plain));
    from += plain;
    const back = usedOffset(state.offsets, distance, plain);
    if (back > state.at || back < 1 || state.at + length > out.length)
      throw new Error("a match lies outside the window");
    if (back >= length) out.copyWithin(state.at, state.at - back, state.at - back + length);
    else for (let k = 0; k < length; k++) out[state.at + k] = out[state.at + k - back]!;
    state.at += length;
  }
  append(state, literals.subarray(from));
}

/** Values up to 3 name one of the last offsets; the list moves with every use. */
function usedOffset(offsets: [number, number, number], value: number, literals: number): number {
  if (value > 3) {
    offsets.unshift(value - 3);
    offsets.pop();
    return value - 3;
  }
  const index = value - 1 + (literals === 0 ? 1 : 0);
  if (index === 0) return offsets[0];
  const offset = index < 3 ? offsets[index]! : offsets[0] - 1;
  if (index > 1) offsets[2] = offsets[1];
  offsets[1] = offsets[0];
  offsets[0] = offset;
  return offset;
}
