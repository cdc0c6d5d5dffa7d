/**
 * @file Several files of equal columns as one table. In: a folder's files, or a path with wildcards. Out: one Source whose rows
 * are those of the first file, then of the second, and so on in natural order.
 */
import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import { DataError, nameList } from "../data-error.ts";
import type { SourceIssue } from "../issues.ts";
import { splitWords } from "../split.ts";
import { type Database, sqlText } from "./duckdb.ts";
import { openFile } from "./file-source.ts";
import { naturalOrder } from "./folder-walk.ts";
import { type Source, type SourcePlan, trimmed } from "./source.ts";

/** Files that a path with wildcards names; none where it has no wildcard. */
export async function shardsOf(database: Database, pattern: string): Promise<string[]> {
  if (!/[*?[]/.test(pattern)) return [];
  const found = await database.query(`SELECT file FROM glob(${sqlText(pattern)})`);
  return found.map(([file]) => String(file)).sort(naturalOrder);
}

/** @throws DataError where a file's columns are not those of the first */
export async function openShards(
  database: Database,
  path: string,
  files: readonly string[],
  plan: SourcePlan,
): Promise<Source> {
  const shards: Source[] = [];
  for (const file of files) {
    const shard = await openFile(database, file, plan);
    if (shards[0]) checkAlike(path, shards[0], shard);
    shards.push(shard);
  }
  const [first] = shards;
  if (first === undefined) throw new DataError(`Cannot read ${path}: it holds no data file.`);
  if (shards.length === 1) return first;
  const splits = splitNames(files);
  const names = first.columns.map(({ name }) => name);
  const withBytes = names.map((name) => shards.some((shard) => columnOf(shard, name).bytes !== undefined));
  const selects = shards.map((shard, s) => {
    const cells = names.map((name, i) => `${columnOf(shard, name).raw} AS c${i}`);
    const bytes = names.flatMap((name, i) =>
      withBytes[i] ? [`${columnOf(shard, name).bytes ?? "NULL::BLOB"} AS b${i}`] : [],
    );
    const split = splits ? [`${sqlText(splits[s]!)} AS split`] : [];
    return `SELECT ${[...cells, ...bytes, ...split].join(", ")} FROM ${shard.from}`;
  });
  const columns = names.map((name, i) => ({
    name,
    raw: `c${i}`,
    text: withBytes[i] ? `c${i}` : trimmed(`c${i}`),
    ...(withBytes[i] && { bytes: `b${i}` }),
  }));
  const folders = new Set(files.map((file) => dirname(file)));
  return {
    path,
    folder: folders.size === 1 ? dirname(files[0]!) : commonFolder([...folders]),
    columns:
      splits && !names.includes("split") ? [...columns, { name: "split", raw: "split", text: "split" }] : columns,
    from: `(${selects.join(" UNION ALL ")})`,
    issues: shards.flatMap(({ issues }, s) =>
      issues.map((issue): SourceIssue => ({ ...issue, at: `${basename(files[s]!)}, ${issue.at}` })),
    ),
    fingerprint: () => joinFingerprints(shards),
  };
}

/** One name for the content of several sources. */
export async function joinFingerprints(sources: readonly Pick<Source, "fingerprint">[]): Promise<string> {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(await source.fingerprint());
  return hash.digest("hex");
}

const columnOf = ({ columns }: Source, name: string) => columns.find((column) => column.name === name)!;

function checkAlike(path: string, first: Source, other: Source): void {
  const [wanted, found] = [first, other].map(({ columns }) => columns.map(({ name }) => name));
  const odd = [
    ...wanted!.filter((name) => !found!.includes(name)),
    ...found!.filter((name) => !wanted!.includes(name)),
  ];
  if (odd.length === 0) return;
  throw new DataError(
    `Cannot read ${path} as one table: ${other.path} and ${first.path} differ in ${nameList(odd)}. Give one of the files, ` +
      "or join them on a column by --join.",
  );
}

/** `train-00000-of-00002.parquet`, `test-….parquet`: names that say the split, where all do and not all the same. */
function splitNames(files: readonly string[]): string[] | undefined {
  const words = files.map((file) => /^[a-z]+/i.exec(basename(file))?.[0].toLowerCase() ?? "");
  const known = words.every((word) => Object.hasOwn(splitWords, word));
  return known && new Set(words).size > 1 ? words : undefined;
}

function commonFolder(folders: readonly string[]): string {
  let common = folders[0]!;
  while (
    !folders.every((folder) => folder === common || folder.startsWith(common === "/" ? "/" : `${common}/`)) &&
    common !== dirname(common)
  )
    common = dirname(common);
  return common;
}
