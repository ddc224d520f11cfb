import type { Store, StorePath } from "./store.ts";
import { originEstimate, originPersisted, webLocked } from "./web-locks.ts";

/** Missing from the types of the "dom" library: workers of Safari before 26 can write only in this way. */
interface SyncFile extends FileSystemFileHandle {
  createSyncAccessHandle?(): Promise<{
    truncate(size: number): void;
    write(bytes: Uint8Array<ArrayBuffer>): number;
    flush(): void;
    close(): void;
  }>;
}

/** The folder of this origin's private file system that holds the models. */
const rootName = "shaderformer-models";

const isAbsent = (error: unknown) =>
  error instanceof DOMException && (error.name === "NotFoundError" || error.name === "TypeMismatchError");

/**
 * The private file system of an origin (File System Standard, "bucket file system"). Undefined without one, as
 * outside of secure contexts and in some private windows.
 */
export async function opfsStore(): Promise<Store | undefined> {
  if (!globalThis.navigator?.storage?.getDirectory || !navigator.locks) return undefined;
  let root: FileSystemDirectoryHandle;
  try {
    root = await (await navigator.storage.getDirectory()).getDirectoryHandle(rootName, { create: true });
    const file: SyncFile = await root.getFileHandle("probe", { create: true });
    if (!("createWritable" in file) && !("createSyncAccessHandle" in file)) return undefined;
  } catch {
    return undefined;
  }

  async function folderOf(path: StorePath, create: boolean): Promise<FileSystemDirectoryHandle> {
    let folder = root;
    for (const name of path) folder = await folder.getDirectoryHandle(name, { create });
    return folder;
  }

  async function write(path: StorePath, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const folder = await folderOf(path.slice(0, -1), true);
    const file: SyncFile = await folder.getFileHandle(path.at(-1) ?? "", { create: true });
    if ("createWritable" in file) {
      const stream = await file.createWritable(); // replaces the file when it is closed
      try {
        await stream.write(bytes);
        await stream.close();
      } catch (error) {
        await stream.abort().catch(() => undefined);
        throw error;
      }
      return;
    }
    const access = await (file as SyncFile).createSyncAccessHandle?.();
    if (!access) throw new DOMException("files cannot be written here", "NotSupportedError");
    try {
      access.truncate(0);
      if (access.write(bytes) < bytes.length) throw new DOMException("it was written in part", "QuotaExceededError");
      access.flush();
    } finally {
      access.close();
    }
  }

  async function list(path: StorePath): Promise<string[]> {
    try {
      const names: string[] = [];
      const folder = await folderOf(path, false);
      for await (const name of folder.keys()) if (name !== "probe") names.push(name);
      return names;
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  return {
    kind: "opfs",
    write,
    open: async (path) => {
      try {
        const folder = await folderOf(path.slice(0, -1), false);
        const file = await (await folder.getFileHandle(path.at(-1) ?? "")).getFile();
        const read = async (begin: number, end: number) => new Uint8Array(await file.slice(begin, end).arrayBuffer());
        return { size: file.size, read };
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    list,
    delete: async (path) => {
      try {
        if (path.length === 0) for (const name of await list([])) await root.removeEntry(name, { recursive: true });
        else await (await folderOf(path.slice(0, -1), false)).removeEntry(path.at(-1) ?? "", { recursive: true });
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    },
    estimate: originEstimate,
    persist: originPersisted,
    locked: webLocked,
  };
}
