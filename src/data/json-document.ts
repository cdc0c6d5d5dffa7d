/**
 * @file One JSON document that is a table in another shape than rows. In: its value. Out: its rows, or undefined where the object is
 * itself a row. Shapes: `{column: [cells]}`, `{column: {row: cell}}`, `{columns, data}`, and one list of objects under any key.
 */
import type { Json } from "./json.ts";

type Fields = ReadonlyMap<string, Json>;

export function rowsOfDocument(document: Json): Fields[] | undefined {
  if (!isObject(document) || document.size === 0) return undefined;
  return ofSplit(document) ?? ofLists(document) ?? ofRecords(document) ?? ofRowList(document);
}

const isObject = (value: Json | undefined): value is Fields => value instanceof Map;
const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** {a: [1, 2], b: [3, 4]} */
function ofLists(document: Fields): Fields[] | undefined {
  const lists = [...document.values()];
  const length = isList(lists[0]) ? lists[0].length : 0;
  if (length === 0 || !lists.every((list) => isList(list) && list.length === length)) return undefined;
  // A list of rows under the only key is no column of objects.
  if (document.size === 1 && (lists[0] as readonly Json[]).every(isObject)) return undefined;
  return Array.from(
    { length },
    (_, i) => new Map([...document].map(([name, list]) => [name, (list as readonly Json[])[i]!])),
  );
}

/** {a: {"0": 1, "1": 2}, b: {"0": 3, "1": 4}}, as pandas writes a frame; or rows under their names. */
function ofRecords(document: Fields): Fields[] | undefined {
  const records = [...document.values()];
  if (records.length === 0 || !records.every(isObject)) return undefined;
  const keys = [...(records[0] as Fields).keys()];
  const alike = records.every(
    (record) => (record as Fields).size === keys.length && keys.every((key) => (record as Fields).has(key)),
  );
  if (!alike || keys.length === 0) return undefined;
  const counted = keys.every((key) => /^\d+$/.test(key));
  if (counted)
    return keys.map((key) => new Map([...document].map(([name, record]) => [name, (record as Fields).get(key)!])));
  const named = [...document.keys()].every((key) => /^\d+$/.test(key));
  return named ? (records as Fields[]) : undefined;
}

/** {columns: ["a", "b"], data: [[1, 2], [3, 4]]} */
function ofSplit(document: Fields): Fields[] | undefined {
  const [columns, data] = [document.get("columns"), document.get("data")];
  if (!isList(columns) || !isList(data) || !data.every(isList) || !columns.every((name) => typeof name === "string"))
    return undefined;
  return data.map(
    (cells) => new Map(columns.map((name, i) => [name as string, (cells as readonly Json[])[i] ?? null])),
  );
}

/** {"version": 1, "items": [{…}, {…}]} */
function ofRowList(document: Fields): Fields[] | undefined {
  const lists = [...document.values()].filter((value) => isList(value) && value.length > 0 && value.every(isObject));
  return lists.length === 1 ? [...(lists[0] as readonly Fields[])] : undefined;
}
