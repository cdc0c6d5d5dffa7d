import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { vectorStoreContract } from "../testing/vector-store-contract.ts";
import { createLanceStore, openLanceStore } from "./lance.ts";

const folder = mkdtempSync(join(tmpdir(), "polyvae-lance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

vectorStoreContract("store on LanceDB", (shape) => createLanceStore(join(folder, "contract"), shape));

describe("store on LanceDB, on disk", () => {
  const shape = { dimensions: 2, columns: [{ name: "größe 100%", type: "number" }] } as const;
  const rows = (from: number) => [
    { key: `${from}`, vector: Float32Array.of(from, 1), columns: { "größe 100%": from } },
    { key: "both", vector: Float32Array.of(1, 1), columns: { "größe 100%": null } },
  ];

  it("opens again with its shape, and is extended", async () => {
    const place = join(folder, "again");
    const first = await createLanceStore(place, shape);
    await first.add(rows(1));
    await first.close();
    const second = await openLanceStore(place);
    expect({ dimensions: second.dimensions, columns: second.columns }).toEqual(shape);
    await second.add(rows(2));
    expect(await second.count()).toBe(3);
    expect(await second.search(Float32Array.of(2, 1), { k: 1, where: "`größe 100%` > 1.5" })).toMatchObject([
      { key: "2", columns: { "größe 100%": 2 } },
    ]);
    await second.close();
  });

  it("takes columns that are all empty", async () => {
    const types = ["text", "number", "boolean"] as const;
    const store = await createLanceStore(join(folder, "empty"), {
      dimensions: 1,
      columns: types.map((type) => ({ name: type, type })),
    });
    for (const key of ["a", "b"]) await store.add([{ key, vector: Float32Array.of(1), columns: {} }]);
    const [hit] = await store.search(Float32Array.of(1), { k: 1, where: "boolean IS NULL" });
    expect(hit?.columns).toEqual({ text: null, number: null, boolean: null });
    await store.close();
  });

  it("says what is missing, and makes no folder by looking", async () => {
    await expect(openLanceStore(join(folder, "gone"))).rejects.toThrow(/gone: there is no such folder.*polyvae index/);
    mkdirSync(join(folder, "other"));
    await expect(openLanceStore(join(folder, "other"))).rejects.toThrow(/other: it holds no vector store/);
    writeFileSync(join(folder, "file"), "");
    await expect(openLanceStore(join(folder, "file"))).rejects.toThrow(/holds no vector store/);
  });
});
