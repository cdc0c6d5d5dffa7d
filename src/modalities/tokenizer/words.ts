/** @file Words and signs as a text again. In: pieces. Out: joined by spaces, signs of punctuation set tight. */
const closes = /^[.,;:!?)\]}%…»”]$/u;
const opens = /^[([{«“#$€£]$/u;

export const joinWords = (parts: readonly string[]): string =>
  parts.reduce((text, part, i) => {
    const tight = i === 0 || closes.test(part) || opens.test(parts[i - 1]!);
    return tight ? text + part : `${text} ${part}`;
  }, "");
