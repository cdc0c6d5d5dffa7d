/**
 * @file Columns read from the names of files. In: `{digit}_{speaker}_{take}.wav`, perhaps with the media column's name before it:
 * `speech={digit}_….wav`. Out: the column names and an expression, in a form that JavaScript and RE2 read alike.
 */
import { DataError, nameList } from "./data-error.ts";
import { mediaByName } from "./media-header.ts";

export interface PathPattern {
  /** The media column, where the pattern names it. */
  readonly media?: string;
  readonly columns: readonly string[];
  /** Matched against a path's last `depth` parts; one group for each column. */
  readonly expression: string;
  readonly depth: number;
}

/** @throws DataError where it names no column, one twice, or two without anything between them. */
export function parsePattern(text: string): PathPattern {
  const [, media, pattern] = /^(?:([^={}/]+)=)?(.*)$/s.exec(text)! as unknown as [string, string | undefined, string];
  const parts = pattern.replace(/^(\.?\/)+/, "").split(/\{([^{}]*)\}/);
  const columns = parts.filter((_, i) => i % 2 === 1);
  refuseParts(text, parts, columns);
  const path = parts.map((part, i) => (i % 2 === 0 ? part : "x")).join("");
  const last = parts.length - 2;
  const expression = parts
    .map((part, i) => (i % 2 === 0 ? literal(part) : i === last ? "([^/]+)" : "([^/]+?)"))
    .join("");
  // `{name}.{ext}` says how a name ends as well as `.wav` does.
  const hasEnd = mediaByName(path) !== undefined || /\.x$/.test(path);
  return {
    ...(media !== undefined && { media }),
    columns,
    expression: `^${expression}${hasEnd ? "" : "(?:\\.[A-Za-z0-9]+)?"}$`,
    depth: path.split("/").length,
  };
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function refuseParts(text: string, parts: readonly string[], columns: readonly string[]): void {
  const refuse = (why: string) => {
    throw new DataError(`Cannot use pattern "${text}": ${why}. Write for example {label}/{id}.png.`);
  };
  if (columns.length === 0) refuse("expected a column in braces, found none");
  if (columns.some((name) => name.trim() === "")) refuse("expected a column name in every pair of braces");
  const repeated = columns.filter((name, i) => columns.indexOf(name) !== i);
  if (repeated.length > 0)
    refuse(`expected each column once, found ${nameList([...new Set(repeated)])} more than once`);
  const between = parts.slice(2, -1).filter((_, i) => i % 2 === 0);
  if (between.includes("")) refuse("expected something between two columns, such as _ or /");
}

/** The values of a file's path, or undefined where it does not match. @param path parted by `/` */
export function patternMatcher({ expression, depth }: PathPattern): (path: string) => string[] | undefined {
  const form = new RegExp(expression, "s");
  return (path) => form.exec(path.split("/").slice(-depth).join("/"))?.slice(1);
}
