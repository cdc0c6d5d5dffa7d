/** The one command before every commit: build, types (whole, and core without Node), format and lint, then the tests. */
import { spawnSync } from "node:child_process";

// Examples and the command line's tests use the package as its users do: built.
const checks = [
  ["build", "node", ["scripts/build.js"]],
  ["types", "npx", ["tsc", "-p", "tsconfig.json"]],
  ["types of the core, without Node", "npx", ["tsc", "-p", "tsconfig.core.json"]],
  ["format and lint", "npx", ["biome", "ci", "--error-on-warnings", "."]],
  [
    "typed lint",
    "npx",
    ["eslint", "--max-warnings=0", "--cache", "--cache-location", "node_modules/.cache/eslint/", "."],
  ],
  ["tests", "npx", ["vitest", "run", ...process.argv.slice(2)]],
];

for (const [what, command, args] of checks) {
  process.stderr.write(`── ${what}\n`);
  const { status } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) {
    process.stderr.write(`✗ ${what} failed\n`);
    process.exit(status ?? 1);
  }
}
