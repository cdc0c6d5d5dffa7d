/** Installs the packages of package-lock.json where they are absent or older than it, and builds; says so on stderr. */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";

const root = new URL("..", import.meta.url);
const at = (path) => new URL(path, root);
const installed = at("node_modules/.package-lock.json");
const stale = !existsSync(installed) || statSync(installed).mtimeMs < statSync(at("package-lock.json")).mtimeMs;

// `npm ci` builds through `prepare`; a present install only has its build brought up to date.
const [command, args] = stale ? ["npm", ["ci", "--loglevel=error"]] : [process.execPath, ["scripts/build.js"]];
if (stale) process.stderr.write("Installing packages (npm ci) …\n");
const { status } = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
process.exit(status ?? 1);
