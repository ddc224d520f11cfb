import type { Store, StorePath } from "./store.ts";
import { originEstimate, originPersisted, webLocked } from "./web-locks.ts";

/** The name of the cache, and the addresses in it, which nothing answers (RFC 2606, section 2). */
const [cacheName, base] = ["shaderformer-models", "https://models.invalid/"];

/** The Cache API (Service Workers, section 5), for browsers without a private file system; undefined without it. */
export async function cacheApiStore(): Promise<Store | undefined> {
  if (!globalThis.caches || !globalThis.navigator?.locks) return undefined;
  let cache: Cache;
  try {
    cache = await caches.open(cacheName);
  } catch {
    return undefined;
  }
  const addressOf = (path: StorePath) => base + path.map(encodeURIComponent).join("/");

  /** The paths below a folder, from its names on. */
  async function below(folder: StorePath): Promise<string[][]> {
    const prefix = folder.length === 0 ? base : `${addressOf(folder)}/`;
    const urls = (await cache.keys()).map(({ url }) => url).filter((url) => url.startsWith(prefix));
    return urls.map((url) => url.slice(prefix.length).split("/").map(decodeURIComponent));
  }

  return {
    kind: "cache-api",
    write: (path, bytes) =>
      cache.put(addressOf(path), new Response(bytes, { headers: { "content-length": String(bytes.length) } })),
    open: async (path) => {
      const blob = await (await cache.match(addressOf(path)))?.blob();
      const read = async (begin: number, end: number) =>
        new Uint8Array((await blob?.slice(begin, end).arrayBuffer()) ?? new ArrayBuffer());
      return blob && { size: blob.size, read };
    },
    list: async (folder) => [...new Set((await below(folder)).map(([name = ""]) => name))],
    delete: async (path) => {
      for (const rest of await below(path)) await cache.delete(addressOf([...path, ...rest]));
      if (path.length > 0) await cache.delete(addressOf(path));
    },
    estimate: originEstimate,
    persist: originPersisted,
    locked: webLocked,
  };
}
