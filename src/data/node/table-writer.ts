/**
 * @file A plain table on disk for what DuckDB cannot scan as it is. In: rows of texts, one by one, later ones perhaps wider.
 * Out: a regular CSV file and the FROM clause that reads it; its columns are c0, c1, … An empty cell is an empty text.
 */
import { appendFile } from "node:fs/promises";
import { type Database, sqlPath } from "./duckdb.ts";

export interface TableWriter {
  /** Resolves at once unless a piece is written out. */
  append(cells: readonly string[]): Promise<void> | undefined;
  /** Columns of the widest row so far. */
  readonly width: number;
  readonly rows: number;
  /** Ends writing. @param width columns to read, where rows may be narrower than the table */
  finish(width?: number): Promise<string>;
}

const pieceLength = 1 << 20;
/** Bytes, or characters, of one row at most. */
export const longestRow = 16 * 1024 * 1024;

export function tableWriter(database: Database): TableWriter {
  const path = database.temporary("table.csv");
  let width = 0;
  let rows = 0;
  let longest = 0;
  let piece = "";
  return {
    get width() {
      return width;
    },
    get rows() {
      return rows;
    },
    append: (cells) => {
      width = Math.max(width, cells.length);
      rows++;
      const text = line(cells);
      longest = Math.max(longest, text.length);
      piece += text;
      if (piece.length < pieceLength) return undefined;
      const full = piece;
      piece = "";
      // No handle stays open where reading breaks off.
      return appendFile(path, full);
    },
    finish: async (asked = width) => {
      await appendFile(path, piece);
      return plainTable(path, Math.max(1, asked), await lineSize(database, longest * 3));
    },
  };
}

function line(cells: readonly string[]): string {
  // A line of nothing would be no row.
  let text = cells[0] ? quoted(cells[0]) : '""';
  for (let i = 1; i < cells.length; i++) text += `,${quoted(cells[i]!)}`;
  return `${text}\n`;
}

/** DuckDB cannot tell an apostrophe from a quote only where none is a quote: whatever is not plain is quoted. */
const quoted = (cell: string): string => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

const commonBuffer = 2 ** 24;

/**
 * The reader's options for lines so long, and room for its buffers: unless told otherwise it sets aside sixteen times the longest.
 * @param bytes of the longest line
 */
export async function lineSize(database: Database, bytes: number): Promise<string> {
  const most = Math.max(2 ** 21, bytes + 2);
  const buffer = Math.max(commonBuffer, most * 2);
  // It holds two buffers, and with them the texts of the lines, hardly ever filled.
  if (buffer > commonBuffer) await database.makeRoom((4 * buffer) / 2 ** 20);
  return `max_line_size=${most}, buffer_size=${buffer}`;
}

function plainTable(path: string, width: number, size: string): string {
  const types = Array.from({ length: width }, (_, i) => `'c${i}': 'VARCHAR'`).join(", ");
  return (
    `read_csv(${sqlPath(path)}, header=false, delim=',', quote='"', escape='"', new_line='\\n', auto_detect=false, ` +
    `null_padding=true, parallel=false, strict_mode=true, ${size}, columns={${types}})`
  );
}
