/**
 * @file Several sources on key columns → one. In: the main source and files to join. Out: a Source over a copy on disk: all rows of
 * the main source in order, each with the other files' cells of its key; then the rows that only another file has.
 */
import { basename } from "node:path";
import { DataError, nameList, nearestName } from "../data-error.ts";
import type { JoinedFile } from "../dataset.ts";
import { type Database, sqlPath, sqlText } from "./duckdb.ts";
import { openFile } from "./file-source.ts";
import { joinFingerprints } from "./shards.ts";
import { type Source, type SourceColumn, type SourcePlan, trimmed } from "./source.ts";

export async function joinSources(
  database: Database,
  main: Source,
  files: readonly JoinedFile[],
  plan: SourcePlan,
): Promise<Source> {
  let joined = main;
  for (const file of files) {
    const other = await openFile(database, file.path, plan);
    joined = await joinTwo(database, joined, other, file);
  }
  return joined;
}

async function joinTwo(database: Database, left: Source, right: Source, { on }: JoinedFile): Promise<Source> {
  const [leftKey, rightKey] = keysOf(left, right, on);
  await refuseRepeatedKeys(database, right, rightKey);
  const others = right.columns.filter((column) => column !== rightKey);
  const names = freeNames(left, others, right.path);
  const select = (columns: readonly SourceColumn[], letter: string) =>
    columns.flatMap(({ raw, bytes }, i) => [
      `${raw} AS ${letter}${i}`,
      ...(bytes ? [`${bytes} AS ${letter}b${i}`] : []),
    ]);
  const leftKeyAt = left.columns.indexOf(leftKey);
  const file = database.temporary("joined.parquet");
  const kept = (columns: readonly SourceColumn[], letter: string) =>
    columns.flatMap(({ bytes }, i) => [
      letter === "l" && i === leftKeyAt ? `coalesce(nullif(l${i}, ''), jk) AS l${i}` : `${letter}${i}`,
      ...(bytes ? [`${letter}b${i}`] : []),
    ]);
  const key = left.key === undefined ? "NULL::VARCHAR" : left.key;
  await database.query(
    `COPY (SELECT ${[...kept(left.columns, "l"), ...kept(others, "r"), "rowkey"].join(", ")} FROM
      (SELECT ${[...select(left.columns, "l"), `nullif(${leftKey.text}, '') AS lk`, `${key} AS rowkey`, "row_number() OVER () AS ln"].join(", ")} FROM ${left.from})
      FULL OUTER JOIN
      (SELECT ${[...select(others, "r"), `nullif(${rightKey.text}, '') AS jk`, "row_number() OVER () AS rn"].join(", ")} FROM ${right.from})
      ON lk = jk ORDER BY ln NULLS LAST, rn)
    TO ${sqlText(file)} (FORMAT parquet, ROW_GROUP_SIZE 20480)`,
  );
  const place = (column: SourceColumn, letter: string, i: number, name = column.name): SourceColumn => ({
    ...column,
    name,
    raw: `${letter}${i}`,
    text: column.bytes ? `${letter}${i}` : trimmed(`${letter}${i}`),
    ...(column.bytes && { bytes: `${letter}b${i}` }),
  });
  const { key: _, ...base } = left;
  return {
    ...base,
    columns: [
      ...left.columns.map((column, i) => place(column, "l", i)),
      ...others.map((column, i) => ({ ...place(column, "r", i, names[i]), folder: column.folder ?? right.folder })),
    ],
    from: `read_parquet(${sqlPath(file)})`,
    ...(left.key !== undefined && { key: "rowkey" }),
    issues: [
      ...left.issues,
      ...right.issues.map((issue) => ({ ...issue, at: `${basename(right.path)}, ${issue.at}` })),
    ],
    fingerprint: () => joinFingerprints([left, right]),
  };
}

/** The key columns of both sides: those that were named, or the only column that both have. */
function keysOf(left: Source, right: Source, on: string | undefined): [SourceColumn, SourceColumn] {
  const [leftNames, rightNames] = [left, right].map(({ columns }) => columns.map(({ name }) => name)) as [
    string[],
    string[],
  ];
  const shared = leftNames.filter((name) => rightNames.includes(name));
  if (on === undefined) {
    const only = shared.length === 1 ? shared[0] : shared.find((name) => /^id$/i.test(name));
    if (only !== undefined) return keysOf(left, right, only);
    const has = shared.length === 0 ? "no column in common" : `several columns in common: ${nameList(shared)}`;
    throw new DataError(
      `Cannot join ${right.path}: it and ${left.path} have ${has}. Say which names the rows: --on id, or --on left=right.`,
    );
  }
  const at = on.indexOf("=");
  const whole = leftNames.includes(on) && rightNames.includes(on);
  const [leftName, rightName] = whole || at < 0 ? [on, on] : [on.slice(0, at).trim(), on.slice(at + 1).trim()];
  return [keyOf(left, leftNames, leftName), keyOf(right, rightNames, rightName)];
}

function keyOf({ path, columns }: Source, names: readonly string[], name: string): SourceColumn {
  const found = columns.find((column) => column.name === name);
  if (found?.bytes === undefined && found !== undefined) return found;
  const near = nearestName(name, names);
  throw new DataError(
    `Cannot join on "${name}": ${path} has no such column; its columns are ${nameList(names, 24)}. ` +
      (near ? `Did you mean "${near}"?` : "Correct --on, or write --on left=right where the names differ."),
  );
}

async function refuseRepeatedKeys(
  database: Database,
  { path, from }: Source,
  { name, text }: SourceColumn,
): Promise<void> {
  const repeated = await database.query(
    `SELECT k, count(*) FROM (SELECT ${text} AS k FROM ${from}) WHERE k <> '' GROUP BY k HAVING count(*) > 1 ORDER BY k LIMIT 3`,
  );
  if (repeated.length === 0) return;
  const [key, count] = repeated[0]!;
  throw new DataError(
    `Cannot join ${path} on "${name}": expected every key once, found "${String(key)}" ${String(count)} times` +
      `${repeated.length > 1 ? `, and ${nameList(repeated.slice(1).map(([other]) => String(other)))}` : ""}. ` +
      "Make that file the main one and join the other to it, or keep one row for each key.",
  );
}

/** Names of the joined columns: where the main source has one of the same name, the file's own name comes before it. */
function freeNames(left: Source, others: readonly SourceColumn[], path: string): string[] {
  const file = basename(path).replace(/\.[^.]+(\.gz|\.zst)?$/i, "");
  const taken = new Set(left.columns.map(({ name }) => name));
  return others.map(({ name }) => {
    let free = taken.has(name) ? `${file}.${name}` : name;
    for (let i = 2; taken.has(free); i++) free = `${file}.${name}.${i}`;
    taken.add(free);
    return free;
  });
}
