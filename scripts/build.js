/**
 * Builds dist/ from src/: AssemblyScript → WebAssembly (as a base64 module, so that it loads in Node and browsers alike),
 * then TypeScript → JavaScript. Idempotent, quick when nothing changed, silent on stdout.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

const newest = (path) =>
  statSync(path).isDirectory()
    ? Math.max(0, ...readdirSync(path).map((name) => newest(`${path}/${name}`)))
    : statSync(path).mtimeMs;
const isOlder = (target, sources) => !existsSync(target) || statSync(target).mtimeMs < Math.max(...sources.map(newest));

function run(tool, args) {
  const { status } = spawnSync(process.execPath, [tool, ...args], { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

const kernel = "src/engine/optimizer/kernel.as.ts";
const module = "src/engine/generated/kernel-wasm.ts";
if (isOlder(module, [kernel, "scripts/build.js"])) {
  mkdirSync("src/engine/generated", { recursive: true });
  const wasm = `src/engine/generated/kernel.${process.pid}.wasm`;
  const features = ["--enable", "simd"];
  const options = ["-O3", "--noAssert", "--converge", "--runtime", "stub", "--importMemory", "--memoryBase", "1024"];
  run("node_modules/assemblyscript/bin/asc.js", [kernel, "-o", wasm, ...options, ...features]);
  const base64 = readFileSync(wasm).toString("base64");
  rmSync(wasm);
  const text = `/** Made by scripts/build.js from ${kernel}; not in git. */\nexport const kernelWasm =\n  "${base64}";\n`;
  writeFileSync(`${module}.${process.pid}.tmp`, text);
  renameSync(`${module}.${process.pid}.tmp`, module);
}

const stamp = "dist/.built";
if (isOlder(stamp, ["src", "tsconfig.json", "tsconfig.build.json", "package.json"])) {
  if (!existsSync("dist")) rmSync("node_modules/.cache/polyvae/build.tsbuildinfo", { force: true });
  run("node_modules/typescript/bin/tsc", ["-p", "tsconfig.build.json"]);
  const { configJsonSchema } = await import(`${root}/dist/cli/json-schema.js`);
  writeFileSync("dist/polyvae.schema.json", `${JSON.stringify(configJsonSchema(), undefined, 1)}\n`);
  chmodSync("dist/cli/main.js", 0o755);
  writeFileSync(stamp, "");
}
