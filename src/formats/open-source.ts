import { fileSystemPath, openFolder } from "./folder.ts";
import type { FileSource } from "./source.ts";
import { openUrl } from "./url.ts";

/**
 * The source that a path or an address names: an http or https address is a folder on a web server; anything else is a
 * path or a file: address where there is a file system (Node), and an address relative to the page where there is none.
 *
 * @throws FormatError for what is neither.
 */
export async function openSource(from: string | URL | FileSource): Promise<FileSource> {
  if (typeof from === "object" && !("href" in from)) return from;
  const name = String(from);
  const path = /^(https?|blob|data):/i.test(name) ? undefined : fileSystemPath(name);
  return path === undefined ? openUrl(name) : openFolder(path);
}
