/**
 * @file In which encoding a text is written. In: its first bytes, then all of them in pieces. Out: its name, and the text; lines
 * that are not UTF-8 are read as Windows-1252, of which Latin-1 is a part, and counted.
 */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be";

/** Undefined where the bytes are no text. */
export function detectEncoding(head: Uint8Array): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  const little = plainUnits(head, 0);
  const big = plainUnits(head, 1);
  const wide = Math.max(little, big);
  if (head.length >= 4 && wide > 0.1 * Math.floor(head.length / 2) && Math.min(little, big) < wide / 4)
    return little > big ? "utf-16le" : "utf-16be";
  return isText(head) ? "utf-8" : undefined;
}

/** Two-byte units that are ASCII text: a zero byte beside a character. */
function plainUnits(head: Uint8Array, offset: 0 | 1): number {
  let count = 0;
  for (let i = 0; i + 1 < head.length; i += 2) {
    const [character, zero] = offset === 0 ? [head[i]!, head[i + 1]!] : [head[i + 1]!, head[i]!];
    if (zero === 0 && (character >= 32 || isSpace(character)) && character < 127) count++;
  }
  return count;
}

const isSpace = (byte: number): boolean => (byte >= 9 && byte <= 13) || byte === 0x1b || byte === 1 || byte === 31;

/** Control characters are rare in text. In UTF-8 there may be some; beside bytes that are not UTF-8 they mean other content. */
function isText(head: Uint8Array): boolean {
  const controls = head.reduce((count, byte) => count + ((byte < 32 && !isSpace(byte)) || byte === 127 ? 1 : 0), 0);
  return controls <= (isUtf8(head) ? 0.3 : 0.04) * head.length;
}

/** The end may be cut within a character. */
function isUtf8(head: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}

export interface DecodeNotes {
  /** Lines that are not UTF-8. */
  lines: number;
  /** 1-based, of the first such line. */
  firstLine: number;
}

/** Longer lines are decoded in parts. */
const longestPart = 1 << 20;

export async function* decodeText(
  chunks: AsyncIterable<Uint8Array>,
  encoding: Encoding,
  notes: DecodeNotes,
): AsyncGenerator<string> {
  if (encoding !== "utf-8") {
    const decoder = new TextDecoder("utf-16le");
    const turned = encoding === "utf-16be" ? turnedUnits() : (chunk: Uint8Array) => chunk;
    for await (const chunk of chunks) yield decoder.decode(turned(chunk), { stream: true });
    yield decoder.decode();
    return;
  }
  let rest = new Uint8Array(0);
  let line = 1;
  for await (const chunk of chunks) {
    const bytes = rest.length > 0 ? joined(rest, chunk) : chunk;
    const cut = bytes.lastIndexOf(10) + 1 || (bytes.length > longestPart ? bytes.length : 0);
    rest = bytes.slice(cut);
    if (cut === 0) continue;
    yield utf8OrLines(bytes.subarray(0, cut), line, notes);
    // Only the first such line is named.
    if (notes.lines === 0) line += countLines(bytes.subarray(0, cut));
  }
  if (rest.length > 0) yield utf8OrLines(rest, line, notes);
}

const joined = (a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
};

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function utf8OrLines(bytes: Uint8Array, line: number, notes: DecodeNotes): string {
  try {
    return strict.decode(bytes);
  } catch {
    let text = "";
    for (let at = 0; at < bytes.length; line++) {
      const end = bytes.indexOf(10, at) + 1 || bytes.length;
      text += utf8OrWindows(bytes.subarray(at, end), line, notes);
      at = end;
    }
    return text;
  }
}

function utf8OrWindows(bytes: Uint8Array, line: number, notes: DecodeNotes): string {
  try {
    return strict.decode(bytes);
  } catch {
    if (notes.lines++ === 0) notes.firstLine = line;
    let text = "";
    for (const byte of bytes) text += byte >= 0x80 && byte < 0xa0 ? upper[byte - 0x80]! : String.fromCharCode(byte);
    return text;
  }
}

/** Windows-1252 where it differs from Latin-1: 0x80 to 0x9f; five places hold nothing. */
const upper = [..."€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"];

/** UTF-16 with the other byte first. A piece may end within a unit. */
function turnedUnits(): (chunk: Uint8Array) => Uint8Array {
  let odd = new Uint8Array(0);
  return (chunk) => {
    const bytes = joined(odd, chunk);
    const even = bytes.length & ~1;
    odd = bytes.slice(even);
    const turned = bytes.subarray(0, even);
    for (let i = 0; i < even; i += 2) {
      const first = turned[i]!;
      turned[i] = turned[i + 1]!;
      turned[i + 1] = first;
    }
    return turned;
  };
}
