import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "src");

/** The table under "Imports" in ARCHITECTURE.md: folder → folders it may import. */
function importTable(): Map<string, string[]> {
  const section = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("## Imports")[1]!.split("\n## ")[0]!;
  const rows = [...section.matchAll(/^\| (\w+) \|(.*)\|$/gm)].filter(([, folder]) => folder !== "folder");
  return new Map(
    rows.map(([, folder, list]) => [
      folder!,
      list!
        .split(",")
        .map((name) => name.trim())
        .filter(Boolean),
    ]),
  );
}

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function imports(): Import[] {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return files.flatMap((file) => {
    const text = readFileSync(join(source, file), "utf8");
    const found = [...text.matchAll(/(?:^|\n)\s*(import|export)( type)?[^;"']*?from\s+"([^"]+)"/g)];
    const dynamic = [...text.matchAll(/import\("([^"]+)"\)/g)].map(([, target]) => ({
      target: target!,
      typeOnly: false,
    }));
    const fixed = found.map(([, , type, target]) => ({ target: target!, typeOnly: type !== undefined }));
    return [...fixed, ...dynamic].map(({ target, typeOnly }) => ({
      file,
      target: target.startsWith(".") ? normalize(join(dirname(file), target)) : target,
      typeOnly,
    }));
  });
}

const folderOf = (file: string) => file.split("/")[0]!;
const isOurs = (target: string) => /^[\w-]+\//.test(target) && target.endsWith(".ts") && !target.startsWith("@");
const isTestFile = (file: string) => file.endsWith(".test.ts") || file.includes("/testing/");
const table = importTable();

test("every folder imports only what ARCHITECTURE.md allows", () => {
  const broken = imports().filter(({ file, target }) => {
    if (!file.includes("/") || isTestFile(file) || !isOurs(target)) return false;
    const [from, to] = [folderOf(file), folderOf(target)];
    return from !== to && !table.get(from)?.includes(to);
  });
  expect(broken.map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
});

test("the table names every folder of src", () => {
  const folders = readdirSync(source, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect([...table.keys()].sort()).toEqual(folders.map(({ name }) => name).sort());
});

test("what runs in a browser imports nothing of Node's", () => {
  const portable = ["engine", "modalities", "models", "artifact/format", "uses"];
  const broken = imports().filter(({ file, target, typeOnly }) => {
    if (isTestFile(file) || file.includes("/node/") || !portable.some((folder) => file.startsWith(`${folder}/`)))
      return false;
    return target.startsWith("node:") || (!typeOnly && /(^|\/)node\//.test(target));
  });
  expect(broken.map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
});

test("values are imported without cycles", () => {
  const edges = new Map<string, string[]>();
  for (const { file, target, typeOnly } of imports()) {
    if (!typeOnly && !isTestFile(file)) edges.set(file, [...(edges.get(file) ?? []), relative(".", target)]);
  }
  const done = new Set<string>();
  const visit = (file: string, path: string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  };
  expect([...edges.keys()].map((file) => visit(file, [])).find((cycle) => cycle.length > 0) ?? []).toEqual([]);
});
