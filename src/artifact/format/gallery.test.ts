import { describe, expect, it } from "vitest";
import { smallParts } from "../testing/small-parts.ts";
import { readGallery, writeGallery } from "./gallery.ts";
import { packModel, unpackModel } from "./pack.ts";

const picture = { width: 2, height: 1, channels: 3 as const, pixels: Uint8Array.of(0, 1, 2, 253, 254, 255) };
const sound = { rate: 8000, samples: Float32Array.of(0, 1, -1) };
const gallery = {
  features: Float32Array.of(1, 2, 3, 4, 5, 6),
  items: [
    { key: "a", path: "/data/a.png", value: picture },
    { key: "b", value: "größe" },
    { key: "c", path: "/data/c.wav", value: sound },
  ],
};

describe("galleries in a model file", () => {
  it("come back as they were, pictures, texts and sounds", async () => {
    expect(readGallery(writeGallery(gallery))).toEqual(gallery);
    const parts = { ...smallParts(), galleries: { "photo/of": gallery } };
    expect(await unpackModel(await packModel(parts), "m.polyvae")).toEqual(parts);
    expect(readGallery(writeGallery({ features: new Float32Array(), items: [] })).items).toEqual([]);
  });

  it("are refused where they are cut off or list other items", () => {
    const bytes = writeGallery(gallery);
    for (const length of [3, 20, 60, bytes.length - 1]) expect(() => readGallery(bytes.slice(0, length))).toThrow();
    const other = { ...gallery, features: new Float32Array(4), items: gallery.items.slice(0, 2) };
    const listed = writeGallery(gallery);
    const tensors = writeGallery(other);
    // Features of two rows before a list of three.
    const view = new DataView(tensors.buffer);
    const [first, second] = [
      Number(view.getBigUint64(0, true)),
      Number(new DataView(listed.buffer).getBigUint64(8, true)),
    ];
    const start = 16 + Number(new DataView(listed.buffer).getBigUint64(0, true));
    view.setBigUint64(8, BigInt(second), true);
    const mixed = Uint8Array.from([...tensors.slice(0, 16 + first), ...listed.slice(start)]);
    expect(() => readGallery(mixed)).toThrow(/lists 3 items/);
  });
});
