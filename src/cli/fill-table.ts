/**
 * @file A data set's own table with its gaps filled, part by part. In: a model and a data set. Out: lines of CSV: the table, and
 * one line for each filled cell that tells how sure it is. Rows are read, filled and forgotten.
 */
import { writeRecord } from "../data/csv.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Issue } from "../data/issues.ts";
import type { MediaRequest } from "../data/media.ts";
import { nodeMediaDecoder } from "../data/node/media-decoder.ts";
import { issueCollector } from "../data/node/survey.ts";
import type { Column, Row, Scalar, Values } from "../data/records.ts";
import { decodeRow } from "../modalities/node/encode-dataset.ts";
import type { TrainedModel } from "../models/trained-model.ts";
import { impute, type Uncertainty } from "../uses/impute.ts";
import { asText, isMedia } from "./answers.ts";
import { type RawTable, rawTable } from "./raw-table.ts";

export interface FillJob {
  readonly model: TrainedModel;
  readonly dataset: Dataset;
  readonly samples: number;
  readonly seed: number;
}

export interface FilledPart {
  /** Rows up to here. */
  readonly rows: number;
  readonly table: string;
  readonly intervals: string;
}

export interface Filling {
  parts(): AsyncGenerator<FilledPart>;
  /** Column → cells filled so far. */
  readonly counts: Readonly<Record<string, number>>;
  readonly issues: readonly Issue[];
  /** Columns whose bytes the table cannot hold. */
  readonly ofBytes: readonly string[];
  close(): void;
}

/** Rows decoded and filled at once: pictures of so many rows fit into memory. */
const rowsAtOnce = 256;
const intervalHeader = ["row", "key", "column", "value", "low", "high", "probability"];

export async function fillTable({ model, dataset, samples, seed }: FillJob): Promise<Filling> {
  const raw = await rawTable(dataset.source, dataset.reading);
  const columns = columnsToFill(model, dataset, raw.columns);
  const names = columns.map(({ name }) => name);
  const counts = Object.fromEntries(names.map((name) => [name, 0]));
  const issues = issueCollector();
  const requests: Record<string, MediaRequest> = Object.assign({}, ...model.modalities.map(({ media }) => media));

  async function fillRows(rows: readonly Row[], cells: AsyncIterator<readonly string[]>): Promise<FilledPart> {
    const decoding = rows.map((row) => decodeRow(row, requests, nodeMediaDecoder, issues.add));
    const options = { samples, seed: seed + rows[0]!.number, columns: names };
    const { filled, intervals, issues: unread } = await impute(model, await Promise.all(decoding), options);
    for (const issue of unread) if (issue.code !== "row-empty") issues.add({ ...issue, row: rows[issue.row]!.number });
    const table: string[] = [];
    const sure: string[] = [];
    for (const [i, row] of rows.entries()) {
      const record = await nextRecord(cells, dataset.source);
      for (const column of columns) {
        const cell = filledCell(row, filled[i]!, column);
        if (cell === undefined) continue;
        counts[column.name]!++;
        record[raw.columns.indexOf(column.name)] = cell;
        const certainty = howSure(intervals[i]![column.name], column, filled[i]!);
        sure.push(writeRecord([String(row.number), row.key, column.name, cell, ...certainty]));
      }
      table.push(csvLine(record));
    }
    return { rows: rows.at(-1)!.number, table: linesOf(table), intervals: linesOf(sure) };
  }

  return {
    counts,
    get issues() {
      return issues.list();
    },
    ofBytes: raw.ofBytes,
    close: raw.close,
    parts: async function* () {
      yield { rows: 0, table: headerOf(raw), intervals: linesOf([writeRecord(intervalHeader)]) };
      const cells = raw.rows();
      for await (const rows of smaller(dataset.rows(), rowsAtOnce)) yield fillRows(rows, cells);
    },
  };
}

/** Columns of the table, texts and vectors that the file has; pictures and sounds stay as they are. */
function columnsToFill(model: TrainedModel, dataset: Dataset, inFile: readonly string[]): Column[] {
  const isText = (request: MediaRequest | undefined) => request === undefined || request.media === "vector";
  const known = model.modalities.flatMap(({ columns, media }) => columns.filter((column) => isText(media[column])));
  return dataset.columns.filter(
    ({ name, role }) => role === "feature" && known.includes(name) && inFile.includes(name),
  );
}

async function nextRecord(cells: AsyncIterator<readonly string[]>, source: string): Promise<string[]> {
  const next = await cells.next();
  if (next.done === true) throw new Error(`Cannot read ${source}: it became shorter while it was read. Try again.`);
  return [...next.value];
}

/** The text of a cell that was empty and now is not. */
function filledCell(row: Row, filled: Values, { name, spelling }: Column): string | undefined {
  const value = filled[name] ?? null;
  if (row.cells[name] !== null || value === null || isMedia(value)) return undefined;
  return asText(value, spelling);
}

/** low, high, probability */
function howSure(sure: Uncertainty | undefined, column: Column, filled: Values): [string, string, string] {
  const { name, kind, spelling } = column;
  if (sure === undefined) return ["", "", ""];
  // Between two whole numbers there is none.
  const whole = kind === "count" || kind === "ordinal";
  const bound = (value: Scalar) => asText(whole && typeof value === "number" ? Math.round(value) : value, spelling);
  if ("low" in sure) return [bound(sure.low), bound(sure.high), ""];
  // Draws of free text hardly ever repeat: their share would say nothing.
  if (kind === "text") return ["", "", ""];
  return ["", "", String(sure.probabilities[String(filled[name])] ?? 0)];
}

const headerOf = ({ columns, hasHeader }: RawTable): string => (hasHeader ? linesOf([writeRecord(columns)]) : "");
const linesOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
/** A lone empty cell would be a blank line, which is no row. */
const csvLine = (record: readonly string[]): string =>
  record.length === 1 && record[0] === "" ? '""' : writeRecord(record);

async function* smaller(chunks: AsyncIterable<readonly Row[]>, size: number): AsyncGenerator<readonly Row[]> {
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += size) yield chunk.slice(start, start + size);
  }
}
