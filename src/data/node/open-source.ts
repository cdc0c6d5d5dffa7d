/**
 * @file What stands at a path → a Source. In: a path and how it is to be read. Out: the file, folder or shards there, joined with
 * the files that are to be joined. Refuses what is no data, naming what it is instead.
 */
import { stat } from "node:fs/promises";
import { DataError } from "../data-error.ts";
import type { Database } from "./duckdb.ts";
import { openFile } from "./file-source.ts";
import { openFolder } from "./folder-source.ts";
import { joinSources } from "./join.ts";
import { withFileNames } from "./name-columns.ts";
import { openShards, shardsOf } from "./shards.ts";
import type { Source, SourcePlan } from "./source.ts";

export async function openSource(database: Database, path: string, plan: SourcePlan): Promise<Source> {
  const source = await openPlace(database, path, plan);
  const joined = await joinSources(database, source, plan.join ?? [], plan);
  await database.makeRoom(megabytesOf(joined));
  return joined;
}

/** 2048 texts of 16 bytes in each step of a query: reading, trimming, giving out. */
const megabytesOfColumn = 0.3;
/** 2048 files inside a table at a time: room for photographs of 300 kB. */
const megabytesOfFiles = 600;

function megabytesOf({ columns }: Source): number {
  const files = columns.some(({ bytes }) => bytes !== undefined) ? megabytesOfFiles : 0;
  return columns.length * megabytesOfColumn + files;
}

async function openPlace(database: Database, path: string, plan: SourcePlan): Promise<Source> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => cause);
  if (found instanceof Error) {
    const shards = await shardsOf(database, path);
    if (shards.length > 0) return openShards(database, path, shards, plan);
    const why = found.code === "ENOENT" || found.code === "ENOTDIR" ? "there is no such file" : found.message;
    throw new DataError(`Cannot read ${path}: ${why}. Give the path of a data file or of a folder.`, found);
  }
  if (found.isDirectory()) return openFolder(database, path, plan);
  const source = await openFile(database, path, plan);
  return plan.pattern === undefined ? source : withFileNames(database, source, plan.pattern);
}
