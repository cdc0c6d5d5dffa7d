import { isBuiltin } from "node:module";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** Every module that a bundle for browsers would hold, and what it imports from outside. */
async function bundled(entry: string) {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["browser", "module", "main"],
    conditions: ["browser"],
    external: ["node:*", "onnxruntime-web"],
    plugins: [builtinsAreExternal],
    outdir: "/",
    write: false,
    metafile: true,
  });
  const outside = Object.values(metafile.inputs).flatMap(({ imports }) => imports.filter(({ external }) => external));
  return { modules: Object.keys(metafile.inputs), outside: [...new Set(outside.map(({ path }) => path))] };
}
