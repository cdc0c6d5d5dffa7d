/** @file What every vector store must do. In: a function that makes a store. Out: tests. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoreShape, VectorStore } from "../store.ts";

const shape: StoreShape = {
  dimensions: 2,
  columns: [
    { name: "title", type: "text" },
    { name: "unit price", type: "number" },
    { name: "in.stock", type: "boolean" },
    { name: "key", type: "text" },
    { name: "_distance", type: "number" },
  ],
};

const at = (degrees: number): Float32Array =>
  Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));

const row = (key: string, degrees: number, title: string | null, price: number | null, stock: boolean | null) => ({
  key,
  // Length must not matter.
  vector: at(degrees).map((v) => v * (1 + degrees)),
  columns: { title, "unit price": price, "in.stock": stock, key: `own ${key}`, _distance: degrees, unknown: 1 },
});

export function vectorStoreContract(name: string, makeStore: (shape: StoreShape) => Promise<VectorStore>): void {
  describe(name, () => {
    let store: VectorStore;
    beforeAll(async () => {
      store = await makeStore(shape);
      await store.add([
        row("a", 10, "red shoe", 20, true),
        row("b", 40, "it's blue", 60, false),
        row("c", 90, null, null, null),
        row("d", 170, "red hat", 5.5, true),
      ]);
    });
    afterAll(() => store.close());

    const keys = async (where?: string, k = 10): Promise<string> =>
      (await store.search(at(0), { k, ...(where === undefined ? {} : { where }) })).map((hit) => hit.key).join("");

    it("finds the nearest first, by cosine distance, with every column", async () => {
      const hits = await store.search(at(0), { k: 3 });
      expect(hits.map(({ key }) => key)).toEqual(["a", "b", "c"]);
      [10, 40, 90].forEach((degrees, i) => {
        expect(hits[i]!.distance).toBeCloseTo(1 - Math.cos((degrees * Math.PI) / 180), 5);
      });
      const columns = { title: "red shoe", "unit price": 20, "in.stock": true, key: "own a", _distance: 10 };
      expect(hits[0]!.columns).toEqual(columns);
      expect(hits[2]!.columns).toMatchObject({ title: null, "unit price": null, "in.stock": null });
      expect(await store.count()).toBe(4);
      expect({ dimensions: store.dimensions, columns: store.columns }).toEqual(shape);
    });

    it("keeps what a condition says; nothing is compared with a missing cell", async () => {
      const cases: Record<string, string> = {
        "`unit price` < 50": "ad",
        'NOT "unit price" < 50': "b",
        "title LIKE 'red%'": "ad",
        "title NOT LIKE '%_ h%'": "ab",
        "title = 'it''s blue' OR in.stock = TRUE": "abd",
        "title IS NULL": "c",
        "title IS NOT NULL AND (`unit price` BETWEEN 5.5 AND 20)": "ad",
        "title in ('red hat', \"it's blue\")": "bd",
        "`unit price` NOT IN (20, -1e3)": "bd",
        "in.stock != true": "b",
        "key >= 'own b' and `unit price` <> 60 or _distance <= 10": "ad",
        "title > 'red'": "ad",
        "`unit price` > 1000": "",
      };
      for (const [where, expected] of Object.entries(cases)) expect(await keys(where), where).toBe(expected);
      expect(await keys("in.stock = true", 1)).toBe("a");
    });

    it("refuses a condition that it cannot use, naming what is wrong", async () => {
      await expect(keys("titel = 'x'")).rejects.toThrow(/no column "titel".* Did you mean "title"/);
      await expect(keys("title = 5")).rejects.toThrow(/"title" holds text, found 5/);
      await expect(keys("`unit price` = 'x'")).rejects.toThrow(/holds number/);
      await expect(keys("title = ")).rejects.toThrow(/expected a value for "title" at the end/);
      await expect(keys("title ~ 'x'")).rejects.toThrow(/cannot read it from "~ 'x'"/);
      await expect(keys("(title = 'x'")).rejects.toThrow(/closing parenthesis at the end/);
      await expect(keys("title = 'x'; drop table rows")).rejects.toThrow(/Cannot use the condition/);
      await expect(keys("")).rejects.toThrow(/expected a column at the end/);
    });

    it("refuses a vector of another size", async () => {
      await expect(store.search(Float32Array.of(1), { k: 1 })).rejects.toThrow(/expected 2 finite numbers, received 1/);
      const bad = { key: "e", vector: Float32Array.of(Number.NaN, 1), columns: {} };
      await expect(store.add([bad])).rejects.toThrow(/finite/);
      expect(await store.count()).toBe(4);
    });

    it("replaces rows of the same key and adds the others", async () => {
      await store.add([row("d", 2, "new", 1, null), row("e", 1, "first", 2, null), row("e", 3, "second", 2, null)]);
      expect(await store.count()).toBe(5);
      expect(await keys("title IN ('new', 'first', 'second', 'red hat')")).toBe("de");
      const [, e] = await store.search(at(0), { k: 2 });
      expect(e).toMatchObject({ key: "e", columns: { title: "second", "in.stock": null } });
    });
  });
}
