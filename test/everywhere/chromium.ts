/**
 * @file A site on this machine and a headless Chromium that visits it. In: entry points and folders to serve. Out: pages.
 * Paths below /isolated/ are served with the headers that wasm threads need.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";

export const chromiumPath = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
].find((path) => existsSync(path));

const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const html =
  '<!doctype html><title>polyvae</title><link rel="icon" href="data:,"><script type="module" src="page.js"></script>';
const ortFolder = fileURLToPath(new URL("../../node_modules/onnxruntime-web/dist/", import.meta.url));

export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

/** Bundles the page and the engine's worker as docs/browser.md says, and serves both beside ONNX Runtime's files. */
export async function serveSite(page: string): Promise<Site> {
  const { outputFiles } = await build({
    entryPoints: { page, worker: "polyvae/browser/worker" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    outdir: "/",
    write: false,
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
  const find = async (path: string): Promise<Uint8Array | string | undefined> => {
    const name = basename(path);
    if (path.includes("/ort/")) return readFile(join(ortFolder, name));
    return name === "index.html" ? html : files.get(name);
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname.replace(/\/$/, "/index.html");
    void find(path).then((body) => {
      const isolated = request.headers.referer?.includes("/isolated/") || path.startsWith("/isolated/");
      const headers = { "Content-Type": types[extname(path)] ?? "text/plain", ...(isolated && isolation) };
      response.writeHead(body === undefined ? 404 : 200, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The flags keep the browser to itself: it is not to fetch anything. */
const quiet = [
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const openBrowser = (flags: readonly string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumPath!,
    headless: true,
    chromiumSandbox: false,
    args: [...quiet, ...flags],
  });
