import { checkOptions, fieldsOf, text } from "../../options/checks.ts";
import { cacheFolder } from "../cache-folder.ts";
import { nodeModule } from "../folder.ts";
import { FormatError } from "../format-error.ts";
import type { Shelf } from "./kept-file.ts";
import { keptBytes, readModelRecord } from "./kept-model.ts";
import type { CachedModel, ModelCache } from "./model-cache.ts";
import { cacheApiStore } from "./stores/cache-api.ts";
import { folderStore } from "./stores/folder.ts";
import { opfsStore } from "./stores/opfs.ts";
import { pathPart, type Store } from "./stores/store.ts";

/** Options of {@link openModelCache}. */
export interface ModelCacheOptions {
  /**
   * In Node, the folder; default `shaderformer` in `XDG_CACHE_HOME`, or in `~/.cache`.
   */
  readonly folder?: string | undefined;
}

const fields = fieldsOf<ModelCacheOptions>({ folder: text });

/** Bytes of a file's segment: the unit of writing, and the most that an interrupted download loses. */
const defaultSegmentBytes = 4 << 20;

/** The stores behind caches, which sources write to. */
const shelves = new WeakMap<ModelCache, (id: string) => Shelf>();

/** Where a cache stores a model's files. Throws `FormatError` for an object that `openModelCache` did not return. */
export function shelfOf(cache: ModelCache, id: string): Shelf {
  const shelf = shelves.get(cache);
  if (!shelf) throw new FormatError("cache", "is no cache that openModelCache has opened");
  return shelf(id);
}

/** Implements `openModelCache` of ../hub.ts. */
export async function openModelCache(options: ModelCacheOptions = {}): Promise<ModelCache | undefined> {
  checkOptions("openModelCache", fields, options);
  const fs = nodeModule("node:fs/promises") as typeof import("node:fs/promises") | undefined;
  if (fs) return modelCacheIn(folderStore(fs, options.folder ?? cacheFolder("models")));
  const store = (await opfsStore()) ?? (await cacheApiStore());
  return store && modelCacheIn(store);
}

/** A cache over a store. */
export function modelCacheIn(store: Store, segmentBytes = defaultSegmentBytes): ModelCache {
  const shelf = (id: string): Shelf => ({ store, path: [pathPart(id)], segmentBytes });

  async function list(): Promise<CachedModel[]> {
    const models: CachedModel[] = [];
    for (const folder of await store.list([])) {
      const place: Shelf = { store, path: [folder], segmentBytes };
      const record = await readModelRecord(place);
      if (!record) continue;
      const { id, name, lastUsed } = record;
      models.push({ id, name, lastUsed, ...(await keptBytes(place, record)) });
    }
    return models.sort((a, b) => b.lastUsed - a.lastUsed);
  }

  const remove = async (what: string, path: readonly string[]) => {
    try {
      await store.delete(path);
    } catch (cause) {
      const why = `cannot be deleted while it is written to, perhaps in another tab: ${String(cause)}`;
      throw new FormatError(what, why, { cause });
    }
  };

  const cache: ModelCache = {
    kind: store.kind,
    list,
    delete: (id) => remove(id, [pathPart(id)]),
    deleteAll: () => remove("the cache", []),
    estimate: async () => {
      const { used: known, free } = await store.estimate();
      const used = known ?? (await list()).reduce((sum, { bytes }) => sum + bytes, 0);
      return { used, ...(free === undefined ? {} : { quota: used + free }) };
    },
    persist: () => store.persist(),
  };
  shelves.set(cache, shelf);
  return cache;
}
