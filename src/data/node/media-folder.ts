/**
 * @file A folder of media as a table. In: a folder, and perhaps a pattern of its files' names. Out: a Source with one row for each
 * picture or sound; a picture and a sound of one name in one folder are one row. Names and folders become columns.
 */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { DataError } from "../data-error.ts";
import { mediaByName } from "../media-header.ts";
import { type PathPattern, parsePattern, patternMatcher } from "../path-pattern.ts";
import type { ImpliedKind } from "../roles.ts";
import { splitWords } from "../split.ts";
import type { Database } from "./duckdb.ts";
import { walkFolder } from "./folder-walk.ts";
import { type Source, textColumn } from "./source.ts";
import { sourceIssues } from "./source-issues.ts";
import { type TableWriter, tableWriter } from "./table-writer.ts";

type Media = "image" | "sound";
type MediaNames = Readonly<Partial<Record<Media, string>>>;
const columnOf = { image: "image", sound: "audio" } as const;
/** What comes before a row's own values: key, image, sound. */
const ownColumns = 3;

/** @param known columns that a model knows: kept even where all their cells are alike */
export async function openMediaFolder(
  database: Database,
  folder: string,
  patternText: string | undefined,
  known: ReadonlySet<string>,
): Promise<Source> {
  const pattern = patternText === undefined ? undefined : parsePattern(patternText);
  const issues = sourceIssues();
  const hash = createHash("sha256").update("folder\0");
  const table = tableWriter(database);
  const found: Record<Media, number> = { image: 0, sound: 0 };
  const levels = levelFacts();
  const values = pattern ? patternMatcher(pattern) : undefined;
  for await (const { parts, files } of walkFolder(folder)) {
    const media = files.filter((name) => mediaByName(name) !== undefined);
    await stamp(hash, folder, parts, media);
    for (const names of pairs(media)) {
      const first = [...parts, names.image ?? names.sound!].join("/");
      const own = values ? values(first) : [stem(first), ...parts];
      if (own === undefined) {
        issues.add({ code: "file-skipped", at: first, detail: `does not match "${patternText}"; left out` });
        continue;
      }
      for (const kind of ["image", "sound"] as const) if (names[kind] !== undefined) found[kind]++;
      if (!values) levels.add(parts);
      const path = (name: string | undefined) => (name === undefined ? "" : [...parts, name].join("/"));
      await table.append([first, path(names.image), path(names.sound), ...own]);
    }
  }
  if (table.rows === 0) throw nothingFound(folder, patternText, issues.list().length);
  const mediaColumns = mediaNames(folder, pattern, found);
  const named = pattern ? { columns: pattern.columns, implied: {} } : levels.columns(table, known);
  const names = [...mediaColumns, ...named.columns];
  const from = await table.finish(ownColumns + (pattern ? pattern.columns.length : 1 + levels.depth));
  const fields = [
    found.image > 0 ? "c1" : undefined,
    found.sound > 0 ? "c2" : undefined,
    ...named.columns.map((name, i) => (name === undefined ? undefined : `c${ownColumns + i}`)),
  ].filter((field) => field !== undefined);
  const fingerprint = hash.digest("hex");
  return {
    path: folder,
    folder,
    from,
    key: "c0",
    columns: names.filter((name) => name !== undefined).map((name, i) => textColumn(name, fields[i]!)),
    implied: { ...named.implied, ...impliedMedia(mediaColumns, found) },
    issues: issues.list(),
    fingerprint: () => Promise.resolve(fingerprint),
  };
}

const stem = (path: string): string => basename(path).replace(/\.[^.]+$/, "");

/** A picture and a sound of one stem are one row, where they are the only ones of it. */
function pairs(media: readonly string[]): MediaNames[] {
  const byStem = new Map<string, string[]>();
  for (const name of media) byStem.set(stem(name), [...(byStem.get(stem(name)) ?? []), name]);
  return [...byStem.values()].flatMap((names): MediaNames[] => {
    const single = names.map((name) => ({ [mediaByName(name)!]: name }));
    const isPair = names.length === 2 && mediaByName(names[0]!) !== mediaByName(names[1]!);
    return isPair ? [Object.assign({}, ...single) as MediaNames] : single;
  });
}

/** The names of the image and the sound column, of those that there are. @throws DataError where a name cannot be given */
function mediaNames(folder: string, pattern: PathPattern | undefined, found: Record<Media, number>): string[] {
  const kinds = (["image", "sound"] as const).filter((kind) => found[kind] > 0);
  if (pattern?.media !== undefined && kinds.length > 1)
    throw new DataError(
      `Cannot name the media column "${pattern.media}": ${folder} holds pictures and sounds that match. End the pattern with a ` +
        "kind of file, such as .wav, or leave the name out.",
    );
  const names = kinds.map((kind) => pattern?.media ?? columnOf[kind]);
  const twice = names.find((name) => pattern?.columns.includes(name));
  if (twice !== undefined)
    throw new DataError(
      `Cannot read column "${twice}" from file names: the files themselves are column "${twice}". Use another name in braces.`,
    );
  return names;
}

function impliedMedia(names: readonly string[], found: Record<Media, number>): Record<string, ImpliedKind> {
  const kinds = (["image", "sound"] as const).filter((kind) => found[kind] > 0);
  return Object.fromEntries(names.map((name, i) => [name, { kind: columnOf[kinds[i]!], why: "files of the folder" }]));
}

/** What the names of folders are, level by level: all alike, words of a split, or few enough to be categories. */
function levelFacts() {
  const most = 1000;
  const seen: Set<string>[] = [];
  let shallow = Infinity;
  return {
    get depth() {
      return seen.length;
    },
    add(parts: readonly string[]) {
      shallow = Math.min(shallow, parts.length);
      parts.forEach((part, i) => {
        const level = (seen[i] ??= new Set());
        if (level.size <= most) level.add(part);
      });
    },
    /** Undefined for a level that is left out. */
    columns({ rows }: Pick<TableWriter, "rows">, known: ReadonlySet<string>) {
      const isSplit = seen.findIndex((words) => words.size > 1 && [...words].every((word) => isSplitWord(word)));
      const levels = seen.length - (isSplit >= 0 ? 1 : 0);
      let level = 0;
      const implied: Record<string, ImpliedKind> = { name: { kind: "identifier", why: "names of the files" } };
      const columns = seen.map((words, i) => {
        if (i === isSplit) return "split";
        const name = levels === 1 ? "folder" : `folder${++level}`;
        if (words.size === 1 && shallow > i && !known.has(name)) return undefined;
        if (words.size <= Math.min(most, rows / 2)) implied[name] = { kind: "categorical", why: "names of folders" };
        return name;
      });
      return { columns: ["name", ...columns], implied };
    },
  };
}

const isSplitWord = (word: string): boolean => Object.hasOwn(splitWords, word.toLowerCase());

/** Paths and sizes make a folder's fingerprint: its files need not be read. */
async function stamp(
  hash: ReturnType<typeof createHash>,
  folder: string,
  parts: readonly string[],
  files: readonly string[],
): Promise<void> {
  const atOnce = 64;
  for (let start = 0; start < files.length; start += atOnce) {
    const some = files.slice(start, start + atOnce);
    const sizes = await Promise.all(some.map((name) => stat(join(folder, ...parts, name)).then(({ size }) => size)));
    for (const [i, name] of some.entries()) hash.update(`${[...parts, name].join("/")}\0${sizes[i]}\0`);
  }
}

function nothingFound(folder: string, pattern: string | undefined, unmatched: number): DataError {
  if (unmatched === 0)
    return new DataError(
      `Cannot read ${folder}: expected a data file, or pictures or sounds, found none. Give a folder that holds some.`,
    );
  return new DataError(
    `Cannot read ${folder}: no picture or sound in it matches "${pattern}". Correct the pattern, for example {label}/{id}.png.`,
  );
}
