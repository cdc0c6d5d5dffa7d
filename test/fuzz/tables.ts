/**
 * @file Random tables as text files, whole and damaged. In: a random stream. Out: what went wrong in reading them.
 * Every whole line must come back with its cells; a damaged line may be lost, told as an issue, and nothing else with it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "../../src/data/data-error.ts";
import { openData } from "../../src/data/node/open-data.ts";
import type { Random } from "../../src/engine/random.ts";
import { chance, type FuzzFamily, pick } from "./case.ts";

interface Style {
  readonly delimiter: string;
  readonly newline: string;
  readonly quoteAll: number;
  readonly encoding: "utf8" | "utf8-bom" | "utf16le" | "utf16be" | "latin1";
  readonly gzip: boolean;
}

const words = [
  "red",
  "green",
  "blue sky",
  "Zürich",
  "naïve",
  "déjà vu",
  "O'Brien",
  "12 kg",
  "50 %",
  "x",
  "NA",
  "",
  "-",
];
const scripts = ["東京", "مرحبا", "Привет", "😀👍🏽", "नमस्ते", "e\u0301", "\u200bzero", "Ⅷ"];

function randomCell(rng: Random, kind: number, style: Style): string {
  const latin = style.encoding === "latin1";
  switch (kind) {
    case 0:
      return String(rng.below(1000));
    case 1:
      return (rng.normal() * 10 ** rng.below(6)).toFixed(rng.below(4));
    case 2:
      return pick(rng, words);
    case 3:
      return latin ? pick(rng, words) : pick(rng, scripts) + rng.below(50);
    case 4:
      return `${rng.below(28) + 1}.${rng.below(12) + 1}.20${10 + rng.below(15)}`;
    case 5:
      return `say "${pick(rng, words)}"${style.delimiter} or${chance(rng, 0.2) ? "\nnot" : ""} ${rng.below(99)}`;
    default:
      return chance(rng, 0.002) ? "long ".repeat(40_000) : `word${rng.below(9)} and word${rng.below(9)}`;
  }
}

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;

function writeLine(rng: Random, cells: readonly string[], { delimiter, quoteAll }: Style): string {
  const needs = (cell: string) => /["\r\n]/.test(cell) || cell.includes(delimiter) || /^\s|\s$/.test(cell);
  return cells.map((cell) => (needs(cell) || chance(rng, quoteAll) ? quoted(cell) : cell)).join(delimiter);
}

function encodeText(text: string, { encoding, gzip }: Style): Uint8Array {
  const little = () => Buffer.from(`\ufeff${text}`, "utf16le");
  const bytes =
    encoding === "utf8"
      ? Buffer.from(text)
      : encoding === "utf8-bom"
        ? Buffer.from(`\ufeff${text}`)
        : encoding === "latin1"
          ? Buffer.from(text, "latin1")
          : encoding === "utf16le"
            ? little()
            : little().swap16();
  return gzip ? gzipSync(bytes) : bytes;
}

interface Table {
  readonly style: Style;
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly header: boolean;
}

function randomTable(rng: Random): Table {
  const style: Style = {
    delimiter: pick(rng, [",", ";", "\t", "|"]),
    newline: pick(rng, ["\n", "\r\n"]),
    quoteAll: pick(rng, [0, 0, 0.5, 1]),
    encoding: pick(rng, ["utf8", "utf8", "utf8-bom", "utf16le", "utf16be", "latin1"]),
    gzip: chance(rng, 0.1),
  };
  const many = chance(rng, 0.002);
  const columns = many ? 10_000 : 1 + rng.below(8);
  const kinds = Array.from({ length: columns }, () => rng.below(7));
  const rows = Array.from({ length: many ? 20 : 3 + rng.below(60) }, (_, row) => [
    `r${row}k`,
    ...kinds.map((kind) => randomCell(rng, kind, style)),
    `mark ${row}`,
  ]);
  const names = ["id", ...kinds.map((_, i) => `c${i}`), "mark"];
  return { style, names, rows, header: chance(rng, 0.9) };
}

/** The rows that came back: id → mark. Undefined with the reason where the file was refused. */
async function readBack(path: string, { header, names }: Table): Promise<Map<string, string> | DataError> {
  const [id, mark] = header ? ["id", "mark"] : ["column1", `column${names.length}`];
  // As text: what a cell holds is asked here, not what it means.
  const columns = { [id!]: { kind: "text" as const }, [mark!]: { kind: "text" as const } };
  try {
    const dataset = await openData(path, { header, columns });
    const found = new Map<string, string>();
    for await (const rows of dataset.rows())
      for (const { cells } of rows) found.set(String(cells[id!]), String(cells[mark!]));
    dataset.close();
    return found;
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
}

function missingRows(
  table: Table,
  found: ReadonlyMap<string, string>,
  spared: ReadonlySet<number>,
): string | undefined {
  const lost = table.rows.flatMap(([id], row) =>
    !spared.has(row) && found.get(id!) !== `mark ${row}` ? [`${id} (${found.get(id!) ?? "absent"})`] : [],
  );
  return lost.length === 0
    ? undefined
    : `lost ${lost.length} of ${table.rows.length} rows: ${lost.slice(0, 3).join(", ")}`;
}

const describeStyle = ({ style, header }: Table): string => JSON.stringify({ ...style, header });

/** Files as some program might write them: nothing may be lost. */
export const wholeTables: FuzzFamily = {
  name: "whole tables",
  share: 0.35,
  async run(rng, folder) {
    const table = randomTable(rng);
    const blank = () => (chance(rng, 0.03) ? table.style.newline : "");
    const lines = [...(table.header ? [table.names] : []), ...table.rows].map((cells) =>
      writeLine(rng, cells, table.style),
    );
    const text = lines.map((line) => blank() + line).join(table.style.newline) + pick(rng, ["", table.style.newline]);
    const path = join(
      folder,
      pick(rng, ["data.csv", "data.tsv", "data.txt", "data"]) + (table.style.gzip ? ".gz" : ""),
    );
    writeFileSync(path, encodeText(text, table.style));
    const found = await readBack(path, table);
    if (found instanceof DataError) return `${describeStyle(table)}: refused: ${found.message}`;
    const lost = missingRows(table, found, new Set());
    return lost && `${describeStyle(table)}: ${lost}`;
  },
};

type Damage = (rng: Random, line: string, style: Style) => string;

const insertAt = (line: string, at: number, text: string) => line.slice(0, at) + text + line.slice(at);

const damages: Record<string, Damage> = {
  "surplus cells": (rng, line, { delimiter }) => line + `${delimiter}surplus`.repeat(1 + rng.below(3)),
  "cells cut off": (_rng, line, { delimiter }) => line.split(delimiter)[0]!.replaceAll('"', ""),
  "stray quote": (rng, line) => insertAt(line, 1 + rng.below(Math.max(1, line.length - 1)), '"'),
  "quote not closed": (_rng, line, { delimiter }) => line.replace(delimiter, `${delimiter}"`),
  "NUL bytes": (rng, line) => insertAt(line, rng.below(line.length + 1), "\0".repeat(1 + rng.below(4))),
  "control characters": (rng, line) => insertAt(line, rng.below(line.length + 1), "\u0001\u001b[31m\u0007"),
  "no text at all": (rng) =>
    Array.from({ length: 5 + rng.below(60) }, () => String.fromCharCode(33 + rng.below(90))).join(""),
};

/** Files in which a few lines are damaged: the others come back. */
export const damagedTables: FuzzFamily = {
  name: "damaged tables",
  share: 0.35,
  async run(rng, folder) {
    const made = randomTable(rng);
    const table: Table = { ...made, header: true, style: { ...made.style, encoding: "utf8" } };
    const spared = new Set<number>();
    const told: string[] = [];
    let misquoted = false;
    const lines = table.rows.map((cells, row) => {
      const line = writeLine(rng, cells, table.style);
      if (row < 2 || !chance(rng, 0.04)) return line;
      // Between two quotes astray nobody can tell text from lines: one a file.
      const possible = Object.entries(damages).filter(([name]) => !misquoted || !name.includes("quote"));
      const [name, damage] = pick(rng, possible);
      misquoted ||= name.includes("quote");
      spared.add(row);
      told.push(`${name} in row ${row}`);
      return damage(rng, line, table.style);
    });
    const text = [writeLine(rng, table.names, table.style), ...lines].join(table.style.newline);
    const path = join(folder, table.style.gzip ? "data.csv.gz" : "data.csv");
    writeFileSync(path, encodeText(text, table.style));
    const found = await readBack(path, table);
    const where = `${describeStyle(table)}, ${told.join(", ")}`;
    if (found instanceof DataError) return `${where}: refused: ${found.message}`;
    const lost = missingRows(table, found, spared);
    return lost && `${where}: ${lost}`;
  },
};

/** Bytes of any kind under any name: read or refused with a reason, never a crash. */
export const noise: FuzzFamily = {
  name: "noise",
  share: 0.1,
  async run(rng, folder) {
    const table = randomTable(rng);
    const text = [table.names, ...table.rows]
      .map((cells) => writeLine(rng, cells, table.style))
      .join(table.style.newline);
    const bytes = chance(rng, 0.3)
      ? Buffer.from(Array.from({ length: rng.below(5000) }, () => rng.below(256)))
      : Buffer.from(encodeText(text, table.style));
    for (let i = 0; i < 1 + rng.below(20) && bytes.length > 0; i++) bytes[rng.below(bytes.length)] = rng.below(256);
    const cut = chance(rng, 0.3) ? bytes.subarray(0, rng.below(bytes.length + 1)) : bytes;
    const name = pick(rng, [
      "data.csv",
      "data.json",
      "data.jsonl",
      "data.parquet",
      "data.arrow",
      "data.csv.gz",
      "data.csv.zst",
      "data",
    ]);
    const path = join(folder, name);
    writeFileSync(path, cut);
    try {
      const dataset = await openData(path);
      for await (const _ of dataset.rows());
      dataset.close();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      if (!error.message.includes(name)) return `the refusal does not name the file: ${error.message}`;
    }
    return undefined;
  },
};
