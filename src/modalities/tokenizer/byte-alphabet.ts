/**
 * @file Bytes as printable characters, the alphabet of byte-level tokenisers (GPT-2, Radford 2019): a token is then a string that a
 * JSON file can hold. In: text or symbols. Out: symbols, one for each UTF-8 byte, or text.
 */
const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** Byte → symbol: printable Latin-1 stands for itself, every other byte for the next character from U+0100 on. */
export const byteSymbols: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
})();

const byteOf = new Map(byteSymbols.map((symbol, byte) => [symbol, byte]));
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function toSymbols(text: string): string {
  let symbols = "";
  for (const byte of encoder.encode(text)) symbols += byteSymbols[byte]!;
  return symbols;
}

/** Bytes that form no character become U+FFFD. */
export const fromSymbols = (symbols: string): string =>
  decoder.decode(Uint8Array.from(Array.from(symbols), (symbol) => byteOf.get(symbol) ?? 0x3f));

/** Whether a character of the text begins at this symbol: no UTF-8 continuation byte. */
export const beginsCharacter = (symbol: string): boolean => ((byteOf.get(symbol) ?? 0) & 0xc0) !== 0x80;
