/**
 * @file An Arrow IPC file, a Feather file or an Arrow stream → a table. In: its content. Out: columns as SQL over a copy on disk,
 * written batch by batch. Structs part into `a.b`, `{bytes, path}` are media, lists of words are joined by `|`.
 */
import { type FileHandle, open } from "node:fs/promises";
import { type DataType, RecordBatchReader, Type, type Vector } from "apache-arrow";
import { DataError } from "../data-error.ts";
import { cellWriter } from "./arrow-cells.ts";
import { beginsWithSchema, plainMessages } from "./arrow-messages.ts";
import { type Content, readBytes } from "./content.ts";
import type { Database } from "./duckdb.ts";
import type { Table } from "./file-source.ts";
import { unpacked } from "./parquet-source.ts";
import { type SourceColumn, textColumn } from "./source.ts";
import { sourceIssues } from "./source-issues.ts";
import { longestRow, tableWriter } from "./table-writer.ts";

/** One column of the table, and how its cell is found in a batch's vector. */
interface Leaf {
  readonly name: string;
  /** Struct fields from the top column down. */
  readonly path: readonly string[];
  readonly type: DataType;
  readonly isBytes: boolean;
  /** The name of the file whose bytes these are. */
  readonly isPath?: boolean;
}

export async function openArrow(database: Database, content: Content): Promise<Table> {
  const { path, compression, format } = content;
  const issues = sourceIssues();
  const table = tableWriter(database);
  let file: FileHandle | undefined;
  try {
    const isFile = format === "arrow-file";
    if (isFile && !beginsWithSchema(content.head))
      file = await open(compression === "none" ? path : await unpacked(database, content));
    const messages = plainMessages(readBytes(path, compression), isFile);
    const reader = file ? await RecordBatchReader.from(file) : await RecordBatchReader.from(messages);
    await reader.open();
    const leaves = reader.schema.fields.flatMap(({ name, type }) => leavesOf(name, [name], type as DataType));
    for await (const batch of reader) {
      const cells = leaves.map((leaf) => cellsOf(leaf, (name) => batch.getChild(name)));
      for (let row = 0; row < batch.numRows; row++) {
        const values = cells.map((cell) => cell(row).replaceAll("\0", "\ufffd"));
        const length = values.reduce((sum, value) => sum + value.length, 0);
        if (length > longestRow) {
          const detail = `holds ${Math.round(length / 1e6)} MB; left out`;
          issues.add({ code: "line-skipped", at: `row ${table.rows + 1}`, detail });
          continue;
        }
        await table.append(values);
      }
    }
    return { columns: columnsOf(leaves), from: await table.finish(leaves.length), issues: issues.list() };
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(
      `Cannot read ${path}: it is marked as Arrow but cannot be read; ${why}. Write the file again.`,
      cause,
    );
  } finally {
    await file?.close();
  }
}

function leavesOf(name: string, path: readonly string[], type: DataType): Leaf[] {
  const isBytes =
    type.typeId === Type.Binary || type.typeId === Type.LargeBinary || type.typeId === Type.FixedSizeBinary;
  if (type.typeId !== Type.Struct) return [{ name, path, type, isBytes }];
  const fields = type.children;
  const bytes = fields.find((field) => field.name === "bytes" && leavesOf("", [], field.type as DataType)[0]!.isBytes);
  if (bytes === undefined)
    return fields.flatMap((field) => leavesOf(`${name}.${field.name}`, [...path, field.name], field.type as DataType));
  const file = fields.find((field) => field.name === "path");
  return [
    { name, path: [...path, "bytes"], type: bytes.type as DataType, isBytes: true },
    ...(file ? [{ name, path: [...path, "path"], type: file.type as DataType, isBytes: false, isPath: true }] : []),
  ];
}

/** Bytes stand in the copy as base64. */
function columnsOf(leaves: readonly Leaf[]): SourceColumn[] {
  return leaves.flatMap(({ name, isBytes, isPath }, i): SourceColumn[] => {
    if (isPath) return [];
    if (!isBytes) return [textColumn(name, `c${i}`)];
    const text = leaves[i + 1]?.isPath ? `nullif(c${i + 1}, '')` : "NULL::VARCHAR";
    return [{ name, raw: text, text, bytes: `from_base64(nullif(c${i}, ''))` }];
  });
}

/** The text of a leaf's cell by row; a struct that is missing hides what its fields hold. */
function cellsOf({ path, type, isBytes }: Leaf, child: (name: string) => Vector | null): (row: number) => string {
  const vectors: Vector[] = [];
  for (const name of path) {
    const next: Vector | null = vectors.length === 0 ? child(name) : (vectors.at(-1)!.getChild(name) as Vector | null);
    if (next === null) return () => "";
    vectors.push(next);
  }
  const last = vectors.at(-1)!;
  const above = vectors.slice(0, -1);
  const write = isBytes ? (value: unknown) => Buffer.from(value as Uint8Array).toString("base64") : cellWriter(type);
  return (row) => {
    if (above.some((vector) => !vector.isValid(row)) || !last.isValid(row)) return "";
    return write(last.get(row));
  };
}
