// Models by name, and the files of them that are kept. Their code comes with the first model, not with the page.
import type { HubOptions } from "./hub/hub-options.ts";
import type { ModelCache } from "./hub/model-cache.ts";
import type { ModelCacheOptions } from "./hub/open-model-cache.ts";
import type { FileSource } from "./source.ts";

/**
 * Opens the files of a model, wherever they are:
 *
 * - a repository of a hub: `owner/name`, `owner/name@revision` (a branch, tag or commit), either with `hf:` in front, or
 *   the address of its page. Its files are fetched with range requests, again where a connection fails, compared with
 *   the sizes and digests that the hub states, and kept in a cache, from which later loads read them, also without a
 *   network. An interrupted download goes on where it ended;
 * - the http or https address of a folder, or in a page that of one in a browser's extension; with the option `cache` its
 *   files are kept likewise;
 * - in Node, a folder's path or `file:` address, which goes before a repository of the same name; in a page an address
 *   relative to it, which other than `owner/name` begins with `./` or has more or fewer parts;
 * - files by their names, or a `FileSource`, which is returned as it is.
 *
 * @throws FormatError with what to do for a repository that is not there, private, gated or out of reach.
 */
export async function openModel(
  from: string | URL | FileSource | Readonly<Record<string, Blob>>,
  options: HubOptions = {},
): Promise<FileSource> {
  const hub = await import("./hub/entry.ts");
  return await hub.openModel(from, options);
}

/**
 * Opens the place where this page's origin, or this user in Node, keeps files of models: the private file system (OPFS),
 * else the Cache API, or a folder in Node. Undefined where there is none, as in pages without a secure context.
 */
export async function openModelCache(options: ModelCacheOptions = {}): Promise<ModelCache | undefined> {
  const hub = await import("./hub/entry.ts");
  return await hub.openModelCache(options);
}
