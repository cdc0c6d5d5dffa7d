/** The one command before every commit: types (whole, and core without Node), format and lint, then the tests. */
import { spawnSync } from "node:child_process";

const checks = [
  ["types", "tsc", ["-p", "tsconfig.json"]],
  ["types of the core, without Node", "tsc", ["-p", "tsconfig.core.json"]],
  ["format and lint", "biome", ["ci", "--error-on-warnings", "."]],
  ["typed lint", "eslint", ["--max-warnings=0", "--cache", "--cache-location", "node_modules/.cache/eslint/", "."]],
  ["tests", "vitest", ["run", ...process.argv.slice(2)]],
];

for (const [what, tool, args] of checks) {
  process.stderr.write(`── ${what}\n`);
  const { status } = spawnSync("npx", ["--no-install", tool, ...args], { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) {
    process.stderr.write(`✗ ${what} failed\n`);
    process.exit(status ?? 1);
  }
}
