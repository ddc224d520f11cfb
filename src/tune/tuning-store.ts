// Where measurements of devices are kept: a folder in Node, IndexedDB in a browser.
import { cacheFolder } from "../formats/cache-folder.ts";
import { nodeModule } from "../formats/folder.ts";
import { folderStore } from "../formats/hub/stores/folder.ts";

/** Texts by name. A text is written whole or not at all. */
export interface TuningStore {
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
}

/** The largest stored text that is read: a device has a few hundred rows of a kilobyte. */
const maxBytes = 16 << 20;

/**
 * The store of this platform, or none. `folder` is for Node; default `tuning` in the folder that the command line uses.
 */
export function tuningStore(folder?: string): TuningStore | undefined {
  const fs = nodeModule("node:fs/promises") as typeof import("node:fs/promises") | undefined;
  if (fs) return inFolder(fs, folder ?? cacheFolder("tuning"));
  return "indexedDB" in globalThis ? inDatabase() : undefined;
}

function inFolder(fs: typeof import("node:fs/promises"), folder: string): TuningStore {
  const store = folderStore(fs, folder);
  return {
    async read(name) {
      const found = await store.open([`${name}.json`]);
      if (!found) return undefined;
      if (found.size > maxBytes) throw new Error(`it has ${found.size} bytes, expected at most ${maxBytes}`);
      return new TextDecoder().decode(await found.read(0, found.size));
    },
    write: (name, text) => store.write([`${name}.json`], new TextEncoder().encode(text)),
  };
}

const [database, table] = ["shaderformer-tuning", "devices"];

function inDatabase(): TuningStore {
  const open = async () => {
    const request = indexedDB.open(database, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(table);
    return await settled(request);
  };
  const inTable = async <T>(mode: "readonly" | "readwrite", work: (rows: IDBObjectStore) => IDBRequest<T>) => {
    const db = await open();
    try {
      return await settled(work(db.transaction(table, mode).objectStore(table)));
    } finally {
      db.close();
    }
  };
  return {
    async read(name) {
      const found: unknown = await inTable("readonly", (rows) => rows.get(name));
      return typeof found === "string" && found.length <= maxBytes ? found : undefined;
    },
    write: async (name, text) => void (await inTable("readwrite", (rows) => rows.put(text, name))),
  };
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
