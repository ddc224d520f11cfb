import type { HubOptions } from "../../formats/hub/hub-options.ts";
import type { ModelCache } from "../../formats/hub/model-cache.ts";
import { openModelCache } from "../../formats/hub.ts";
import type { EngineOptions, EngineStorage } from "../engine.ts";

/** Where an engine keeps files, opened when it is first used. */
export interface Storage extends EngineStorage {
  /** The option `cache` of `openModel`. */
  forModels(): Promise<Pick<HubOptions, "cache">>;
}

/** The kept files of this origin, or of this user in Node; of an engine that keeps none, nothing. */
export function createStorage({ cache: keeps = true }: EngineOptions): Storage {
  let opened: Promise<ModelCache | undefined> | undefined;
  const cache = () => {
    opened ??= openModelCache();
    return opened;
  };
  return {
    forModels: async () => {
      if (!keeps) return { cache: false };
      const found = await cache();
      // In Node, folders on web servers are not kept: they are files of one's own as a rule.
      return found && found.kind !== "folder" ? { cache: found } : {};
    },
    list: async () => (await cache())?.list() ?? [],
    delete: async (id) => await (await cache())?.delete(id),
    deleteAll: async () => await (await cache())?.deleteAll(),
    estimate: async () => (await cache())?.estimate() ?? { used: 0 },
    persist: async () => (await cache())?.persist() ?? false,
  };
}
