/**
 * @file Where a media cell may point. In: the cell's text and the folders that are allowed. Out: an absolute path, or the reason
 * why it is refused: what stands in a cell must not name a file that the user did not mean to give.
 */
import type { MediaFault } from "./media.ts";

export interface MediaPlace {
  /** Relative paths start here; it may name whatever lies in it. */
  readonly folder: string;
  /** A further folder that it may name. */
  readonly root?: string;
  /** `png72/{id}.png`: typed by the user, so its own parts may lead anywhere; the values in braces may not. */
  readonly pattern?: string;
}

export type Located = { readonly path: string } | { readonly code: MediaFault; readonly detail: string };

export interface Paths {
  resolve(...parts: string[]): string;
  relative(from: string, to: string): string;
  isAbsolute(path: string): boolean;
}

const address = /^[a-z][a-z0-9+.-]+:\/\//i;

export function locateMedia(text: string, { folder, root, pattern }: MediaPlace, paths: Paths): Located {
  if (text.includes("\0")) return { code: "media-absent", detail: `${JSON.stringify(text)} is no path` };
  if (/^file:/i.test(text)) return outside(text, "is a file address; write a plain path");
  if (address.test(text)) return { path: text };
  const path = paths.resolve(folder, text);
  if (pattern !== undefined) {
    const escapes = ups(text) > ups(pattern) || (paths.isAbsolute(text) && !paths.isAbsolute(pattern));
    return escapes ? outside(text, "leaves the folder by a value that fills the pattern; correct the value") : { path };
  }
  if (inside(folder, path, paths) || (root !== undefined && inside(root, path, paths))) return { path };
  return outside(text, `lies outside ${folder}; allow another folder by --media-root`);
}

const outside = (text: string, why: string): Located => ({ code: "media-outside", detail: `${text} ${why}` });

const ups = (path: string): number => path.split(/[\\/]/).filter((part) => part === "..").length;

function inside(folder: string, path: string, { relative, isAbsolute }: Paths): boolean {
  const way = relative(folder, path);
  return way !== ".." && !/^\.\.[\\/]/.test(way) && !isAbsolute(way);
}
