import { createReadStream, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { unzstd } from "../zstd.ts";
import { openDatabase, sqlText } from "./duckdb.ts";
import { type TestFolder, testFolder } from "./testing/files.ts";

let folder: TestFolder;
beforeAll(() => {
  folder = testFolder();
});
afterAll(() => folder.remove());

it("unpacks what DuckDB packed, in pieces; a frame that is cut off is refused", async () => {
  const database = await openDatabase();
  const rows = "SELECT range AS a, sin(range) AS b, 'word ' || range % 100 AS c FROM range(30000)";
  const [plain, packed] = [`${folder.path}/a.csv`, `${folder.path}/a.csv.zst`];
  await database.query(`COPY (${rows}) TO ${sqlText(plain)} (FORMAT csv)`);
  await database.query(`COPY (${rows}) TO ${sqlText(packed)} (FORMAT csv, COMPRESSION zstd)`);
  database.close();
  const unpack = async (options: { end?: number }) => {
    const parts: Uint8Array[] = [];
    for await (const part of unzstd(createReadStream(packed, { highWaterMark: 5000, ...options }))) parts.push(part);
    return Buffer.concat(parts);
  };
  expect((await unpack({})).equals(readFileSync(plain))).toBe(true);
  await expect(unpack({ end: 20_000 })).rejects.toThrow(/cut off/);
});
