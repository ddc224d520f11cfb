import type { Store, StorePath } from "../../src/formats/hub/stores/store.ts";
import { unlessAborted } from "../../src/options/abort.ts";

/** A store in memory, for tests that open hundreds. */
export function memoryStore(): Store {
  const all = new Map<string, Uint8Array<ArrayBuffer>>();
  const turns = new Map<string, Promise<unknown>>();
  const key = (path: StorePath) => path.join("/");
  return {
    kind: "folder",
    write: async (path, bytes) => void all.set(key(path), bytes.slice()),
    open: async (path) => {
      const bytes = all.get(key(path));
      return bytes && { size: bytes.length, read: async (begin, end) => bytes.slice(begin, end) };
    },
    list: async (folder) => {
      const prefix = folder.map((part) => `${part}/`).join("");
      const inside = [...all.keys()].filter((name) => name.startsWith(prefix));
      return [...new Set(inside.map((name) => name.slice(prefix.length).split("/")[0] ?? ""))];
    },
    delete: async (path) => {
      const name = key(path);
      for (const one of [...all.keys()]) if (one === name || one.startsWith(`${name}/`) || name === "") all.delete(one);
    },
    estimate: async () => ({ used: [...all.values()].reduce((sum, bytes) => sum + bytes.length, 0) }),
    persist: async () => false,
    locked: async (name, signal, work) => {
      const before = turns.get(name) ?? Promise.resolve();
      const run = unlessAborted(before, signal).then(work);
      turns.set(name, Promise.allSettled([before, run]));
      return run;
    },
  };
}
