import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { definitions } from "../src/evaluation/definitions.ts";

test("docs/math/metrics.md states every figure as the report does", () => {
  const page = readFileSync(new URL("../docs/math/metrics.md", import.meta.url), "utf8").replace(/\s+/g, " ");
  for (const [figure, definition] of Object.entries(definitions)) expect(page).toContain(`**${figure}** ${definition}`);
});
