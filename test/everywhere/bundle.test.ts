import { build } from "esbuild";
import { expect, test } from "vitest";

/** Bundles for browsers, where a module of Node's does not resolve. @returns what is imported from outside of the bundle */
async function bundle(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    external: ["onnxruntime-web"],
    outdir: "/",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return [...new Set(imports.filter(({ external }) => external).map(({ path }) => path))];
}

test("the browser's part is whole without Node and without ONNX Runtime", async () => {
  expect(await bundle("src/browser.ts")).toEqual([]);
});

test("the browser's worker imports only ONNX Runtime", async () => {
  expect((await bundle("src/engine/web/worker.ts")).sort()).toEqual(["onnxruntime-web/wasm", "onnxruntime-web/webgpu"]);
});

test("what needs Node is refused", async () => {
  await expect(bundle("src/engine/node/runtime.ts")).rejects.toThrow(/Could not resolve "node:worker_threads"/);
});
