/** @file Rows as a table for a terminal. In: cells. Out: aligned lines, cut to a width. */
export interface TextColumn {
  readonly title: string;
  readonly align?: "right";
}

const widest = 60;

export function textTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[], width: number): string {
  const flat = rows.map((row) => row.map((cell) => cut(cell.replace(/\s+/g, " "), widest)));
  const sizes = columns.map(({ title }, i) => Math.max(title.length, ...flat.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cut(
      cells
        .map((cell, i) => (columns[i]!.align === "right" ? cell.padStart(sizes[i]!) : cell.padEnd(sizes[i]!)))
        .join("  ")
        .trimEnd(),
      width,
    );
  return [line(columns.map(({ title }) => title)), line(sizes.map((size) => "─".repeat(size))), ...flat.map(line)].join(
    "\n",
  );
}

const cut = (text: string, size: number): string => (text.length <= size ? text : `${text.slice(0, size - 1)}…`);
