/**
 * @file JSON whose numbers stay as they are written: identifiers of twenty digits and 1.50 come back unchanged. In: a text.
 * Out: its value; objects as Maps, a key twice refused. And a splitter that finds the values in a stream of text.
 */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
export type Json = string | boolean | null | JsonNumber | readonly Json[] | ReadonlyMap<string, Json>;

export class JsonFault extends Error {}

const token = /\s*(?:(")|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null|NaN|-?Infinity)|([[\]{},:]))/y;
const deepest = 200;

/** @throws JsonFault telling what is wrong */
export function parseJson(text: string): Json {
  let at = 0;
  /** The mark that was read last, if it was one. */
  let last: string = "";
  const mark = (): string => {
    next();
    return last;
  };
  const next = (): RegExpExecArray => {
    token.lastIndex = at;
    const found = token.exec(text);
    if (found === null) {
      const rest = text.slice(at).trim();
      throw new JsonFault(rest === "" ? "it ends too early" : `"${rest.slice(0, 20)}" is not JSON`);
    }
    at = found[1] === undefined ? token.lastIndex : stringEnd(text, token.lastIndex);
    // The whole string stands where its opening quote was found.
    if (found[1] !== undefined) found[1] = text.slice(token.lastIndex - 1, at);
    last = found[4] ?? "";
    return found;
  };
  const value = (depth: number, found = next()): Json => {
    if (depth > deepest) throw new JsonFault(`it is nested more than ${deepest} deep`);
    const [, string, number, word] = found;
    if (string !== undefined) return readString(string);
    if (number !== undefined) return new JsonNumber(number);
    if (word !== undefined)
      return word === "null" ? null : word === "true" ? true : word === "false" ? false : new JsonNumber(word);
    if (last === "[") return list(depth);
    if (last === "{") return object(depth);
    throw new JsonFault(`"${last}" stands where a value should`);
  };
  const list = (depth: number): Json => {
    const items: Json[] = [];
    for (let found = next(); last !== "]" || items.length > 0; found = next()) {
      items.push(value(depth + 1, found));
      const end = mark();
      if (end === "]") return items;
      if (end !== ",") throw new JsonFault("a comma is missing in a list");
    }
    return items;
  };
  const object = (depth: number): Json => {
    const fields = new Map<string, Json>();
    for (let found = next(); last !== "}" || fields.size > 0; found = next()) {
      const [, key] = found;
      if (key === undefined) throw new JsonFault("a key is missing in an object");
      if (mark() !== ":") throw new JsonFault("a colon is missing in an object");
      const name = readString(key);
      if (fields.has(name)) throw new JsonFault(`duplicate key "${name}"`);
      fields.set(name, value(depth + 1));
      const end = mark();
      if (end === "}") return fields;
      if (end !== ",") throw new JsonFault("a comma is missing in an object");
    }
    return fields;
  };
  const found = value(0);
  const rest = text.slice(at).trim();
  if (rest !== "") throw new JsonFault(`"${rest.slice(0, 20)}" stands behind its end`);
  return found;
}

/** Behind the closing quote. A search, since an expression would keep a place for every character. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === "\\") slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
  throw new JsonFault("a string is opened and not closed");
}

function readString(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw new JsonFault(`${quoted.slice(0, 20)} is no JSON string`);
  }
}

/** A value as JSON writes it. */
export function writeJson(value: Json): string {
  if (value instanceof JsonNumber) return value.text;
  if (value instanceof Map)
    return `{${[...(value as ReadonlyMap<string, Json>)].map(([key, inner]) => `${JSON.stringify(key)}: ${writeJson(inner)}`).join(", ")}}`;
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(writeJson).join(", ")}]`;
  return JSON.stringify(value);
}

/** Cells of one row: objects part into `a.b`, lists of words are joined by `|`, lists of numbers stay `[1, 2]`. */
export function flatten(
  value: ReadonlyMap<string, Json>,
  put: (name: string, text: string | null) => void,
  before = "",
): void {
  for (const [key, inner] of value) {
    if (inner instanceof Map) flatten(inner as ReadonlyMap<string, Json>, put, `${before}${key}.`);
    else put(before + key, inner === null ? null : cellText(inner));
  }
}

export function cellText(value: Json): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (value instanceof JsonNumber) return value.text;
  if (!Array.isArray(value)) return typeof value === "boolean" ? String(value) : writeJson(value);
  const items = (value as readonly Json[]).filter((item) => item !== null);
  const words = items.every((item) => typeof item === "string" || typeof item === "boolean");
  const parted = words && items.every((item) => !String(item).includes("|"));
  return parted ? items.map(String).join("|") : writeJson(value);
}

export interface JsonPiece {
  readonly text: string;
  /** 1-based line where it begins. */
  readonly line: number;
}

/** Values one after another, or the items of one list: `[` opens it, commas part them. Broken ones come out as they stand. */
export function jsonSplitter(): { push(text: string): JsonPiece[]; end(): JsonPiece[]; readonly held: number } {
  let line = 1;
  let began = 1;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inList: boolean | undefined;
  let parts: string[] = [];
  let held = 0;
  let begun = false;
  const take = (): JsonPiece[] => {
    const text = parts.join("").trim();
    parts = [];
    held = 0;
    begun = false;
    return text === "" ? [] : [{ text, line: began }];
  };
  return {
    get held() {
      return held;
    },
    push: (text) => {
      const pieces: JsonPiece[] = [];
      let from = 0;
      const keep = (to: number) => {
        if (to <= from || !begun) return;
        parts.push(text.slice(from, to));
        held += to - from;
      };
      const cut = (to: number, next: number) => {
        keep(to);
        pieces.push(...take());
        from = next;
      };
      for (let at = 0; at < text.length; at++) {
        const c = text.charCodeAt(at);
        if (c === 10) line++;
        if (inString) {
          if (escaped) escaped = false;
          else if (c === 92) escaped = true;
          // A line end within a string is no JSON: the quote was never closed.
          else if (c === 34 || c === 10) inString = false;
        } else if (c <= 32) continue;
        else if (inList === undefined && c === 91) {
          inList = true;
          from = at + 1;
        } else {
          inList ??= false;
          if (!begun) [begun, began, from] = [true, line, at];
          if (c === 34) inString = true;
          else if (c === 123 || c === 91) depth++;
          else if (c === 44 && depth === 0) cut(at, at + 1);
          else if (c === 93 && depth === 0 && inList) cut(at, at + 1);
          else if (c === 125 || c === 93) {
            depth = Math.max(0, depth - 1);
            if (depth === 0) cut(at + 1, at + 1);
          }
        }
      }
      keep(text.length);
      return pieces;
    },
    end: take,
  };
}
