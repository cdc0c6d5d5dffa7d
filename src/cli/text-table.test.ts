import { expect, it } from "vitest";
import { textTable } from "./text-table.ts";

it("a table stands in columns, cut to its width", () => {
  const columns = [{ title: "n", align: "right" }, { title: "what" }] as const;
  const rows = [
    ["1", "a\nb"],
    ["100", "x".repeat(80)],
  ];
  expect(textTable(columns, rows, 20).split("\n")).toEqual([
    "  n  what",
    "───  ──────────────…",
    "  1  a b",
    "100  xxxxxxxxxxxxxx…",
  ]);
});
