/**
 * @file Large data sets for the stream benchmark, made by DuckDB. In: a kind and a number of rows. Out: a Parquet file.
 * `rows`: 12 columns of mixed kinds, a tenth of the cells missing. `images`: 64 x 64 PNG pictures as bytes, and a category.
 */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { BLOB, DuckDBBlobValue, DuckDBDataChunk, DuckDBInstance, INTEGER } from "@duckdb/node-api";
import { encodePng } from "../src/data/node/media-decoder.ts";
import { random } from "../src/engine/random.ts";

export type StreamKind = "rows" | "images";

const side = 64;
/** Pictures are repeated: decoding each costs the same. */
const distinctPictures = 2000;

export async function makeStreamData(kind: StreamKind, count: number, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: "2GB" });
  const connection = await instance.connect();
  try {
    if (kind === "images") await connection.run("CREATE TABLE pictures (number INTEGER, bytes BLOB)");
    if (kind === "images") {
      const appender = await connection.createAppender("pictures");
      const chunk = DuckDBDataChunk.create([INTEGER, BLOB], distinctPictures);
      const numbers = Array.from({ length: distinctPictures }, (_, i) => i);
      const pictures = [];
      for (const i of numbers) pictures.push(new DuckDBBlobValue(await picture(i)));
      chunk.setColumns([numbers, pictures]);
      appender.appendDataChunk(chunk);
      appender.closeSync();
    }
    const sql = kind === "rows" ? rowsSql(count) : imagesSql(count);
    await connection.run(`COPY (${sql}) TO '${path}.tmp' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)`);
    renameSync(`${path}.tmp`, path);
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(`${path}.tmp`, { force: true });
  }
}

/** Uniform in 0..1 for row and column, the same every time. */
const draw = (column: number) => `((hash(i * 64 + ${column}) % 1000003) / 1000003.0)`;

function rowsSql(count: number): string {
  const group = `(hash(i) % 7)`;
  const columns = [
    `round(10 * ${group} + 8 * ${draw(1)}, 3)`,
    `round(exp(3 * ${draw(2)} + ${group} / 3), 4)`,
    `round(100 * ${draw(3)} - 50, 2)`,
    `CAST(20 * ${draw(4)} * ${group} AS INTEGER)`,
    `CAST(1000 * ${draw(5)} AS INTEGER)`,
    `'kind ' || ${group}`,
    `'place ' || CAST(40 * ${draw(6)} AS INTEGER)`,
    `CASE WHEN ${draw(7)} < 0.3 + ${group} / 14 THEN 'yes' ELSE 'no' END`,
    `strftime(DATE '2001-01-01' + CAST(9000 * ${draw(8)} AS INTEGER), '%Y-%m-%d')`,
    `round(${draw(9)} * ${draw(10)}, 5)`,
    `round(${group} + ${draw(11)}, 3)`,
    `round(1000 * ${draw(12)} * ${group}, 1)`,
  ];
  const named = columns.map((sql, c) => `CASE WHEN ${draw(20 + c)} < 0.9 THEN ${sql} END AS c${c}`);
  return `SELECT ${named.join(", ")} FROM range(${count}) t(i)`;
}

const imagesSql = (count: number) =>
  `SELECT {'bytes': bytes, 'path': i || '.png'} AS photo, 'kind ' || (number % 10) AS kind
   FROM range(${count}) t(i) JOIN pictures ON number = i % ${distinctPictures}`;

/** A shaded blob on a coloured ground with noise: compresses like a photograph. */
async function picture(number: number): Promise<Uint8Array> {
  const rng = random(number, "stream picture");
  const [x, y, radius] = [rng.uniform() * side, rng.uniform() * side, 6 + 14 * rng.uniform()];
  const ground = [rng.below(200), rng.below(200), rng.below(200)];
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [column, row] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
    const light = 120 * Math.exp(-(((column - x) / radius) ** 2) - ((row - y) / radius) ** 2);
    return Math.min(255, ground[i % 3]! * 0.6 + light + 12 * rng.uniform());
  });
  return encodePng({ width: side, height: side, channels: 3, pixels });
}
