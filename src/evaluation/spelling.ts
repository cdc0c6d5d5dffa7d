/** @file How far two spellings lie apart. In: strings. Out: edits per character. */

/** Edits (insertion, deletion, substitution) that turn all guesses into the truths / characters of the truths. Levenshtein 1966. */
export function characterErrorRate(truths: readonly string[], guesses: readonly string[]): number {
  let [edits, characters] = [0, 0];
  truths.forEach((truth, i) => {
    edits += editDistance(truth, guesses[i]!);
    characters += [...truth].length;
  });
  return edits / Math.max(1, characters);
}

export function editDistance(a: string, b: string): number {
  const [from, to] = [[...a], [...b]];
  let above = Array.from({ length: to.length + 1 }, (_, j) => j);
  from.forEach((character, i) => {
    const row = [i + 1];
    to.forEach((other, j) => {
      row.push(Math.min(above[j + 1]! + 1, row[j]! + 1, above[j]! + (character === other ? 0 : 1)));
    });
    above = row;
  });
  return above.at(-1)!;
}

export function commonest(values: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
