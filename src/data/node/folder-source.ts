/**
 * @file A folder → a Source. In: its path and how it is to be read. Out: its metadata file, or its one data file, or its shards, or
 * else its media, one row for each.
 */
import { basename, join } from "node:path";
import { DataError, nameList } from "../data-error.ts";
import { mediaByName } from "../media-header.ts";
import { patternColumns } from "../reading.ts";
import type { Database } from "./duckdb.ts";
import { openFile } from "./file-source.ts";
import { naturalOrder, walkFolder } from "./folder-walk.ts";
import { openMediaFolder } from "./media-folder.ts";
import { withFileNames } from "./name-columns.ts";
import { openShards } from "./shards.ts";
import type { Source, SourcePlan } from "./source.ts";

const dataFile = /\.(csv|tsv|jsonl|ndjson|json|parquet|arrow|feather|ipc)(\.gz|\.zst)?$/i;
/** As Hugging Face's folders of images and sounds carry their table. */
const metadataFile = /^metadata\.(csv|jsonl|parquet)$/i;
const mostShards = 10_000;
/** Columns of a file that are asked whether they name media. */
const mostProbed = 200;

export async function openFolder(database: Database, path: string, plan: SourcePlan): Promise<Source> {
  const { top, all, hasMedia } = await lookThrough(path);
  const metadata = top.find((name) => metadataFile.test(name));
  if (metadata !== undefined) return openMetadata(database, join(path, metadata), plan);
  if (plan.pattern === undefined) {
    const found = await namingMedia(database, path, hasMedia ? top : top.slice(0, 1), hasMedia, plan);
    if (found !== undefined && (hasMedia || top.length === 1)) return found;
    if (!hasMedia && all.length > 0) return openShards(database, path, shardFiles(path, all), plan);
  }
  return openMediaFolder(database, path, plan.pattern, plan.known);
}

interface Found {
  /** Data files of the folder itself. */
  readonly top: readonly string[];
  /** Data files at any depth, relative. */
  readonly all: readonly string[];
  readonly hasMedia: boolean;
}

/** Stops at the first media: then only the folder's own data files matter. */
async function lookThrough(path: string): Promise<Found> {
  let top: string[] = [];
  const all: string[] = [];
  for await (const { parts, files } of walkFolder(path)) {
    const data = files.filter((name) => dataFile.test(name));
    if (parts.length === 0) top = data;
    if (files.some((name) => mediaByName(name) !== undefined)) return { top, all, hasMedia: true };
    if (all.length < mostShards) all.push(...data.map((name) => [...parts, name].join("/")));
  }
  return { top, all, hasMedia: false };
}

/** Files of one format; other formats beside them, such as a description, are no part of the table. */
function shardFiles(path: string, all: readonly string[]): string[] {
  const kinds = [
    /\.parquet$/i,
    /\.(jsonl|ndjson)(\.gz|\.zst)?$/i,
    /\.(csv|tsv)(\.gz|\.zst)?$/i,
    /\.(arrow|feather|ipc)$/i,
    /\.json$/i,
  ];
  const files = kinds.map((kind) => all.filter((name) => kind.test(name))).find((names) => names.length > 0) ?? all;
  return [...files].sort(naturalOrder).map((name) => join(path, name));
}

/** The data file that is the table of this folder: the only one, if it names the media here or media are made from its columns. */
async function namingMedia(
  database: Database,
  path: string,
  names: readonly string[],
  hasMedia: boolean,
  plan: SourcePlan,
): Promise<Source | undefined> {
  const sources: Source[] = [];
  for (const name of names) {
    try {
      sources.push(await openFile(database, join(path, name), plan));
    } catch (cause) {
      // Beside media, a file that is no table is none of the data.
      if (!hasMedia || !(cause instanceof DataError)) throw cause;
    }
  }
  if (!hasMedia) return sources[0];
  const parts = Object.values(plan.media).flatMap(patternColumns);
  const naming: Source[] = [];
  for (const source of sources) {
    const fills = parts.length > 0 && parts.every((part) => source.columns.some(({ name }) => name === part));
    if (fills || (await namesMedia(database, source))) naming.push(source);
  }
  if (naming.length > 1)
    throw new DataError(
      `Cannot read ${path}: expected one data file that names its media, found ${nameList(naming.map((source) => basename(source.path)))}. Give one of them.`,
    );
  return naming[0];
}

async function namesMedia(database: Database, { columns: all, from }: Source): Promise<boolean> {
  const columns = all.slice(0, mostProbed);
  const rows = await database.query(`SELECT ${columns.map(({ text }) => text).join(", ")} FROM ${from} LIMIT 100`);
  return columns.some((_, i) => {
    const cells = rows.map((row) => row[i]).filter((cell) => typeof cell === "string" && cell !== "");
    return cells.length > 0 && cells.every((cell) => mediaByName(String(cell)) !== undefined);
  });
}

/** The column `file_name` is the media, and is called by its kind. */
async function openMetadata(database: Database, path: string, plan: SourcePlan): Promise<Source> {
  const file = await openFile(database, path, plan);
  const named = plan.pattern === undefined ? file : await withFileNames(database, file, plan.pattern);
  const at = named.columns.findIndex(({ name }) => name === "file_name");
  if (at < 0) return named;
  const [first] = await database.query(`SELECT ${named.columns[at]!.text} FROM ${named.from} LIMIT 1`);
  const name = mediaByName(String(first?.[0])) === "sound" ? "audio" : "image";
  if (named.columns.some((column) => column.name === name)) return named;
  return { ...named, columns: named.columns.map((column, i) => (i === at ? { ...column, name } : column)) };
}
