/** @file Text on a terminal. In: text. Out: the columns it takes there, and text cut or filled to so many. */

/** Terminal columns: East Asian wide characters and emoji take two, marks upon others none. */
export function columnsOf(text: string): number {
  let size = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    size += code < 0x300 ? 1 : isMark(character) ? 0 : isWide(code) ? 2 : 1;
  }
  return size;
}

const isMark = (character: string): boolean => /\p{Mn}|\p{Me}|\p{Cf}/u.test(character);

const isWide = (code: number): boolean =>
  (code >= 0x1100 && code <= 0x115f) ||
  (code >= 0x2e80 && code <= 0xa4cf) ||
  (code >= 0xac00 && code <= 0xd7a3) ||
  (code >= 0xf900 && code <= 0xfaff) ||
  (code >= 0xfe30 && code <= 0xfe6f) ||
  (code >= 0xff00 && code <= 0xff60) ||
  (code >= 0x1f300 && code <= 0x1faff) ||
  (code >= 0x20000 && code <= 0x3fffd);

/** On one line, at most so wide; what was cut off is shown as …. */
export function cutText(text: string, size: number): string {
  const flat = text.replace(/[\s\p{Cc}]+/gu, " ");
  if (columnsOf(flat) <= size) return flat;
  let kept = "";
  let width = 0;
  for (const character of flat) {
    width += columnsOf(character);
    if (width > size - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

export const padRight = (text: string, size: number): string => text + " ".repeat(Math.max(0, size - columnsOf(text)));
export const padLeft = (text: string, size: number): string => " ".repeat(Math.max(0, size - columnsOf(text))) + text;
