import { afterAll, beforeAll, expect, it } from "vitest";
import { describeIssue } from "../../data/issues.ts";
import { nodeMediaDecoder } from "../../data/node/media-decoder.ts";
import { openData } from "../../data/node/open-data.ts";
import { csvOf, type TestFolder, testFolder } from "../../data/node/testing/files.ts";
import { random } from "../../engine/random.ts";
import { lookForLeakage } from "./look-for-leakage.ts";

let folder: TestFolder;
beforeAll(() => {
  folder = testFolder();
});
afterAll(() => folder.remove());

const options = { decoder: nodeMediaDecoder, seed: 0 };
/** Measurements of 100 things, each written down three times. */
const rng = random(4, "things");
const measured = Array.from({ length: 100 }, () => Array.from({ length: 9 }, () => rng.normal().toFixed(4)));
const table = {
  thing: (i: number) => `thing ${Math.floor(i / 3)}`,
  ...Object.fromEntries(measured[0]!.map((_, c) => [`m${c}`, (i: number) => measured[Math.floor(i / 3)]![c]] as const)),
};

it("names held-out rows that equal a training row, and the column that would keep them together", async () => {
  const path = folder.write("things.csv", csvOf(300, table));
  const loose = await openData(path, { columns: { thing: { role: "ignored" } } });
  const [issue, ...others] = await lookForLeakage(loose, options);
  loose.close();
  expect(others).toEqual([]);
  expect(issue).toMatchObject({ code: "split-leakage", column: "table", group: { column: "thing", together: 1 } });
  expect(describeIssue(issue!)).toMatch(
    /held-out values nearly equal a training value \(row \d+ and row \d+\).*--group "thing"/,
  );

  const grouped = await openData(path, { groupColumn: "thing" });
  expect(await lookForLeakage(grouped, options)).toEqual([]);
  grouped.close();
});
