/**
 * @file Lists in a cell. In: a column's texts with their counts. Out: the separator of labels that recur (`a|b|c`), or the length of
 * lists of numbers (`[0.1, 0.2]`).
 */
import { cellsOf, cellsWhere } from "./tally.ts";

export interface LabelsFound {
  readonly separator: string;
  readonly labels: number;
  readonly perCell: number;
}

/** Most labels that a column of several categories may have: each is a choice that the model makes for every cell. */
export const mostLabels = 200;

const separators = ["|", ";", ",", "/"] as const;

/** Labels that stand in several cells, and cells that hold several labels. @param counts text → cells, nothing missing */
export function findLabels(counts: ReadonlyMap<string, number>): LabelsFound | undefined {
  const cells = cellsOf(counts);
  for (const mark of separators) {
    const listed = cellsWhere(counts, (text) => text.includes(mark));
    if (listed < 0.05 * cells || listed < 3) continue;
    const labels = new Map<string, number>();
    let [uses, spaced, words] = [0, 0, 0];
    for (const [text, count] of counts) {
      const parts = text.split(mark);
      if (parts.length > 1 && parts.slice(1).every((part) => part.startsWith(" "))) spaced += count;
      for (const part of new Set(parts.map((label) => label.trim()))) {
        labels.set(part, (labels.get(part) ?? 0) + count);
        uses += count;
        words += count * part.split(/\s+/).length;
      }
    }
    // A comma or a slash stands in prose too: there labels must be short and recur more.
    const strict = mark === "," || mark === "/";
    // Codes of one length recur by being codes: three letters are no prose.
    const codes = new Set([...labels.keys()].map((label) => (/^[A-Z]+$/.test(label) ? label.length : 0)));
    const least = strict ? 4 : codes.size === 1 && !codes.has(0) ? 1.4 : 2;
    if (labels.has("") || uses < least * labels.size || labels.size > mostLabels) continue;
    if (labels.size < 3 || words / uses > (strict ? 2.5 : 4)) continue;
    if (strict && [...labels.keys()].every((label) => /^[\d.]+$/.test(label))) continue;
    if (isCompound(counts.keys(), mark)) continue;
    // A list of everything that is always the same list is one category.
    if (counts.size <= 3 || (labels.size > 0.8 * counts.size && uses < 2.5 * labels.size && codes.size !== 1)) continue;
    const separator = spaced > listed / 2 ? `${mark} ` : mark;
    return { separator, labels: labels.size, perCell: uses / cells };
  }
  return undefined;
}

/** Every cell has as many parts, and a part has its place: `DEU/German` is one thing in two parts. */
function isCompound(texts: Iterable<string>, mark: string): boolean {
  const places = new Map<string, number>();
  let size: number | undefined;
  for (const text of texts) {
    const parts = text.split(mark);
    size ??= parts.length;
    if (parts.length !== size) return false;
    for (const [place, part] of parts.entries()) {
      if ((places.get(part) ?? place) !== place) return false;
      places.set(part, place);
    }
  }
  return true;
}

const number = "[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?";
const bracketed = new RegExp(`^[[(]\\s*${number}([\\s,;]+${number})*\\s*[\\])]$`);
const bare = new RegExp(`^${number}([\\s;]+${number}){2,}$|^${number}(,\\s*${number}){2,}$`);

/** The length that lists of numbers have in common. */
export function findVectors(counts: ReadonlyMap<string, number>): number | undefined {
  const lengths = new Map<number, number>();
  for (const [text, count] of counts) {
    // Whole numbers in a row are rather telephone numbers or versions, without brackets around them.
    if (!/^[[(\d.+-]/.test(text) || !(bracketed.test(text) || (/[.]\d/.test(text) && bare.test(text)))) continue;
    const length = text
      .replace(/[[\]()]/g, " ")
      .split(/[\s,;]+/)
      .filter(Boolean).length;
    lengths.set(length, (lengths.get(length) ?? 0) + count);
  }
  const [best] = [...lengths].sort((a, b) => b[1] - a[1]);
  return best && best[0] >= 2 && best[1] >= 0.95 * cellsOf(counts) ? best[0] : undefined;
}
