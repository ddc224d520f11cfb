// The last index, stored in the browser (IndexedDB) in the format of the exported file, and checked in the same way.

import { sim } from "../../shell/sim.ts";
import { indexFile, readIndexFile } from "./index-file.ts";
import type { SearchIndex } from "./search-index.ts";

const [name, store, key] = ["shaderformer-search", "indexes", "last"] as const;

function opened(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    if (sim === "no-storage") throw new DOMException("simulated: storage is forbidden", "SecurityError");
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(store);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another tab has the store open in another version"));
  });
}

let before: Promise<unknown> = Promise.resolve();

/** Runs operations on the store in order: separate connections might overtake each other. */
function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const own = before.then(() => transact(mode, act));
  before = own.catch(() => undefined);
  return own;
}

async function transact<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(store, mode);
      const request = act(transaction.objectStore(store));
      // A write is durable once the transaction is complete: a full disk shows only then.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("the browser ended the transaction"));
    });
  } finally {
    database.close();
  }
}

/** Stores an index in place of the previous one. Throws the browser's error if it refuses. */
export async function keepIndex(index: SearchIndex): Promise<void> {
  if (sim === "storage-full") throw new DOMException("simulated: the quota is used up", "QuotaExceededError");
  const bytes = await indexFile(index).arrayBuffer();
  await within("readwrite", (indexes) => indexes.put(bytes, key));
}

/** The stored index, or undefined. Throws if it cannot be read. */
export async function keptIndex(): Promise<SearchIndex | undefined> {
  const bytes: unknown = await within("readonly", (indexes) => indexes.get(key));
  return bytes instanceof ArrayBuffer ? await readIndexFile(new Blob([bytes]), "the kept index") : undefined;
}

/** Deletes the kept index. */
export async function forgetIndex(): Promise<void> {
  await within("readwrite", (indexes) => indexes.delete(key));
}
