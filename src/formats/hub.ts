// Models by name, and their cached files. The code is loaded with the first model, not with the page.
import type { HubOptions } from "./hub/hub-options.ts";
import type { ModelCache } from "./hub/model-cache.ts";
import type { ModelCacheOptions } from "./hub/open-model-cache.ts";
import type { FileSource } from "./source.ts";

/**
 * Opens the files of a model from any of these:
 *
 * - a repository of a hub: `owner/name` or `owner/name@revision` (a branch, tag or commit), optionally prefixed with
 *   `hf:`, or the URL of its page. Its files are fetched with range requests, which are repeated if a connection fails,
 *   checked against the sizes and digests that the hub states, and cached, so later loads read them from the cache, also
 *   offline. An interrupted download resumes;
 * - the http or https URL of a folder, or in a page that of a folder in a browser extension; with the option `cache`
 *   its files are cached in the same way;
 * - in Node, a folder's path or `file:` URL, which takes precedence over a repository of the same name; in a page, a
 *   URL relative to it, which must begin with `./` or not have exactly two parts, unlike `owner/name`;
 * - files by their names, or a `FileSource`, which is returned unchanged.
 *
 * @throws FormatError with what to do for a repository that does not exist, is private or gated, or cannot be reached.
 */
export async function openModel(
  from: string | URL | FileSource | Readonly<Record<string, Blob>>,
  options: HubOptions = {},
): Promise<FileSource> {
  const hub = await import("./hub/entry.ts");
  return await hub.openModel(from, options);
}

/**
 * Opens the cache of model files of this page's origin, or of this user in Node: the private file system (OPFS), else
 * the Cache API, or a folder in Node. Undefined without one, as in pages without a secure context.
 */
export async function openModelCache(options: ModelCacheOptions = {}): Promise<ModelCache | undefined> {
  const hub = await import("./hub/entry.ts");
  return await hub.openModelCache(options);
}
