/** @file HTML by hand, safely. In: text and pieces of HTML. Out: HTML. Text is escaped unless it is marked as HTML already. */

/** A piece of HTML, to tell it from text. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | readonly Part[] | undefined;

/** Tagged template: `html\`<p>${text}</p>\`` escapes what is put in. */
export const html = (pieces: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: pieces.reduce((text, piece, i) => text + render(parts[i - 1]) + piece),
});

/** Text that is HTML already. */
export const raw = (text: string): Html => ({ html: text });

function render(part: Part): string {
  if (part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  return "html" in part ? part.html : part.map(render).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);

/** Significant digits, no noise, a true minus sign: 0.0432, −12.3, 1,234. */
export function figure(value: number | undefined, digits = 3): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(digits));
  const most = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded))));
  return rounded.toLocaleString("en", { maximumFractionDigits: Math.min(most, 8) }).replace("-", "−");
}

/** A cell's number as a table would hold it: 2008, 0.543, 151.3. */
export const plain = (value: number): string => String(Number(value.toPrecision(6))).replace("-", "−");

export const percent = (share: number): string => {
  const digits = share > 0.995 || share < 0.1 ? 1 : 0;
  return `${(100 * share).toFixed(digits).replace(/\.0$/, "")}\u00a0%`;
};

export function duration(seconds: number): string {
  if (seconds < 90) return `${figure(seconds, 2)} s`;
  const minutes = seconds / 60;
  return minutes < 90 ? `${figure(minutes, 2)} min` : `${figure(minutes / 60, 2)} h`;
}

/** Bytes → base64, without Node. */
export function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x2000) text += String.fromCharCode(...bytes.subarray(i, i + 0x2000));
  return btoa(text);
}

export const list = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
