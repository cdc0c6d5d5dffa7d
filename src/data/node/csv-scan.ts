/**
 * @file Whether a CSV file is regular: then DuckDB reads it as it stands. In: its bytes and its form. Out: the length of its longest
 * record, where it is UTF-8, every record is as wide as the first, quotes open and close where they may, lines end in one way and
 * none is blank; else nothing.
 */
import { isUtf8 } from "node:buffer";

export interface ScanForm {
  /** Both of one byte. */
  readonly delimiter: number;
  readonly quote: number;
  readonly width: number;
  /** Bytes of one record at most. */
  readonly longest: number;
}

const newline = 10;
const carriage = 13;
/** Where the scan stands: at a cell's first byte, in a plain or a quoted cell, behind its closing quote, behind a return. */
const [start, plain, quoted, closed, returned] = [0, 1, 2, 3, 4];

export async function scanRegular(chunks: AsyncIterable<Uint8Array>, form: ScanForm): Promise<number | undefined> {
  const scan = scanner(form);
  const utf8 = utf8Check(form.longest);
  for await (const chunk of chunks) if (!utf8.push(chunk) || !scan.push(chunk)) return undefined;
  return utf8.end() && scan.end() ? scan.longest() : undefined;
}

function scanner({ delimiter, quote, width, longest }: ScanForm) {
  let state = start;
  let cells = 1;
  let length = 0;
  let total = 0;
  let most = 0;
  /** 0 until the first line has ended. */
  let ending = 0;
  const endRecord = (kind: number): boolean => {
    const isBlank = cells === 1 && length <= kind;
    const fits = cells === width && !isBlank && (ending === 0 || ending === kind) && length <= longest;
    ending = kind;
    most = Math.max(most, length);
    cells = 1;
    length = 0;
    state = start;
    return fits;
  };
  const push = (chunk: Uint8Array): boolean => {
    const mark = total === 0 && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? 3 : 0;
    total += chunk.length;
    for (let i = mark; i < chunk.length; i++) {
      const byte = chunk[i]!;
      length++;
      if (state === quoted) {
        if (byte === quote) state = closed;
        else if (byte === 0) return false;
      } else if (byte === delimiter) {
        if (state === returned) return false;
        cells++;
        state = start;
      } else if (byte === newline) {
        if (!endRecord(state === returned ? 2 : 1)) return false;
      } else if (state === returned || byte === 0) return false;
      else if (byte === quote) {
        // Behind a closing quote it is a doubled one; inside a plain cell, or behind blanks, who reads closer must say.
        if (state === plain) return false;
        state = quoted;
      } else if (byte === carriage) state = returned;
      else if (state === closed) return false;
      else state = plain;
    }
    return length <= longest;
  };
  return {
    push,
    longest: () => most,
    end: () => (length === 0 ? total > 0 : state !== quoted && state !== returned && endRecord(ending)),
  };
}

function utf8Check(longest: number) {
  let rest: Uint8Array[] = [];
  let held = 0;
  return {
    push(chunk: Uint8Array): boolean {
      const cut = chunk.lastIndexOf(newline) + 1;
      if (cut === 0) {
        rest.push(chunk);
        held += chunk.length;
        return held <= longest;
      }
      const piece = rest.length > 0 ? Buffer.concat([...rest, chunk.subarray(0, cut)]) : chunk.subarray(0, cut);
      rest = [Buffer.from(chunk.subarray(cut))];
      held = chunk.length - cut;
      return isUtf8(piece);
    },
    end: () => isUtf8(Buffer.concat(rest)),
  };
}
