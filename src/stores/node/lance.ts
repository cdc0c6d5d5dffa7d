/**
 * @file A vector store in a folder, on LanceDB. In: a folder, and the shape of a new store. Out: a VectorStore.
 * Columns keep their names, so that any tool that reads Lance sees them; what Lance cannot name is written with `%` as in a URL.
 */
import { stat } from "node:fs/promises";
import { connect, type Table } from "@lancedb/lancedb";
import {
  Table as ArrowTable,
  type Data,
  type DataType,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int8,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import type { Scalar } from "../../data/records.ts";
import {
  checkVector,
  type StoreColumn,
  type StoreHit,
  type StoreRow,
  type StoreShape,
  type VectorStore,
} from "../store.ts";
import { parseWhere, whereSql } from "../where.ts";

const tableName = "rows";
const keyField = "key";
const vectorField = "vector";
const distanceField = "_distance";
/** Rows in one transaction: a merge reads the table's keys each time, so few large ones are quick. */
const rowsAtOnce = 50_000;

export const lanceTableFolder = `${tableName}.lance`;

export async function createLanceStore(folder: string, shape: StoreShape): Promise<VectorStore> {
  const connection = await connect(folder);
  return storeOf(await connection.createEmptyTable(tableName, schemaOf(shape)), shape);
}

/** @throws Error where the folder holds no store */
export async function openLanceStore(folder: string): Promise<VectorStore> {
  const found = await stat(folder).catch(() => undefined);
  const connection = found?.isDirectory() ? await connect(folder) : undefined;
  const names = (await connection?.tableNames()) ?? [];
  if (!connection || !names.includes(tableName)) {
    const why = found ? "it holds no vector store" : "there is no such folder";
    throw new Error(`Cannot open store ${folder}: ${why}. Make one with \`polyvae index MODEL DATA -o STORE\`.`);
  }
  const table = await connection.openTable(tableName);
  return storeOf(table, shapeOf((await table.schema()) as unknown as Schema));
}

function storeOf(table: Table, shape: StoreShape): VectorStore {
  const { dimensions, columns } = shape;
  const fields = columns.map(({ name }) => fieldName(name));
  let changed = false;
  return {
    dimensions,
    columns,
    add: async (rows) => {
      for (const { vector } of rows) checkVector(vector, dimensions);
      // Lance refuses a key twice in one merge; the last one counts, as over several.
      const unique = [...new Map(rows.map((row) => [row.key, row])).values()];
      for (let start = 0; start < unique.length; start += rowsAtOnce) {
        const part = tableOf(unique.slice(start, start + rowsAtOnce), shape);
        await table.mergeInsert(keyField).whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(part);
        changed = true;
      }
    },
    search: async (vector, { k, where }) => {
      checkVector(vector, dimensions);
      const query = table
        .vectorSearch(vector)
        .distanceType("cosine")
        .select([keyField, distanceField, ...fields]);
      if (where !== undefined) query.where(whereSql(parseWhere(where, columns), dialect));
      const found = (await query.limit(k).toArray()) as Readonly<Record<string, unknown>>[];
      return found.map((record) => hitOf(record, columns));
    },
    count: () => table.countRows(),
    close: async () => {
      // Many small additions become few files.
      if (changed) await table.optimize();
      table.close();
    },
  };
}

function tableOf(rows: readonly StoreRow[], shape: StoreShape): ArrowTable {
  const schema = schemaOf(shape);
  const vectors = new Float32Array(rows.length * shape.dimensions);
  rows.forEach(({ vector }, i) => {
    vectors.set(vector, i * shape.dimensions);
  });
  const items = makeData({ type: new Float32(), length: vectors.length, data: vectors });
  const list = schema.fields[1]!.type as FixedSizeList;
  const children = [
    vectorFromArray(
      rows.map(({ key }) => key),
      new Utf8(),
    ).data[0]!,
    makeData({ type: list, length: rows.length, nullCount: 0, nullBitmap: null, child: items }),
    ...shape.columns.map(({ name, type }) =>
      cellsData(
        rows.map(({ columns }) => fitted(columns[name] ?? null, type)),
        type,
      ),
    ),
  ];
  const struct = makeData({
    type: new Struct(schema.fields),
    length: rows.length,
    nullCount: 0,
    nullBitmap: null,
    children,
  });
  return new ArrowTable(new RecordBatch(schema, struct as Data<Struct>));
}

function cellsData(cells: readonly (Scalar | null)[], type: StoreColumn["type"]): Data {
  const stored = type === "boolean" ? cells.map((cell) => (cell === null ? null : Number(cell))) : cells;
  return vectorFromArray(stored as unknown[], arrowType(type)).data[0]!;
}

/** A file added later may read a column otherwise: as text anything fits, elsewhere only its own type. */
function fitted(value: Scalar | null, type: StoreColumn["type"]): Scalar | null {
  if (value === null) return null;
  if (type === "text") return String(value);
  return typeof value === type ? value : null;
}

const dialect = {
  column: (name: string): string => `\`${fieldName(name)}\``,
  boolean: (value: boolean): string => String(Number(value)),
};

function hitOf(record: Readonly<Record<string, unknown>>, columns: readonly StoreColumn[]): StoreHit {
  const cells = columns.map(({ name, type }): [string, Scalar | null] => {
    const cell = (record[fieldName(name)] ?? null) as Scalar | null;
    return [name, type === "boolean" && cell !== null ? cell === 1 : cell];
  });
  return {
    key: record[keyField] as string,
    distance: record[distanceField] as number,
    columns: Object.fromEntries(cells),
  };
}

function schemaOf({ dimensions, columns }: StoreShape): Schema {
  const vector = new FixedSizeList(dimensions, new Field("item", new Float32(), true));
  return new Schema([
    new Field(keyField, new Utf8(), false),
    new Field(vectorField, vector, false),
    ...columns.map(({ name, type }) => new Field(fieldName(name), arrowType(type), true)),
  ]);
}

/** Booleans are kept as 0 and 1: Arrow writes a Bool column that is all null in a way that Lance refuses. */
const arrowType = (type: StoreColumn["type"]): DataType =>
  type === "number" ? new Float64() : type === "boolean" ? new Int8() : new Utf8();

function shapeOf(schema: Schema): StoreShape {
  const vector = schema.fields.find(({ name }) => name === vectorField);
  const others = schema.fields.filter(({ name }) => name !== vectorField && name !== keyField);
  return {
    dimensions: (vector?.type as FixedSizeList | undefined)?.listSize ?? 0,
    columns: others.map(({ name, type }) => ({ name: decodeURIComponent(name), type: columnType(String(type)) })),
  };
}

const columnType = (arrow: string): StoreColumn["type"] =>
  arrow === "Float64" ? "number" : arrow === "Int8" ? "boolean" : "text";

const taken: ReadonlySet<string> = new Set([keyField, vectorField]);
const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;

/** Dots would mean a field within a field; names of ours and those that begin with `_` are Lance's. */
function fieldName(name: string): string {
  const plain = name.replace(/[%.`]/g, percent);
  return taken.has(plain) || plain.startsWith("_") ? percent(plain) + plain.slice(1) : plain;
}
