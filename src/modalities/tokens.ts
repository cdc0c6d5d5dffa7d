/**
 * @file Strings ↔ pieces, by character or by word. In: a string. Out: its pieces, and a string of pieces.
 * Characters are code points after Unicode normalisation (NFC); words are runs of letters and digits, other signs stand alone.
 */
export type Level = "character" | "word";

const wordOrSign = /[\p{L}\p{M}\p{N}_]+(?:['’-][\p{L}\p{M}\p{N}_]+)*|[^\s]/gu;

export function pieces(text: string, level: Level, lowerCase: boolean): string[] {
  const normal = text.normalize("NFC").trim();
  const cased = lowerCase ? normal.toLowerCase() : normal;
  return level === "character" ? Array.from(cased) : (cased.match(wordOrSign) ?? []);
}

const closes = /^[.,;:!?)\]}%…»”]$/u;
const opens = /^[([{«“#$€£]$/u;

/** Words joined by spaces, signs of punctuation set tight. */
export function joinPieces(parts: readonly string[], level: Level): string {
  if (level === "character") return parts.join("");
  return parts.reduce((text, part, i) => {
    const tight = i === 0 || closes.test(part) || opens.test(parts[i - 1]!);
    return tight ? text + part : `${text} ${part}`;
  }, "");
}
